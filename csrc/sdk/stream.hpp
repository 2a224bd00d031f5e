// Streams: runs in order, one thread at a time draining them, waits parked, failures carried to the
// end of the run.
#pragma once

#include "sdk/queue.hpp"
#include "sdk/schedule.hpp"

namespace nxs {

// What the backend answers when it executes a step.
enum class Progress {
  kDone,
  kLater,  // others finish it and call resume_after(); the caller must not touch the run any more
};

// One submission.
template <class B>
struct Run {
  std::shared_ptr<Program<B>> program;
  typename Schedule<B>::Predecessor after;  // the run of the same schedule that must finish first
  bool timing = false;
  size_t next = 0;  // index of the step to execute
  bool started = false, step_begun = false;
  int64_t started_ns = 0, step_started_ns = 0;
  int64_t ended_ns = 0;  // on the device's clock, as started_ns is then; 0: the host looks
  std::vector<std::optional<double>> command_ms;  // sized when submitted, if times are asked for
  Failure failure;
  typename B::RunState state;  // what the backend keeps with it
};

// An in-order queue of one device.
template <class B>
class Stream {
 public:
  explicit Stream(nxs_int device) : device(device) {}
  const nxs_int device;
  InOrderQueue<Run<B>> queue;
  typename B::StreamState state;       // what the backend keeps with it
  std::shared_ptr<Stream> next_ready;  // for the one list it may stand in
  std::shared_ptr<Stream> kept;        // itself, while the child of a fork ends what it inherited
};

template <class B>
using StreamPtr = std::shared_ptr<Stream<B>>;

// Streams that wait for somebody to drain them, first in, first out. Allocates nothing: whoever
// hands a baton over must succeed. Not thread-safe.
template <class B>
class ReadyList {
 public:
  bool empty() const { return !head_; }
  void push(StreamPtr<B> stream) noexcept {
    Stream<B> *added = stream.get();
    (tail_ ? tail_->next_ready : head_) = std::move(stream);
    tail_ = added;
  }
  StreamPtr<B> pop() noexcept {
    StreamPtr<B> first = std::move(head_);
    if (!first) return nullptr;
    head_ = std::move(first->next_ready);
    if (!head_) tail_ = nullptr;
    return first;
  }
  bool contains(const Stream<B> *stream) const {
    for (const Stream<B> *it = head_.get(); it; it = it->next_ready.get())
      if (it == stream) return true;
    return false;
  }
  bool remove(const Stream<B> *stream) noexcept {
    ReadyList rest;
    bool found = false;
    while (StreamPtr<B> next = pop()) {
      found |= next.get() == stream;
      if (next.get() != stream) rest.push(std::move(next));
    }
    std::swap(head_, rest.head_);
    std::swap(tail_, rest.tail_);
    return found;
  }

 private:
  StreamPtr<B> head_;
  Stream<B> *tail_ = nullptr;
};

inline int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

// How long a thread may go on working for a stream before it hands the rest over.
class Budget {
 public:
  Budget() = default;
  // Until others wait: the number of them is kept by somebody else.
  explicit Budget(const std::atomic<int> &n_waiting) : n_waiting_(&n_waiting) {}
  // Until a ticket is finished or some time is over.
  Budget(const Timeline &finished, uint64_t ticket, std::optional<uint64_t> ns = std::nullopt)
      : finished_(&finished), ticket_(ticket), ns_(ns) {}
  Budget(const Timeline &finished, uint64_t ticket, const Deadline &deadline)
      : finished_(&finished), ticket_(ticket), deadline_(deadline.at()) {}

  // Starts the clock, which a run of one short step never looks at.
  void start() {
    if (ns_ && !deadline_) deadline_ = Clock::now() + std::chrono::nanoseconds(*ns_);
  }
  bool is_timed() const { return ns_ || deadline_; }
  // What is left, for whoever decides how much to take on; without a limit: nothing.
  std::optional<int64_t> ns_left() {
    start();
    if (!deadline_) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(*deadline_ - Clock::now()).count();
  }
  bool out_of_time() { return ns_left().value_or(1) <= 0; }
  bool spent() {
    if (n_waiting_ && n_waiting_->load(std::memory_order_relaxed) > 0) return true;
    return (finished_ && finished_->reached(ticket_)) || out_of_time();
  }

 private:
  const std::atomic<int> *n_waiting_ = nullptr;
  const Timeline *finished_ = nullptr;
  uint64_t ticket_ = 0;
  std::optional<uint64_t> ns_;
  std::optional<Clock::time_point> deadline_;
};

// A wait begins once, though it is looked at again when it resumes.
template <class B>
void begin_step(Run<B> &run, const Step<B> &step) {
  if (std::exchange(run.step_begun, true)) return;
  if (run.timing || step.timing) run.step_started_ns = now_ns();
}

template <class B>
void end_step(Run<B> &run) noexcept {
  const Step<B> &step = *run.program->steps[run.next];
  if (run.timing || step.timing)
    run.command_ms[run.next] = static_cast<double>(now_ns() - run.step_started_ns) * 1e-6;
  run.step_begun = false;
  ++run.next;
}

// False: the wait is parked and a continuation has the baton.
template <class B>
bool pass_wait(const StreamPtr<B> &stream, const Step<B> &step) {
  Timeline &timeline = step.event->timeline;
  if (timeline.reached(step.value)) return true;
  if (timeline.park(step.value, [stream] { B::ready(stream); })) return false;
  timeline.check(step.value);  // not parked: reached, or failed
  return true;
}

// A failed run still tells those who wait for its signals.
template <class B>
void skip_step(Run<B> &run, const Step<B> &step) {
  if (step.type == NXS_CommandType_Signal) step.event->timeline.fail(run.failure);
}

// Executes one step; false when the caller has lost the baton.
template <class B>
bool execute_step(const StreamPtr<B> &stream, Run<B> &run, Budget &budget) noexcept {
  const Step<B> &step = *run.program->steps[run.next];
  if (run.failure) {
    skip_step(run, step);
    ++run.next;
    return true;
  }
  try {
    begin_step(run, step);
    if (step.type == NXS_CommandType_Wait) {
      if (!pass_wait<B>(stream, step)) return false;
    } else if (step.type == NXS_CommandType_Signal) {
      step.event->timeline.signal(step.value);
    } else if (B::execute(stream, run, step, budget) == Progress::kLater) {
      return false;
    }
  } catch (...) {
    run.failure = current_failure();
  }
  end_step(run);
  return true;
}

// Whether the run may start; false: parked until the schedule's run before it is finished.
template <class B>
bool start_run(const StreamPtr<B> &stream, Run<B> &run) noexcept {
  if (run.started) return true;
  try {
    if (run.after.stream &&
        run.after.stream->queue.finished().park(run.after.ticket, [stream] { B::ready(stream); }))
      return false;
  } catch (...) {
    run.failure = current_failure();
  }
  run.after.stream.reset();
  run.started = true;
  if (run.timing) run.started_ns = now_ns();
  return true;
}

// Tells the schedule how its newest run went.
template <class B>
void publish(Run<B> &run, const std::optional<RunRecord> &record) noexcept {
  if (!run.program->outcome) return;
  Outcome &outcome = *run.program->outcome;
  std::lock_guard lock(outcome.mutex);
  outcome.ran = true;
  outcome.failed = run.failure != nullptr;
  outcome.run_ms = record ? record->elapsed_ms : std::nullopt;
  outcome.command_ms.swap(run.command_ms);
}

// Tells everybody how a run went, before it is taken out of its queue; answers what is kept of it.
template <class B>
std::optional<RunRecord> conclude(Run<B> &run) noexcept {
  std::optional<RunRecord> record;
  if (run.timing || run.failure) {
    record.emplace();
    record->finished_ns = run.ended_ns ? run.ended_ns : now_ns();
    if (run.timing)
      record->elapsed_ms = static_cast<double>(record->finished_ns - run.started_ns) * 1e-6;
    record->failure = run.failure;
  }
  publish(run, record);
  run.program->finished();
  return record;
}

// Ends the run in front; false: nothing is left and the baton is gone.
template <class B>
bool finish_run(Stream<B> &stream, Run<B> &run) noexcept {
  const bool more = stream.queue.pop(conclude(run));
  B::finished_one();
  return more;
}

// Whether it is time to look at the budget: after work that may have been long, else now and then.
template <class B>
bool worth_a_look(const Run<B> &run, const Budget &budget) {
  constexpr size_t kStepsPerLook = 16;  // a look at the clock costs 20 ns
  const nxs_command_type type = run.program->steps[run.next - 1]->type;
  const bool worked = type != NXS_CommandType_Signal && type != NXS_CommandType_Wait;
  return (worked && budget.is_timed()) || run.next % kStepsPerLook == 0;
}

// Works for a stream until it is idle, a wait is parked, a step is left to others, or the budget is
// spent (the rest then goes to B::ready). The caller holds the baton.
template <class B>
void drain(const StreamPtr<B> &stream, Budget &budget) noexcept {
  for (bool more = true; more;) {
    Run<B> &run = stream->queue.front();
    if (!start_run<B>(stream, run)) return;
    const size_t n_steps = run.program->steps.size();
    if (n_steps > 1) budget.start();
    while (run.next < n_steps) {
      if (!execute_step<B>(stream, run, budget)) return;
      if (run.next < n_steps && worth_a_look(run, budget) && budget.spent())
        return B::ready(stream);
    }
    more = finish_run<B>(*stream, run);
    if (more && budget.spent()) return B::ready(stream);
  }
}

// For the one who finished a step that was left to others: it has the baton now.
template <class B>
void resume_after(const StreamPtr<B> &stream, Failure failure, Budget &budget) noexcept {
  Run<B> &run = stream->queue.front();
  if (!run.failure) run.failure = std::move(failure);
  end_step(run);
  if (run.next < run.program->steps.size() && budget.spent()) return B::ready(stream);
  drain<B>(stream, budget);
}

// Works for a stream on the thread that made it ready: for backends whose steps do not block. A
// stream that becomes ready meanwhile has its turn after it, not inside it, so a long chain of
// signals needs no deep stack.
template <class B, class Work>
void one_after_another(const StreamPtr<B> &stream, Work work) noexcept {
  static constinit NXS_THREAD_LOCAL ReadyList<B> *waiting = nullptr;
  if (waiting) return waiting->push(stream);
  ReadyList<B> ready;
  waiting = &ready;
  ready.push(stream);
  while (const StreamPtr<B> next = ready.pop()) work(next);
  waiting = nullptr;
}

template <class B>
void drain_here(const StreamPtr<B> &stream) noexcept {
  one_after_another<B>(stream, [](const StreamPtr<B> &next) {
    Budget budget;
    drain<B>(next, budget);
  });
}

// Throws as the run failed.
template <class B>
void check_run(const Stream<B> &stream, uint64_t ticket) {
  const auto record = stream.queue.record(ticket);
  if (record && record->failure) throw *record->failure;
}

// Waits for a ticket; throws Timeout.
template <class B>
void wait_ticket(const StreamPtr<B> &stream, uint64_t ticket, const Deadline &deadline,
                 const char *what) {
  if (!stream->queue.finished().reached(ticket) && !B::join(stream, ticket, deadline))
    deadline.give_up(what);
}

// What comes after a push: somebody drains, and a blocking caller waits. `may_run_here`: the run
// has no wait, so the caller is the best to work on it.
template <class B>
int64_t after_push(const StreamPtr<B> &stream, typename InOrderQueue<Run<B>>::Pushed pushed,
                   nxs_flags flags, bool may_run_here) {
  const auto ticket = static_cast<int64_t>(pushed.ticket);
  if (!(flags & NXS_RunFlags_Blocking)) {
    if (pushed.baton) B::ready(stream);
    return ticket;
  }
  const bool bounded = flags & NXS_RunFlags_Bounded;
  if (pushed.baton && !may_run_here) {
    B::ready(stream);
  } else if (pushed.baton) {
    Budget budget(stream->queue.finished(), pushed.ticket,
                  bounded ? std::optional<uint64_t>(NXS_RUN_SLICE_NS) : std::nullopt);
    B::drain_on_caller(stream, budget);
    if (budget.is_timed() && !stream->queue.finished().reached(pushed.ticket) &&
        budget.out_of_time())
      return ticket;
  }
  if (!stream->queue.finished().reached(pushed.ticket)) {
    const Deadline deadline(bounded ? NXS_RUN_SLICE_NS : NXS_WAIT_FOREVER);
    if (!B::join(stream, pushed.ticket, deadline)) return ticket;
  }
  check_run(*stream, pushed.ticket);
  return ticket;
}

template <class B>
Run<B> make_run(std::shared_ptr<Program<B>> program, nxs_flags flags) {
  Run<B> run;
  run.program = std::move(program);
  run.timing = flags & NXS_RunFlags_Timing;
  if (run.timing || run.program->timing) run.command_ms.resize(run.program->steps.size());
  B::prepare(run);
  return run;
}

inline void check_run_flags(nxs_flags flags) {
  constexpr nxs_flags kKnown = NXS_RunFlags_Blocking | NXS_RunFlags_Timing | NXS_RunFlags_Bounded;
  if (flags & ~kKnown)
    throw Error(NXS_InvalidValue, "run flags " + std::to_string(flags) + " has unknown bits");
  if ((flags & NXS_RunFlags_Bounded) && !(flags & NXS_RunFlags_Blocking))
    throw Error(NXS_InvalidValue, "run flag Bounded limits a blocking run; add Blocking");
}

// Counts a run as submitted, and takes that back unless push() succeeded.
template <class B>
typename InOrderQueue<Run<B>>::Pushed push_counted(Stream<B> &stream, Run<B> &&run) {
  run.program->submitted();
  B::started_one();
  try {
    return stream.queue.push(std::move(run));  // moved only where nothing can fail any more
  } catch (...) {
    run.program->finished();
    B::finished_one();
    throw;
  }
}

// Submits a run of a schedule.
template <class B>
int64_t submit(Schedule<B> &schedule, const StreamPtr<B> &stream, nxs_flags flags) {
  check_run_flags(flags);
  B::prepare_to_run(*stream);
  typename InOrderQueue<Run<B>>::Pushed pushed{};
  bool may_run_here = true;
  schedule.submit([&](const std::shared_ptr<Program<B>> &program, const auto &last) {
    Run<B> run = make_run<B>(program, flags);
    if (last.stream && last.stream != stream) run.after = last;
    may_run_here = !program->has_wait && !run.after.stream;
    pushed = push_counted<B>(*stream, std::move(run));
    return typename Schedule<B>::Predecessor{stream, pushed.ticket};
  });
  return after_push<B>(stream, pushed, flags, may_run_here);
}

// Submits one step that no schedule records: a copy or a fill.
template <class B>
int64_t submit(Step<B> step, const StreamPtr<B> &stream, nxs_flags flags) {
  check_run_flags(flags);
  B::prepare_to_run(*stream);
  auto program = std::make_shared<Program<B>>();
  program->add(std::make_shared<const Step<B>>(std::move(step)));
  program->seal();
  const auto pushed = push_counted<B>(*stream, make_run<B>(std::move(program), flags));
  return after_push<B>(stream, pushed, flags, true);
}

}  // namespace nxs
