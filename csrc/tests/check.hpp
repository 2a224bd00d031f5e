// The few lines that a test program needs: CHECK, and the exit status.
#pragma once

#include <cstdio>
#include <string>

namespace nxs::test {

inline int &failures() {
  static int count = 0;
  return count;
}

inline void report(bool holds, const char *what, const char *file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  ++failures();
}

// The message of what `call` throws; empty when it throws nothing.
template <class Exception, class Call>
std::string thrown(Call call) {
  try {
    call();
  } catch (const Exception &error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

}  // namespace nxs::test

#define CHECK(condition) \
  nxs::test::report(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
