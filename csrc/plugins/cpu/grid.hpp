// One dispatch of more than one group, shared by the threads that run its groups.
#pragma once

#include <nexus/cpu_kernel.h>

#include <array>
#include <atomic>

#include "backend.hpp"

namespace nxs {

// The memory of a group on this thread; grows, never shrinks while the thread lives. To be prepared
// once; false: the process cannot keep any.
bool prepare_group_arenas();
void *group_arena(size_t nbytes);

// A kernel with its arguments and sizes, ready to be called for a range of groups.
class Launch {
 public:
  void prepare(const Step<Backend> &step);
  void call(int64_t begin, int64_t end) const;  // throws ExecutionFailed for what the kernel throws

 private:
  nxs_cpu_kernel *function_ = nullptr;
  nxs_cpu_launch sizes_{};
  std::array<void *, 16> few_;  // arguments of a usual kernel, without an allocation
  std::vector<void *> many_;
};

// Threads claim ranges of groups until none is left; the one that ends the last range goes on with
// the stream, so no thread ever waits for another. A thread registers (in the pool, under its lock)
// before it looks at the grid.
class Grid {
 public:
  Launch launch;
  StreamPtr<Backend> stream;    // set while the pool offers the grid to others
  std::atomic<int> n_users{0};  // registered threads; 0 and not offered: free for the next dispatch

  void reset(int64_t n_groups) {
    n_groups_ = n_groups;
    failure_ = nullptr;
    n_done_.store(0, std::memory_order_relaxed);
    next_.store(0, std::memory_order_relaxed);
  }
  bool all_claimed() const { return next_.load(std::memory_order_relaxed) >= n_groups_; }
  int64_t n_left() const { return n_groups_ - next_.load(std::memory_order_relaxed); }

  // Takes up to `most` groups; false: all are claimed.
  bool claim(int64_t most, int64_t *begin, int64_t *end) {
    int64_t next = next_.load(std::memory_order_relaxed);
    do {
      if (next >= n_groups_) return false;
      *end = next + std::min(std::max<int64_t>(most, 1), n_groups_ - next);
    } while (!next_.compare_exchange_weak(next, *end, std::memory_order_relaxed));
    *begin = next;
    return true;
  }

  // Runs claimed groups. True: these were the last to end, and the caller goes on with the stream.
  bool run(int64_t begin, int64_t end) noexcept;
  Failure take_failure() { return std::exchange(failure_, nullptr); }

 private:
  int64_t fail_rest();

  int64_t n_groups_ = 0;
  std::atomic<int64_t> next_{0}, n_done_{0};
  std::mutex failure_mutex_;
  Failure failure_;
};

// How many groups one thread takes at a time. It begins with one and then at most doubles, so that
// a thread with little time left is never caught in a large range of slow groups; but what takes no
// longer than kGrainNs is not worth a claim of its own.
class Pace {
 public:
  int64_t next(const Grid &grid, int64_t n_threads, Budget &budget) {
    const int64_t share = std::max<int64_t>(1, grid.n_left() / (2 * n_threads));  // balances
    const std::optional<int64_t> ns_left = budget.ns_left();
    if (n_done_ == 0) return ns_left ? 1 : share;
    const double ns_per_group = static_cast<double>(std::max<int64_t>(1, now_ns() - started_ns_)) /
                                static_cast<double>(n_done_);
    const auto grain = static_cast<int64_t>(kGrainNs / ns_per_group);
    if (!ns_left) return std::max(share, grain);
    const auto fits = static_cast<int64_t>(static_cast<double>(*ns_left) / ns_per_group / 4);
    return std::max<int64_t>(1, std::min(std::max(grain, std::min(share, 2 * n_done_)), fits));
  }
  void done(int64_t n_groups) { n_done_ += n_groups; }

 private:
  static constexpr double kGrainNs = 4000;
  int64_t n_done_ = 0;
  const int64_t started_ns_ = now_ns();
};

}  // namespace nxs
