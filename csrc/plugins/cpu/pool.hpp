// The threads of the CPU runtime: they run groups of grids and drain streams, and never wait for
// one another.
#pragma once

#include "grid.hpp"
#include "sleepers.hpp"

namespace nxs {

// Workers spin briefly before they sleep. A caller that waits for a run works on its grids too.
class Pool {
 public:
  static Pool &instance();
  static void begin_child();  // in the child of a fork: a fresh pool, whatever the old one was at

  void start(int64_t n_threads) { n_threads_ = n_threads; }
  int64_t n_threads() const { return n_threads_; }

  // Sees to it that workers are there, before a run is submitted: what comes after cannot be
  // refused.
  void prepare() {
    if (!prepared_.load(std::memory_order_acquire)) start_workers();
  }
  // The stream has work and its baton is handed to the pool.
  void add(const StreamPtr<Backend> &stream) noexcept;
  // Lets others work on a grid of this stream; wakes up to `n_wake` sleeping threads. False: the
  // list is full, and the caller goes on alone.
  bool offer(const std::shared_ptr<Grid> &grid, const StreamPtr<Backend> &stream,
             int64_t n_wake) noexcept;
  // Somebody left work behind.
  void wake_one() noexcept;
  bool anybody_looking() const { return n_spinning_.load(std::memory_order_relaxed) > 0; }
  // The grid is done: nobody new may come to it.
  void withdraw(const std::shared_ptr<Grid> &grid);
  // Works on the grid until all is claimed or the budget is spent; goes on with the stream when it
  // ended the last.
  void help(const std::shared_ptr<Grid> &grid, Budget &budget) noexcept;
  // Works on the grids of a stream and drains it, else sleeps, until the ticket is finished or the
  // time is over.
  bool join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline);
  // A run of some stream is finished: those who join look again.
  void told_finished();
  // Ends the work at exit: no new group begins; waits at most a second for those that run. Once:
  // later calls do nothing.
  void stop();
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  void start_workers();
  bool start_worker();
  void work();
  void look_for_work();
  void sleep(uint64_t seen);                                // until the epoch is another
  std::shared_ptr<Grid> pick(const Stream<Backend> *only);  // under the lock; registers the caller
  void leave(const std::shared_ptr<Grid> &grid) {
    grid->n_users.fetch_sub(1, std::memory_order_release);
  }
  template <class Found>
  bool spin(Found found);
  bool work_for(const StreamPtr<Backend> &stream, Budget &budget);
  bool sleep_for(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline);

  int64_t n_threads_ = 1;
  std::mutex mutex_;
  std::condition_variable work_, joined_;
  ReadyList<Backend> ready_;
  std::vector<std::shared_ptr<Grid>> offered_;
  std::atomic<uint64_t> epoch_{0};  // grows with everything offered or added
  std::atomic<int> n_spinning_{0}, n_joining_{0}, n_ready_{0}, n_busy_{0};
  Sleepers sleepers_;
  std::atomic<bool> prepared_{false}, stopped_{false};
};

// While it lives, no group runs beside the static destructors of what was loaded before it was
// made: at exit the pool is stopped first.
class StopBeforeDestructors {
 public:
  // Error: the process can note no more to be done at its end.
  explicit StopBeforeDestructors(const std::string &loaded);
  ~StopBeforeDestructors();
  StopBeforeDestructors(const StopBeforeDestructors &) = delete;
  StopBeforeDestructors &operator=(const StopBeforeDestructors &) = delete;
};

}  // namespace nxs
