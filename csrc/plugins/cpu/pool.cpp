// How the threads of the CPU runtime find work, share grids, spin, sleep and end.
#include "pool.hpp"

#include <unistd.h>

#include <thread>

namespace nxs {
namespace {

constexpr auto kSpinTime =
    std::chrono::microseconds(50);  // about the price of a sleep and a wake-up

Pool *the_pool = nullptr;

// Groups for one claim: small enough to balance, large enough to be cheap.
int64_t share(const Grid &grid, int64_t n_threads) { return grid.n_left() / (4 * n_threads); }

// Static destructors of the process and of user libraries run at exit: no group may run beside
// them.
__attribute__((destructor)) void stop_at_exit() {
  if (the_pool) the_pool->stop();
}

}  // namespace

Pool &Pool::instance() {
  static const bool made = [] {
    the_pool = new Pool;  // never destroyed: workers may run while the process exits
    return true;
  }();
  static_cast<void>(made);
  return *the_pool;
}

void Pool::begin_child() {
  const int64_t n_threads = the_pool->n_threads();
  the_pool = new Pool;  // the old one is left alone: its threads are in the parent
  the_pool->start(n_threads);
}

void Pool::start_workers() {
  if (n_workers_ || stopped_) return;
  for (int64_t i = 0; i < std::max<int64_t>(1, n_threads_ - 1); ++i) {
    try {
      std::thread([this] { work(); }).detach();
    } catch (const std::system_error &error) {
      if (n_workers_) return;  // fewer threads are slower, not wrong
      throw Error(NXS_OutOfResources, std::string("cannot start a worker thread: ") + error.what());
    }
    ++n_workers_;
  }
}

void Pool::add(const StreamPtr<Backend> &stream) {
  std::lock_guard lock(mutex_);
  start_workers();
  ready_.push_back(stream);
  n_ready_.fetch_add(1, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  if (n_sleeping_ && !anybody_looking()) work_.notify_one();
}

void Pool::offer(const std::shared_ptr<Grid> &grid, const StreamPtr<Backend> &stream,
                 int64_t n_wake) {
  std::lock_guard lock(mutex_);
  start_workers();
  grid->stream = stream;
  offered_.push_back(grid);
  epoch_.fetch_add(1, std::memory_order_release);
  for (int64_t i = std::min<int64_t>(n_wake, n_sleeping_); i > 0; --i) work_.notify_one();
  if (n_joining_.load(std::memory_order_relaxed)) joined_.notify_all();
}

void Pool::withdraw(const std::shared_ptr<Grid> &grid) {
  std::lock_guard lock(mutex_);
  std::erase(offered_, grid);
}

std::shared_ptr<Grid> Pool::pick(const Stream<Backend> *only) {
  for (const std::shared_ptr<Grid> &grid : offered_) {
    if (grid->all_claimed() || (only && grid->stream.get() != only)) continue;
    grid->n_users.fetch_add(1, std::memory_order_relaxed);
    return grid;
  }
  return nullptr;
}

void Pool::help(const std::shared_ptr<Grid> &grid, Budget &budget) {
  int64_t begin = 0, end = 0;
  while (!stopped_ && grid->claim(share(*grid, n_threads_), &begin, &end)) {
    if (grid->run(begin, end)) {
      withdraw(grid);
      const StreamPtr<Backend> stream = std::move(grid->stream);
      std::optional<Error> failure = grid->take_failure();
      leave(grid);
      return resume_after<Backend>(stream, std::move(failure), budget);
    }
    if (budget.out_of_time()) break;
  }
  leave(grid);
}

// Looks for a while; true when `found` is.
template <class Found>
bool Pool::spin(Found found) {
  const auto until = Clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (found()) return true;
      cpu_relax();
    }
  } while (Clock::now() < until && !stopped_);
  return false;
}

// A worker never returns: its thread-local destructors would run beside those of the process.
void Pool::work() {
  while (!stopped_) look_for_work();
  for (;;) ::pause();
}

void Pool::look_for_work() {
  std::shared_ptr<Grid> grid;
  StreamPtr<Backend> stream;
  std::unique_lock lock(mutex_);
  const uint64_t seen = epoch_.load(std::memory_order_relaxed);
  if (!(grid = pick(nullptr)) && !ready_.empty()) {
    stream = std::move(ready_.front());
    ready_.pop_front();
    n_ready_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (grid || stream) {
    n_busy_.fetch_add(1, std::memory_order_relaxed);
    lock.unlock();
    Budget budget(n_ready_);  // others wait: after a run this stream goes to the end of the line
    if (grid)
      help(grid, budget);
    else
      drain<Backend>(stream, budget);
    n_busy_.fetch_sub(1, std::memory_order_release);
    return;
  }
  n_spinning_.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  const bool moved = spin([&] { return epoch_.load(std::memory_order_acquire) != seen; });
  n_spinning_.fetch_sub(1, std::memory_order_relaxed);
  if (moved) return;
  lock.lock();
  ++n_sleeping_;
  work_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen || stopped_; });
  --n_sleeping_;
}

// Sleeps until the ticket is finished or the stream offers a grid; false: the time is over.
bool Pool::sleep_for(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
  std::unique_lock lock(mutex_);
  n_joining_.fetch_add(1, std::memory_order_acq_rel);
  const auto offers = [&](const auto &grid) {
    return grid->stream == stream && !grid->all_claimed();
  };
  const auto look = [&] {
    return stream->queue.finished().reached(ticket) ||
           std::any_of(offered_.begin(), offered_.end(), offers);
  };
  bool found = true;
  if (deadline.at())
    found = joined_.wait_until(lock, *deadline.at(), look);
  else
    joined_.wait(lock, look);
  n_joining_.fetch_sub(1, std::memory_order_relaxed);
  return found;
}

bool Pool::join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
  Timeline &finished = stream->queue.finished();
  while (!finished.reached(ticket)) {
    std::unique_lock lock(mutex_);
    const uint64_t seen = epoch_.load(std::memory_order_relaxed);
    const std::shared_ptr<Grid> grid = pick(stream.get());
    lock.unlock();
    if (grid) {
      Budget budget(finished, ticket, deadline);
      help(grid, budget);
      if (deadline.passed()) return finished.reached(ticket);
      continue;
    }
    if (spin([&] {
          return finished.reached(ticket) || epoch_.load(std::memory_order_relaxed) != seen;
        }))
      continue;
    if (!sleep_for(stream, ticket, deadline)) return false;
  }
  return true;
}

void Pool::told_finished() {
  // A write, not a load: either it comes after the other's and sees it, or the other sees the
  // finished ticket.
  if (n_joining_.fetch_add(0, std::memory_order_acq_rel) == 0) return;
  std::lock_guard lock(mutex_);
  joined_.notify_all();
}

void Pool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    work_.notify_all();
  }
  const Deadline deadline(1000000000);  // ns
  while (n_busy_.load(std::memory_order_acquire) > 0 && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace nxs
