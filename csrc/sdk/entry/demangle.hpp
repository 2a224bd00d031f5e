// Keeps the C++ library's demangler out of a plugin that carries that library itself: 150 KiB, only
// to print the name of an exception's type when std::terminate is called.
#pragma once

#include <cstddef>

// As the C++ ABI has it; -2 is "this is no mangled name", upon which the name is printed as it is.
extern "C" __attribute__((visibility("hidden"))) char *__cxa_demangle(const char *, char *,
                                                                      std::size_t *, int *status) {
  if (status) *status = -2;
  return nullptr;
}
