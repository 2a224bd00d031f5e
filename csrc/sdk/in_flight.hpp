// What a stream has handed to the driver and what the host still looks at: places in the order of
// the driver's queue, each with a mark behind which all before it is done.
#pragma once

#include "sdk/stream.hpp"

namespace nxs {

// How long a kernel took, for a run of a schedule that never ran before.
class Pace {
 public:
  void took(int64_t ns, nxs_dim3 grid) noexcept {
    ns_per_item_.store(static_cast<double>(ns) / n_items(grid), std::memory_order_relaxed);
  }
  // Negative: not known.
  double expected_ns(nxs_dim3 grid) const noexcept {
    return ns_per_item_.load(std::memory_order_relaxed) * n_items(grid);
  }

 private:
  static double n_items(nxs_dim3 grid) noexcept {
    return static_cast<double>(grid.x) * grid.y * grid.z;
  }
  std::atomic<double> ns_per_item_{-1};
};

// A signal, a wait that the driver does, or the end of a run.
template <class B>
struct Point {
  typename B::Mark mark;  // none: reached with the point before it
  Run<B> *run = nullptr;
  uint64_t ticket = 0;
  const Step<B> *step = nullptr;  // NULL: the end of the run
  GivenSignal given;              // of a signal, for waits of other streams
  Failure failure;                // of what the driver refused
  int64_t alone_since_ns = 0;     // when the stream got this, the end of a run, and nothing else
  Point *next = nullptr;
};

// B::RunState of a backend whose driver has queues. Its points are made with the run, so that
// handing it over needs no memory of ours.
template <class B>
struct Issued {
  Point<B> end;
  std::vector<Point<B>> inner;  // for signals and waits
  uint64_t ticket = 0;          // of the run, while it is handed over
  size_t n_inner = 0;           // that stand in the driver's queue
  bool unmarked = false;        // the driver has commands of this run behind the newest point
  typename B::Mark latest;      // of the newest of them, where there is one
  typename B::Mark began;       // of a timed run
  std::vector<typename B::Mark> timed;  // of timed commands, by their index
};

template <class B>
void make_points(Run<B> &run) {
  run.state.inner.resize(run.program->events.size());
  run.state.timed.resize(run.command_ms.size());
}

// The points of a stream that are not reached yet, in order. One thread at a time places, and one
// takes.
template <class B>
class InFlight {
 public:
  using Mark = typename B::Mark;

  // How a wait of the host for a ticket looks from here.
  struct Ahead {
    Mark mark;                // when it is reached, so is the ticket; none: not handed over yet
    int64_t expected_ns = 0;  // how long that takes by what runs took before
  };

  void push(Point<B> *point) noexcept {
    std::lock_guard lock(lock_->mutex);
    if (!first_ && !point->step) point->alone_since_ns = now_ns();
    (last_ ? last_->next : first_) = point;
    last_ = point;
    if (point->mark) newest_marked_ = point;
    if (!point->step) n_ends_.fetch_add(1, std::memory_order_relaxed);
  }

  Point<B> *first() const noexcept {
    std::lock_guard lock(lock_->mutex);
    return first_;
  }

  // Takes the first out; answers the one that is first then.
  Point<B> *pop() noexcept {
    std::lock_guard lock(lock_->mutex);
    if (first_ == newest_marked_) newest_marked_ = nullptr;
    first_ = first_->next;
    if (!first_) last_ = nullptr;
    return first_;
  }

  // The newest mark that stands there.
  Mark newest_mark() const noexcept {
    std::lock_guard lock(lock_->mutex);
    return newest_marked_ ? newest_marked_->mark : Mark{};
  }

  Ahead ahead_of(uint64_t ticket) const noexcept {
    std::lock_guard lock(lock_->mutex);
    const Mark *newest = nullptr;
    int64_t expected = 0;
    for (const Point<B> *point = first_; point && point->ticket <= ticket; point = point->next) {
      if (point->mark) newest = &point->mark;
      if (!point->step) expected += expected_ns(*point->run->program);
      if (point->ticket == ticket && !point->step) return {newest ? *newest : Mark{}, expected};
    }
    return {};
  }

  // Runs, of all there ever were.
  uint64_t n_handed_over() const noexcept { return n_ends_.load(std::memory_order_relaxed); }

  // Whether to look at what is finished, which asks the driver, after a run was handed over.
  bool is_time_to_look() const noexcept {
    constexpr uint64_t kRunsPerLook = 8;
    return n_handed_over() % kRunsPerLook == 0;
  }

  // Whether the caller is the one to take what was reached; the one who is it takes for all.
  bool begin_taking() noexcept { return n_takers_.fetch_add(1) == 0; }
  // Whether somebody asked meanwhile: then it looks again.
  bool goes_on_taking(int *n_seen) noexcept {
    *n_seen = n_takers_.fetch_sub(*n_seen) - *n_seen;
    return *n_seen > 0;
  }

  Failure failure;                // of the run whose points are being taken; for who takes
  std::atomic<int> n_watches{0};  // calls that the driver owes us
  // The driver has done the first wait, and the host was not told yet of the signal it was for.
  std::atomic<bool> is_behind{false};

 private:
  static constexpr int64_t kUnknown = int64_t{1} << 40;  // ns; longer than anybody waits blindly

  static int64_t expected_ns(const Program<B> &program) noexcept {
    if (program.has_wait) return kUnknown;
    if (!program.outcome) return static_cast<int64_t>(program.steps[0]->nbytes);  // at 1 GB/s
    const int64_t alone_ns = program.outcome->alone_ns.load(std::memory_order_relaxed);
    return alone_ns < 0 ? by_pace(program) : alone_ns;
  }

  static int64_t by_pace(const Program<B> &program) noexcept {
    double sum = 0;
    for (const auto &step : program.steps) {
      const double ns = step->kernel ? step->kernel->pace().expected_ns(step->grid) : -1;
      if (ns < 0 || (sum += ns) > kUnknown) return kUnknown;
    }
    return static_cast<int64_t>(sum);
  }

  Lock *lock_ = &lock_banks().leaves.next();
  Point<B> *first_ = nullptr, *last_ = nullptr, *newest_marked_ = nullptr;
  std::atomic<int> n_takers_{0};
  std::atomic<uint64_t> n_ends_{0};
};

}  // namespace nxs
