// What is written down of the calls: counts by function and status, what did not hold, who hangs.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "objects.hpp"

namespace soak {

enum class Returns { kStatus, kTicket, kText, kNumber, kHandle, kBorrowed };

// What api.toml says of a function.
struct FunctionInfo {
  template <size_t N>
  constexpr FunctionInfo(const char *name, Returns returns, int kind, const nxs_status (&may)[N])
      : name(name), returns(returns), kind(kind), may_answer(may), n_may_answer(N) {}
  const char *name;
  Returns returns;
  int kind;  // of the handle it returns
  const nxs_status *may_answer;
  size_t n_may_answer;

  bool declares(int64_t status) const {
    for (size_t i = 0; i < n_may_answer; ++i)
      if (may_answer[i] == status) return true;
    return false;
  }
};

#include "api_calls.inc"

inline constexpr int kStatuses = 1 - NXS_STATUS_MIN;  // place of a status: its value without sign
inline constexpr size_t kMaxArguments = 8;
struct Words {
  std::array<uint64_t, kMaxArguments> all{};
  size_t n = 0;
};
using Counts = std::array<std::array<uint64_t, kStatuses>, kFunctionCount>;

inline int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The call that a thread is in, for whoever asks what hangs.
class CallRecord {
 public:
  void begin(FunctionId function, uint64_t number, const Words &words) {
    for (size_t i = 0; i < words.n; ++i) words_[i].store(words.all[i], std::memory_order_relaxed);
    n_words_.store(words.n, std::memory_order_relaxed);
    function_.store(function, std::memory_order_relaxed);
    number_.store(number, std::memory_order_relaxed);
    began_ns_.store(now_ns(), std::memory_order_relaxed);
  }
  void end() { began_ns_.store(0, std::memory_order_relaxed); }

  bool is_older_than(int64_t ns) const {
    const int64_t began_ns = began_ns_.load(std::memory_order_relaxed);
    return began_ns != 0 && now_ns() - began_ns > ns;
  }
  std::string text() const {
    std::string text = "call " + std::to_string(number_.load(std::memory_order_relaxed)) + ": " +
                       kFunctions[function_.load(std::memory_order_relaxed)].name + "(";
    for (size_t i = 0; i < n_words_.load(std::memory_order_relaxed); ++i) {
      char word[32];
      std::snprintf(word, sizeof word, "%s0x%llx", i ? ", " : "",
                    static_cast<unsigned long long>(words_[i].load(std::memory_order_relaxed)));
      text += word;
    }
    return text + ")";
  }

 private:
  std::atomic<int> function_{0};
  std::atomic<uint64_t> number_{0};
  std::array<std::atomic<uint64_t>, kMaxArguments> words_{};
  std::atomic<size_t> n_words_{0};
  std::atomic<int64_t> began_ns_{0};  // 0: in no call
};

// What did not hold, told at once; the program ends with it.
class Violations {
 public:
  void add(const std::string &text) {
    const int n = n_.fetch_add(1, std::memory_order_relaxed);
    if (n < kTold) std::fprintf(stderr, "does not hold: %s\n", text.c_str());
  }
  int count() const { return n_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kTold = 20;
  std::atomic<int> n_{0};
};

inline Violations &violations() {
  static Violations &all = *new Violations;
  return all;
}

}  // namespace soak
