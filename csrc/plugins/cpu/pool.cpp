// How the threads of the CPU runtime find work, share grids, spin, sleep and end.
#include "pool.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "sdk/per_thread.hpp"

namespace nxs {
namespace {

constexpr auto kSpinTime =
    std::chrono::microseconds(50);  // about the price of a sleep and a wake-up

constexpr size_t kMaxOffered = 1024;  // grids that others may join at once; more run alone

NXS_THREAD_LOCAL bool is_taken_back = false;  // the handler of this thread's destructor

void stop_the_pool(void *) {
  if (!is_taken_back) Pool::instance().stop();
}

}  // namespace

// Of the C++ ABI, as std::atexit, but what was registered with a key can be taken back. (Not on
// macOS and not by musl: there the handler stays, which does no harm.)
extern "C" int __cxa_atexit(void (*)(void *), void *, void *key);
extern "C" void __cxa_finalize(void *key);

// Never destroyed: workers may run while the process exits.
Pool &Pool::instance() {
  static Pool &pool = *new Pool;
  return pool;
}

// Handlers run last in, first out: before the static destructors of what was loaded by now.
StopBeforeDestructors::StopBeforeDestructors(const std::string &loaded) {
  if (__cxa_atexit(stop_the_pool, nullptr, this) != 0)
    throw Error(NXS_OutOfResources,
                "cannot load " + loaded + ": the host has no memory left to note its end");
}

StopBeforeDestructors::~StopBeforeDestructors() {
  is_taken_back = true;
  __cxa_finalize(this);  // calls the handler
  is_taken_back = false;
}

// In the place of the old one, which nobody sees any more: its threads are in the parent, and its
// streams stay as they are. Allocates nothing, since a fork cannot be refused.
void Pool::begin_child() {
  Pool &pool = instance();
  const int64_t n_threads = pool.n_threads();
  new (&pool) Pool;
  pool.start(n_threads);
}

// Workers have stacks for the arrays of any kernel, whatever the platform gives a thread, and leave
// signals to the threads of the program.
bool Pool::start_worker() {
  constexpr size_t kStack = size_t{8} << 20;  // bytes; the usual one of a main thread
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  if (pthread_attr_setstacksize(&attributes, kStack) != 0 ||
      pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0)
    return pthread_attr_destroy(&attributes), false;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const auto work = [](void *pool) -> void * { return static_cast<Pool *>(pool)->work(), nullptr; };
  const int error = pthread_create(&thread, &attributes, work, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

void Pool::start_workers() {
  std::lock_guard lock(mutex_);
  if (prepared_ || stopped_) return;
  offered_.reserve(kMaxOffered);
  const int64_t n_wanted = std::max<int64_t>(1, n_threads_ - 1);
  int64_t n_started = 0;
  while (n_started < n_wanted && start_worker()) ++n_started;
  if (n_started == 0)  // fewer than wanted are slower, none would be wrong
    throw Error(NXS_OutOfResources,
                "cannot start a worker thread: the system allows no more; end some and try again");
  prepared_.store(true, std::memory_order_release);
}

void Pool::add(const StreamPtr<Backend> &stream) noexcept {
  std::lock_guard lock(mutex_);
  ready_.push(stream);
  n_ready_.fetch_add(1, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  sleepers_.wake_from_here();
  if (sleepers_.count() &&
      n_spinning_.load(std::memory_order_relaxed) < n_ready_.load(std::memory_order_relaxed))
    work_.notify_one();
  if (n_joining_.load(std::memory_order_relaxed)) joined_.notify_all();
}

bool Pool::offer(const std::shared_ptr<Grid> &grid, const StreamPtr<Backend> &stream,
                 int64_t n_wake) noexcept {
  std::lock_guard lock(mutex_);
  if (offered_.size() == offered_.capacity()) return false;
  grid->stream = stream;
  offered_.push_back(grid);
  epoch_.fetch_add(1, std::memory_order_release);
  sleepers_.wake_from_here();
  for (int64_t i = std::min<int64_t>(n_wake, sleepers_.count()); i > 0; --i) work_.notify_one();
  if (n_joining_.load(std::memory_order_relaxed)) joined_.notify_all();
  return true;
}

void Pool::wake_one() noexcept {
  std::lock_guard lock(mutex_);
  epoch_.fetch_add(1, std::memory_order_release);
  work_.notify_one();
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

void Pool::help(const std::shared_ptr<Grid> &grid, Budget &budget) noexcept {
  int64_t begin = 0, end = 0;
  Pace pace;
  while (!stopped_ && grid->claim(pace.next(*grid, n_threads_, budget), &begin, &end)) {
    if (grid->run(begin, end)) {
      withdraw(grid);
      const StreamPtr<Backend> stream = std::move(grid->stream);
      Failure failure = grid->take_failure();
      leave(grid);
      return resume_after<Backend>(stream, std::move(failure), budget);
    }
    pace.done(end - begin);
    if (budget.out_of_time()) break;
  }
  const bool left_some = !grid->all_claimed();
  leave(grid);
  if (left_some) wake_one();
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
  std::unique_lock lock(mutex_);
  const uint64_t seen = epoch_.load(std::memory_order_relaxed);
  const std::shared_ptr<Grid> grid = pick(nullptr);
  const StreamPtr<Backend> stream = grid ? nullptr : ready_.pop();
  if (stream) n_ready_.fetch_sub(1, std::memory_order_relaxed);
  if (grid || stream) {
    if (sleepers_.count() && !ready_.empty()) work_.notify_one();  // one wakes the next
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
  if (!moved) sleep(seen);
}

void Pool::sleep(uint64_t seen) {
  Sleeper sleeper;
  sleeper.keep_off(sleepers_.waker());  // before the lock: it takes a microsecond
  std::unique_lock lock(mutex_);
  sleepers_.add(sleeper);
  work_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen || stopped_; });
  sleepers_.remove(sleeper);
  lock.unlock();
}

// Sleeps until the ticket is finished or the stream offers a grid; false: the time is over.
bool Pool::sleep_for(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
  std::unique_lock lock(mutex_);
  n_joining_.fetch_add(1, std::memory_order_acq_rel);
  const auto offers = [&](const auto &grid) {
    return grid->stream == stream && !grid->all_claimed();
  };
  const auto look = [&] {
    return stream->queue.finished().reached(ticket) || stopped_ || ready_.contains(stream.get()) ||
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

// Does one thing for the stream: its grid, or its next steps when no worker has come to it yet.
bool Pool::work_for(const StreamPtr<Backend> &stream, Budget &budget) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Grid> grid = pick(stream.get());
  const bool drains = !grid && ready_.remove(stream.get());
  if (drains) n_ready_.fetch_sub(1, std::memory_order_relaxed);
  lock.unlock();
  if (grid) help(grid, budget);
  if (drains) drain<Backend>(stream, budget);
  return grid || drains;
}

bool Pool::join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
  Timeline &finished = stream->queue.finished();
  while (!finished.reached(ticket)) {
    if (deadline.passed()) return false;  // a look never works
    if (stopped_)
      throw Error(NXS_InvalidOperation, "the process is exiting: no run is finished any more");
    Budget budget(finished, ticket, deadline);
    const uint64_t seen = epoch_.load(std::memory_order_acquire);
    if (work_for(stream, budget)) continue;
    const auto found = [&] {
      return finished.reached(ticket) || epoch_.load(std::memory_order_acquire) != seen;
    };
    if (!spin(found) && !sleep_for(stream, ticket, deadline)) return false;
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
    if (stopped_) return;  // there is a handler for each library, and together they wait once
    stopped_ = true;
    work_.notify_all();
    joined_.notify_all();
  }
  const Deadline deadline(1000000000);  // ns
  while (n_busy_.load(std::memory_order_acquire) > 0 && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace nxs
