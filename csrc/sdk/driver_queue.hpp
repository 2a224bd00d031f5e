// Streams over the queues of a driver: runs are handed over ahead of their turn, and finished when
// the driver says so. A wait that nothing submitted will end is held on the host.
//
// Such a backend has, besides what every backend has:
//
//   Mark                               a place in a driver's queue, or none; cheap to copy
//   enqueue(stream, run, step, wants)  hands a step over; answers a mark behind it if `wants`
//   wait_for(stream, mark)             what is handed over later comes after that place in another
//                                      stream of the device; answers a mark behind it
//   mark(stream)                       a mark behind everything handed over so far
//   reached(mark, &failure)            whether, and what the driver says went wrong
//   take_times(stream)                 what is handed over from here on has times
//   times(mark)                        when its command began and ended, on the device's clock
//   wait(mark), finish(stream)         block in the driver, without an end
//   flush(stream)                      the driver begins with what it has
//   call_back(mark, function, data)    false: it cannot
//   Kernel::pace()                     a Pace, for each kernel one
//   RunState = Issued<Backend>, and StreamState has `InFlight<Backend> flight`
#pragma once

#include <sched.h>

#include "sdk/in_flight.hpp"
#include "sdk/reaper.hpp"

namespace nxs {

// ---- what was reached ---------------------------------------------------------------------------

// The times of a run, as the device tells them.
template <class B>
void read_times(Run<B> &run, const typename B::Mark &end) noexcept {
  for (size_t i = 0; i < run.state.timed.size(); ++i)
    if (const auto times = B::times(run.state.timed[i]))
      run.command_ms[i] = static_cast<double>(times->second - times->first) * 1e-6;
  if (!run.timing) return;
  const auto began = B::times(run.state.began), ended = B::times(end);
  if (!began || !ended) return;
  run.started_ns = began->second;
  run.ended_ns = ended->second;
}

// Of a run that had its stream to itself.
template <class B>
void note_time(const Program<B> &program, int64_t ns) noexcept {
  if (!program.outcome) return;
  program.outcome->alone_ns.store(ns, std::memory_order_relaxed);
  const bool is_one_kernel = program.steps.size() == 1 && program.steps[0]->kernel;
  if (is_one_kernel) program.steps[0]->kernel->pace().took(ns, program.steps[0]->grid);
}

template <class B>
void end_run(const StreamPtr<B> &stream, Point<B> &end) noexcept {
  Run<B> &run = *end.run;
  Failure &failure = stream->state.flight.failure;
  if (!run.failure) run.failure = failure;
  failure.reset();
  read_times(run, end.mark);
  if (end.alone_since_ns) note_time<B>(*run.program, now_ns() - end.alone_since_ns);
  stream->queue.retire(conclude(run));
  B::finished_one();
}

template <class B>
void make_signal(Point<B> &point, const Failure &failure) noexcept {
  Event &event = *point.step->event;
  event.given.remove(&point.given);
  if (failure)
    event.timeline.fail(failure);
  else
    event.timeline.signal(point.step->value);
}

// Whether the host knows what the driver's wait was for: it may be behind the driver.
template <class B>
bool is_told(const Step<B> &wait, Failure *failure) noexcept {
  const Timeline &timeline = wait.event->timeline;
  if (timeline.reached(wait.value)) return true;
  if (!timeline.failed()) return false;
  try {
    timeline.check(wait.value);
  } catch (...) {
    *failure = current_failure();
  }
  return true;
}

// Takes the first point of the stream, if it is reached; answers the one behind it, NULL when there
// is nothing to take.
template <class B>
Point<B> *take_point(const StreamPtr<B> &stream, Point<B> *point) noexcept {
  InFlight<B> &flight = stream->state.flight;
  Failure failure = point->failure;
  if (!B::reached(point->mark, &failure)) return nullptr;
  const bool is_wait = point->step && point->step->type == NXS_CommandType_Wait;
  const bool is_behind = is_wait && !is_told(*point->step, &failure);
  if (is_wait) flight.is_behind = is_behind;
  if (is_behind) return nullptr;
  Point<B> *const next = flight.pop();
  if (!flight.failure) flight.failure = std::move(failure);
  if (!point->step)
    end_run(stream, *point);
  else if (!is_wait)
    make_signal(*point, flight.failure);
  return next;
}

template <class B>
void take_reached(const StreamPtr<B> &stream) noexcept {
  InFlight<B> &flight = stream->state.flight;
  if (!flight.begin_taking()) return;
  int n_seen = 1;
  do {
    for (Point<B> *point = flight.first(); point;) point = take_point<B>(stream, point);
  } while (flight.goes_on_taking(&n_seen));
}

// ---- being told by the driver -------------------------------------------------------------------

// The driver will tell when the mark is reached; where it cannot, the host waits here.
template <class B>
void watch(const StreamPtr<B> &stream, const typename B::Mark &mark, Hurry hurry) noexcept {
  if (!mark) return take_reached<B>(stream);
  auto *watch = new (std::nothrow) Watch<B>{stream, hurry, stream->state.flight.n_handed_over()};
  stream->state.flight.n_watches.fetch_add(1);
  const auto told = [](void *data) { Reaper<B>::instance().tell(static_cast<Watch<B> *>(data)); };
  if (watch && B::call_back(mark, told, watch)) return;
  delete watch;
  B::finish(*stream);
  stream->state.flight.n_watches.fetch_sub(1);
  take_reached<B>(stream);
}

// What is in flight does not stay so for want of somebody who looks.
template <class B>
void look_later(const StreamPtr<B> &stream) noexcept {
  InFlight<B> &flight = stream->state.flight;
  if (flight.is_behind.load()) return;  // who waits for the signal is told of it
  if (flight.n_watches.load() == 0 && flight.first())
    watch<B>(stream, flight.newest_mark(), Hurry::kSoon);
}

template <class B>
void keep_watch(const StreamPtr<B> &stream) noexcept {
  take_reached<B>(stream);
  look_later<B>(stream);
}

// For the reaper. Who goes on handing over looks as well: two who take are in each other's way.
template <class B>
void take_finished(const Watch<B> &watch) noexcept {
  InFlight<B> &flight = watch.stream->state.flight;
  flight.n_watches.fetch_sub(1);
  const bool others_look =
      watch.hurry == Hurry::kSoon && flight.n_handed_over() != watch.n_handed_over;
  if (!others_look) take_reached<B>(watch.stream);
  look_later<B>(watch.stream);
}

// ---- handing over -------------------------------------------------------------------------------

// A mark behind everything handed over. Without one the host waits, so that nothing is called
// finished too early.
template <class B>
typename B::Mark mark_or_finish(Stream<B> &stream) noexcept {
  try {
    return B::mark(stream);
  } catch (...) {
    B::finish(stream);
    return {};
  }
}

template <class B>
void place(const StreamPtr<B> &stream, Run<B> &run, const Step<B> *step) noexcept {
  Issued<B> &issued = run.state;
  Point<B> &point = step ? issued.inner[issued.n_inner++] : issued.end;
  point.run = &run;
  point.ticket = issued.ticket;
  point.step = step;
  point.failure = run.failure;
  if (issued.unmarked)
    point.mark = issued.latest ? std::move(issued.latest) : mark_or_finish<B>(*stream);
  issued.latest = {};
  issued.unmarked = false;
  const bool is_signal = step && step->type == NXS_CommandType_Signal;
  if (is_signal && point.mark && !point.failure) {
    point.given = {step->value, stream->device, &point.mark};
    step->event->given.add(&point.given);
  }
  stream->state.flight.push(&point);  // from here on it may be gone
  if (is_signal) watch<B>(stream, stream->state.flight.newest_mark(), Hurry::kNow);
}

template <class B>
void hand_over(const StreamPtr<B> &stream, Run<B> &run, const Step<B> &step) {
  const auto &steps = run.program->steps;
  const bool is_timed = run.timing || step.timing;
  const bool is_last =
      run.next + 1 == steps.size() || steps[run.next + 1]->type == NXS_CommandType_Signal;
  run.state.latest = {};
  run.state.unmarked = true;  // even if it fails half way
  auto mark = B::enqueue(*stream, run, step, is_timed || is_last);
  if (is_timed) run.state.timed[run.next] = mark;
  run.state.latest = std::move(mark);
}

// Leaves a wait to the driver, if that was given a signal which ends it. The times of a run are
// those of the host's waits.
template <class B>
bool wait_in_queue(const StreamPtr<B> &stream, Run<B> &run, const Step<B> &step) {
  if (run.timing || run.program->timing) return false;
  const auto mark =
      step.event->given.template mark_of<typename B::Mark>(stream->device, step.value);
  if (!mark) return false;
  std::unique_ptr<Watch<B>> watch(new Watch<B>{stream, Hurry::kNow, 0});
  const auto look = [told = watch.get()] {
    told->stream->state.flight.n_watches.fetch_add(1);
    Reaper<B>::instance().tell(told);
  };
  if (!step.event->timeline.park(step.value, look)) return false;  // over meanwhile
  watch.release();
  run.state.latest = B::wait_for(*stream, mark);
  run.state.unmarked = true;
  place<B>(stream, run, &step);
  return true;
}

// Does what a step needs; false: a wait is parked, and a continuation has the baton.
template <class B>
bool issue_one(const StreamPtr<B> &stream, Run<B> &run, const Step<B> &step) {
  if (step.type == NXS_CommandType_Signal) return place<B>(stream, run, &step), true;
  if (run.failure) return true;
  if (step.type == NXS_CommandType_Wait)
    return wait_in_queue<B>(stream, run, step) || pass_wait<B>(stream, step);
  return hand_over<B>(stream, run, step), true;
}

template <class B>
bool issue_step(const StreamPtr<B> &stream, Run<B> &run) noexcept {
  const Step<B> &step = *run.program->steps[run.next];
  const bool is_skipped = run.failure != nullptr;
  try {
    if (!is_skipped) begin_step(run, step);
    if (!issue_one<B>(stream, run, step)) return false;
  } catch (...) {
    run.failure = current_failure();
  }
  is_skipped ? static_cast<void>(++run.next) : end_step(run);
  return true;
}

// The run before it of the same schedule may be on another stream, and is waited for on the host.
template <class B>
bool start_issuing(const StreamPtr<B> &stream, Run<B> &run) noexcept {
  if (run.started) return true;
  const auto after = run.after;
  if (!start_run<B>(stream, run)) {
    const auto ahead = after.stream->state.flight.ahead_of(after.ticket);
    if (ahead.mark) watch<B>(after.stream, ahead.mark, Hurry::kNow);
    return false;
  }
  if (run.timing || run.program->timing) B::take_times(*stream);
  if (!run.timing) return true;
  run.state.began = mark_or_finish<B>(*stream);
  run.state.unmarked = true;
  return true;
}

// Hands over one run after the other. The caller holds the baton.
template <class B>
void issue(const StreamPtr<B> &stream) noexcept {
  for (bool more = true; more;) {
    const auto next = stream->queue.next_to_issue();
    Run<B> &run = next.run;
    run.state.ticket = next.ticket;
    if (!start_issuing<B>(stream, run)) break;
    const size_t n_steps = run.program->steps.size();
    bool parked = false;
    while (!parked && run.next < n_steps) parked = !issue_step<B>(stream, run);
    if (parked) break;
    if (run.timing) run.state.unmarked = true;  // its end is a time of the device
    place<B>(stream, run, nullptr);
    more = stream->queue.issued();
  }
  B::flush(*stream);
}

// ---- what the backend's own functions are -------------------------------------------------------

// B::ready
template <class B>
void issue_here(const StreamPtr<B> &stream) noexcept {
  one_after_another<B>(stream, [](const StreamPtr<B> &next) {
    issue<B>(next);
    InFlight<B> &flight = next->state.flight;
    if (flight.n_watches.load() == 0 || flight.is_time_to_look()) keep_watch<B>(next);
  });
}

// B::prepare_to_run
template <class B>
void prepare_reaper() {
  Reaper<B>::instance().prepare(&take_finished<B>);
}

// Waits inside the driver, whose threads then need not wake this one. Nothing can call it back from
// there, so only for what will soon be over, or when the caller has all the time there is.
template <class B>
void wait_in_driver(const StreamPtr<B> &stream, uint64_t ticket, const Deadline &deadline) {
  constexpr int64_t kSoonNs = 10'000'000;  // a fifth of the slice that a blocking call may last
  const auto ahead = stream->state.flight.ahead_of(ticket);
  if (!ahead.mark || (deadline.at() && ahead.expected_ns > kSoonNs)) return;
  B::wait(ahead.mark);
  take_reached<B>(stream);
}

// B::join
template <class B>
bool join_driver(const StreamPtr<B> &stream, uint64_t ticket, const Deadline &deadline) {
  constexpr int kLooks = 50;  // about 20 us, a few times what a sleep costs
  const Timeline &finished = stream->queue.finished();
  if (!deadline.passed()) wait_in_driver<B>(stream, ticket, deadline);
  const int n_looks = deadline.passed() ? 1 : kLooks;
  for (int look = 0; look < n_looks && !finished.reached(ticket); ++look) {
    take_reached<B>(stream);
    sched_yield();
  }
  if (!finished.reached(ticket))
    watch<B>(stream, stream->state.flight.ahead_of(ticket).mark, Hurry::kNow);
  const bool reached = stream->queue.finished().wait(ticket, deadline);
  keep_watch<B>(stream);
  return reached;
}

}  // namespace nxs
