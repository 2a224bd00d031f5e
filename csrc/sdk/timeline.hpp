// A 64-bit value that only rises, and those who wait for it: the heart of events and of streams.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <optional>

#include "sdk/error.hpp"
#include "sdk/locks.hpp"

namespace nxs {

using Clock = std::chrono::steady_clock;

// When a wait is over. `timeout_ns` as in the C API.
class Deadline {
 public:
  explicit Deadline(uint64_t timeout_ns) : timeout_ns_(timeout_ns) {
    constexpr uint64_t kTooFar = uint64_t{1} << 62;  // 146 years: the sum with now would wrap
    if (timeout_ns < kTooFar) at_ = Clock::now() + std::chrono::nanoseconds(timeout_ns);
  }
  bool passed() const { return at_ && Clock::now() >= *at_; }
  const std::optional<Clock::time_point> &at() const { return at_; }
  [[noreturn]] void give_up(const std::string &waited_for) const {
    throw Error(NXS_Timeout,
                "waited " + std::to_string(timeout_ns_ / 1000000) + " ms for " + waited_for);
  }

 private:
  uint64_t timeout_ns_;
  std::optional<Clock::time_point> at_;
};

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A wait before its signal really waits: the host sleeps; a stream is parked as a continuation that
// the call making the signal runs, so no thread is spent on it. A timeline that failed wakes
// everybody. Thread-safe.
class Timeline {
 private:
  struct Parked {
    uint64_t value;
    std::function<void()> resume;
  };

 public:
  using Resume = std::function<void()>;  // must not throw

  uint64_t value() const noexcept { return value_.load(std::memory_order_acquire); }
  bool reached(uint64_t value) const noexcept { return this->value() >= value; }
  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }

  // Raises the value; one not above the present value changes nothing.
  void signal(uint64_t value) noexcept {
    std::list<Parked> ready;
    {
      const auto lock = hold();
      if (value <= value_.load(std::memory_order_relaxed)) return;
      value_.store(value, std::memory_order_release);
      ready = take_ready();
      if (sleepers_) lock_.changed.notify_all();
    }
    for (const Parked &parked : ready) parked.resume();
  }

  // Marks it failed, with the first cause; waits for values not yet reached fail from now on.
  void fail(const Failure &cause) noexcept {
    std::list<Parked> ready;
    {
      const auto lock = hold();
      if (!cause_) cause_ = cause;
      failed_.store(true, std::memory_order_release);
      ready = take_ready();
      if (sleepers_) lock_.changed.notify_all();
    }
    for (const Parked &parked : ready) parked.resume();
  }

  // Keeps `resume` and calls it once, from the thread that raises the value to `value` or fails it.
  // False, and nothing kept, when that is so already. `resume` must not throw.
  bool park(uint64_t value, Resume resume) {
    const auto lock = hold();
    if (value_.load(std::memory_order_relaxed) >= value || cause_) return false;
    parked_.push_back({value, std::move(resume)});
    return true;
  }

  // Sleeps until the value is reached; false when the time is over before. Throws the cause of a
  // failure.
  bool wait(uint64_t value, const Deadline &deadline) {
    for (int spin = 0; spin < kSpins; ++spin) {  // about 2 us, the price of a sleep
      if (reached(value)) return true;
      cpu_relax();
    }
    auto lock = hold();
    ++sleepers_;
    const auto done = [&] { return value_.load(std::memory_order_relaxed) >= value || cause_; };
    if (deadline.at())
      lock_.changed.wait_until(lock, *deadline.at(), done);
    else
      lock_.changed.wait(lock, done);
    --sleepers_;
    if (value_.load(std::memory_order_relaxed) >= value) return true;
    if (cause_) throw_cause();
    return false;
  }

  // Throws when the value is not reached and never will be.
  void check(uint64_t value) const {
    if (!failed() || reached(value)) return;
    const auto lock = hold();
    if (cause_) throw_cause();
  }

  // Sets the value and clears a failure; false, and nothing changed, while somebody waits.
  bool reset(uint64_t value) {
    const auto lock = hold();
    if (sleepers_ || !parked_.empty()) return false;
    value_.store(value, std::memory_order_release);
    cause_.reset();
    failed_.store(false, std::memory_order_release);
    return true;
  }

 private:
  static constexpr int kSpins = 64;

  // In the child of a fork nobody waits: who did is a thread of the parent, and streams begin anew.
  std::unique_lock<std::mutex> hold() const {
    std::unique_lock lock(lock_.mutex);
    const uint32_t n_forks = fork_count().load(std::memory_order_relaxed);
    if (n_forks != n_forks_) {
      n_forks_ = n_forks;
      sleepers_ = 0;
      parked_.clear();
    }
    return lock;
  }

  // Moves what may go on out of the list; allocates nothing.
  std::list<Parked> take_ready() noexcept {
    std::list<Parked> ready;
    const uint64_t now = value_.load(std::memory_order_relaxed);
    for (auto it = parked_.begin(); it != parked_.end();) {
      const auto next = std::next(it);
      if (it->value <= now || cause_) ready.splice(ready.end(), parked_, it);
      it = next;
    }
    return ready;
  }

  // The first cause, whatever number of streams and events it has come through.
  [[noreturn]] void throw_cause() const {
    if (cause_->status() == NXS_ExecStatusErrorForEventsInWaitList) throw Error(*cause_);
    throw Error(NXS_ExecStatusErrorForEventsInWaitList,
                "a run that would have signalled the event failed: " + cause_->message());
  }

  Lock &lock_ = lock_banks().leaves.next();
  std::atomic<uint64_t> value_{0};
  std::atomic<bool> failed_{false};
  Failure cause_;
  mutable std::list<Parked> parked_;
  mutable int sleepers_ = 0;
  mutable uint32_t n_forks_ = fork_count().load(std::memory_order_relaxed);
};

}  // namespace nxs
