// The workers that sleep, kept off the processor of the thread that will wake them.
//
// In virtual machines Linux wakes a thread where its waker runs, though another processor is idle,
// and there it waits until the waker sleeps or a tick moves it: a program that launches after a
// pause had one thread for the next 10 to 100 launches (ADR 0012).
#pragma once

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>

namespace nxs {

#ifdef __linux__

// A thread that may wake up everywhere but on one processor, while this lives. What others
// choose for it meanwhile stays, if it is not just that.
class Sleeper {
 public:
  Sleeper() : thread_(static_cast<pid_t>(syscall(SYS_gettid))) {
    can_choose_ = sched_getaffinity(thread_, sizeof own_, &own_) == 0;
    kept_ = own_;
  }
  Sleeper(const Sleeper &) = delete;
  Sleeper &operator=(const Sleeper &) = delete;
  ~Sleeper() { keep_to(own_); }

  void keep_off(int processor) {
    if (processor < 0 || processor == off_) return;
    off_ = processor;
    cpu_set_t others = own_;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) > 0) keep_to(others);
  }

 private:
  friend class Sleepers;

  void keep_to(const cpu_set_t &processors) {
    cpu_set_t now;
    if (!can_choose_ || CPU_EQUAL(&kept_, &processors)) return;
    can_choose_ = sched_getaffinity(thread_, sizeof now, &now) == 0 && CPU_EQUAL(&now, &kept_) &&
                  sched_setaffinity(thread_, sizeof processors, &processors) == 0;
    kept_ = processors;
  }

  pid_t thread_;
  cpu_set_t own_, kept_;
  bool can_choose_ = false;
  int off_ = -1;
  Sleeper *next_ = nullptr, **at_ = nullptr;
};

// All but `waker` under the lock of the pool.
class Sleepers {
 public:
  int waker() const { return waker_.load(std::memory_order_relaxed); }

  void add(Sleeper &sleeper) {
    sleeper.keep_off(waker());
    sleeper.next_ = first_;
    if (first_) first_->at_ = &sleeper.next_;
    first_ = &sleeper;
    sleeper.at_ = &first_;
    ++count_;
  }
  void remove(Sleeper &sleeper) {
    *sleeper.at_ = sleeper.next_;
    if (sleeper.next_) sleeper.next_->at_ = sleeper.at_;
    --count_;
  }
  int count() const { return count_; }

  // This thread is about to wake some.
  void wake_from_here() {
    const int here = sched_getcpu();
    if (here == waker()) return;
    waker_.store(here, std::memory_order_relaxed);
    for (Sleeper *sleeper = first_; sleeper; sleeper = sleeper->next_) sleeper->keep_off(here);
  }

 private:
  std::atomic<int> waker_{-1};  // the processor of the last
  Sleeper *first_ = nullptr;
  int count_ = 0;
};

#else

// macOS has no processors to choose from.
struct Sleeper {
  void keep_off(int) {}
};

class Sleepers {
 public:
  int waker() const { return -1; }
  void add(Sleeper &) { ++count_; }
  void remove(Sleeper &) { --count_; }
  int count() const { return count_; }
  void wake_from_here() {}

 private:
  int count_ = 0;
};

#endif

}  // namespace nxs
