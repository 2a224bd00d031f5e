// The locks of objects that come and go. They stand in banks of a fixed number, shared by the
// objects in turn, so that a fork can hold all of them: also those of objects whose handle was
// released, and without a list of objects, which would need memory and a lock of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace nxs {

// A lock, and the sleepers of every object that shares it: they look again when others are woken.
struct alignas(64) Lock {  // bytes; one cache line for the mutex
  std::mutex mutex;
  std::condition_variable changed;
};

// Locks of one rank. Whoever holds a lock takes only locks of a later rank, and never two of one.
class LockBank {
 public:
  Lock &next() noexcept { return locks_[next_.fetch_add(1, std::memory_order_relaxed) % kLocks]; }
  void lock_all() {
    for (Lock &lock : locks_) lock.mutex.lock();
  }
  void unlock_all() {
    for (Lock &lock : locks_) lock.mutex.unlock();
  }
  // In the child of a fork: who slept is a thread of the parent.
  void begin_child() {
    for (Lock &lock : locks_) new (&lock.changed) std::condition_variable;
  }

 private:
#if defined(__SANITIZE_THREAD__)
  static constexpr size_t kLocks = 2;  // of three plugins: the sanitizer follows 64 at once
#else
  static constexpr size_t kLocks = 64;  // two busy objects rarely share one
#endif
  Lock locks_[kLocks];
  std::atomic<size_t> next_{0};
};

// In the order in which they nest: what is recorded; runs in order; values, outcomes and handles of
// arguments, which nest in nothing but come last.
struct LockBanks {
  LockBank schedules, queues, leaves;
};

// Never destroyed: threads may still work while the process exits.
inline LockBanks &lock_banks() {
  static LockBanks &banks = *new LockBanks;
  return banks;
}

// How many forks lie between this process and the one that started the plugin.
inline std::atomic<uint32_t> &fork_count() {
  static std::atomic<uint32_t> count{0};
  return count;
}

}  // namespace nxs
