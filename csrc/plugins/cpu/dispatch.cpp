// Executes one step of a run: copies and fills on the spot, dispatches alone or together with the
// pool.
#include "pool.hpp"
#include "sdk/stream.hpp"

namespace nxs {
namespace {

// Work is shared when the rest of the grid is worth more than the sharing costs.
constexpr int64_t kWakeNs = 5000;   // with a worker that sleeps: a wake-up
constexpr int64_t kShareNs = 1000;  // with one that looks for work: cache lines that go to and fro

std::atomic<int64_t> n_in_flight{0};

// A grid for the stream's next dispatch; the last one is used again unless a late helper still
// looks at it.
const std::shared_ptr<Grid> &free_grid(Stream<Backend> &stream) {
  std::shared_ptr<Grid> &grid = stream.state.grid;
  if (!grid || grid->n_users.load(std::memory_order_acquire) != 0) grid = std::make_shared<Grid>();
  return grid;
}

// Works on a new grid. While nobody else does, it measures, and asks for help when the rest is
// worth it.
class Leader {
 public:
  Leader(const StreamPtr<Backend> &stream, const std::shared_ptr<Grid> &grid, int64_t n_groups)
      : stream_(stream), grid_(grid), pool_(Pool::instance()), n_groups_(n_groups) {}

  // kLater: another thread ends the last group, and may have gone on with the stream already.
  Progress work(Budget &budget) {
    int64_t begin = 0, end = 0, probe = 1;
    while (!pool_.stopped() &&
           grid_->claim(offered_ ? pace_.next(*grid_, pool_.n_threads(), budget) : probe, &begin,
                        &end)) {
      if (grid_->run(begin, end)) return finish();
      pace_.done(end - begin);
      if (!offered_) ask_for_help(end, &probe);
      if (budget.is_timed() && budget.out_of_time() && (offered_ || offer(0))) break;
    }
    const bool left_some = !grid_->all_claimed();
    grid_->n_users.fetch_sub(1, std::memory_order_release);
    if (left_some) pool_.wake_one();
    return Progress::kLater;
  }

 private:
  bool offer(int64_t n_wake) { return offered_ = pool_.offer(grid_, stream_, n_wake); }

  void ask_for_help(int64_t n_done, int64_t *probe) {
    const auto spent_ns = static_cast<double>(now_ns() - started_ns_);
    const int64_t n_left = n_groups_ - n_done, n_others = pool_.n_threads() - 1;
    const int64_t worth_ns = pool_.anybody_looking() ? kShareNs : kWakeNs;
    if (n_left > 0 && n_others > 0 &&
        spent_ns * static_cast<double>(n_left) / static_cast<double>(n_done) >
            static_cast<double>(worth_ns))
      offer(std::min(n_left, n_others));
    *probe *= 2;
  }

  Progress finish() {
    if (offered_) pool_.withdraw(grid_);
    grid_->stream.reset();
    grid_->n_users.fetch_sub(1, std::memory_order_release);
    if (const Failure failure = grid_->take_failure()) throw Error(*failure);
    return Progress::kDone;
  }

  const StreamPtr<Backend> stream_;
  const std::shared_ptr<Grid> grid_;
  Pool &pool_;
  const int64_t n_groups_, started_ns_ = now_ns();
  Pace pace_;
  bool offered_ = false;
};

Progress dispatch(const StreamPtr<Backend> &stream, const Step<Backend> &step, Budget &budget) {
  const int64_t n_groups = count_groups(step.group, step.grid);
  if (n_groups == 1) {
    Launch launch;
    launch.prepare(step);
    launch.call(0, 1);
    return Progress::kDone;
  }
  const std::shared_ptr<Grid> &grid = free_grid(*stream);
  grid->launch.prepare(step);
  grid->reset(n_groups);
  budget.start();
  grid->n_users.fetch_add(1, std::memory_order_relaxed);
  return Leader(stream, grid, n_groups).work(budget);
}

}  // namespace

void Backend::started_one() { n_in_flight.fetch_add(1, std::memory_order_relaxed); }
void Backend::finished_one() {
  n_in_flight.fetch_sub(1, std::memory_order_release);
  Pool::instance().told_finished();
}
bool Backend::any_in_flight() { return n_in_flight.load(std::memory_order_acquire) > 0; }

void Backend::lock_outermost() { loader_mutex().lock(); }
void Backend::unlock_outermost() { loader_mutex().unlock(); }
void Backend::lock_innermost() { open_images_mutex().lock(); }
void Backend::unlock_innermost() { open_images_mutex().unlock(); }
void Backend::begin_child() {
  n_in_flight.store(0, std::memory_order_relaxed);
  renew_loader_mutex();
  Pool::begin_child();
}

void Backend::prepare_to_run(Stream<Backend> &) { Pool::instance().prepare(); }
void Backend::ready(const StreamPtr<Backend> &stream) noexcept { Pool::instance().add(stream); }
void Backend::drain_on_caller(const StreamPtr<Backend> &stream, Budget &budget) {
  drain<Backend>(stream, budget);
}

bool Backend::join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
  return Pool::instance().join(stream, ticket, deadline);
}

Progress Backend::execute(const StreamPtr<Backend> &stream, Run<Backend> &,
                          const Step<Backend> &step, Budget &budget) {
  if (step.type == NXS_CommandType_Dispatch) return dispatch(stream, step, budget);
  copy_or_fill(step);
  return Progress::kDone;
}

}  // namespace nxs
