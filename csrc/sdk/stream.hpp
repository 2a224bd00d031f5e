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
  bool started = false;
  int64_t started_ns = 0, step_started_ns = 0;
  std::vector<std::optional<double>> command_ms;
  std::optional<Error> failure;
};

// An in-order queue of one device.
template <class B>
class Stream {
 public:
  explicit Stream(nxs_int device) : device(device) {}
  const nxs_int device;
  InOrderQueue<Run<B>> queue;
  typename B::StreamState state;  // what the backend keeps with it
};

template <class B>
using StreamPtr = std::shared_ptr<Stream<B>>;

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
  // Until a ticket is finished, or some time is over. That clock starts when it is first looked at,
  // so a short run never reads it.
  Budget(const Timeline &finished, uint64_t ticket, std::optional<uint64_t> ns = std::nullopt)
      : finished_(&finished), ticket_(ticket), ns_(ns) {}
  Budget(const Timeline &finished, uint64_t ticket, const Deadline &deadline)
      : finished_(&finished), ticket_(ticket), deadline_(deadline) {}

  bool out_of_time() {
    if (ns_ && !deadline_) deadline_.emplace(*ns_);
    return deadline_ && deadline_->passed();
  }
  bool spent() {
    if (n_waiting_ && n_waiting_->load(std::memory_order_relaxed) > 0) return true;
    return (finished_ && finished_->reached(ticket_)) || out_of_time();
  }

 private:
  const std::atomic<int> *n_waiting_ = nullptr;
  const Timeline *finished_ = nullptr;
  uint64_t ticket_ = 0;
  std::optional<uint64_t> ns_;
  std::optional<Deadline> deadline_;
};

template <class B>
void begin_step(Run<B> &run, const Step<B> &step) {
  if (run.timing || step.timing) run.step_started_ns = now_ns();
}

template <class B>
void end_step(Run<B> &run) {
  const Step<B> &step = *run.program->steps[run.next];
  if (run.timing || step.timing) {
    run.command_ms.resize(run.program->steps.size());
    run.command_ms[run.next] = static_cast<double>(now_ns() - run.step_started_ns) * 1e-6;
  }
  ++run.next;
}

// Keeps the first failure of a run; what could not be kept for lack of memory still fails it.
template <class B>
void fail_run(Run<B> &run) noexcept {
  const nxs_status status = fail_with_current_exception();
  if (!run.failure) run.failure.emplace(status, std::move(last_error()));
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
  if (step.type == NXS_CommandType_Signal) step.event->timeline.fail(*run.failure);
}

// Executes one step; false when the caller has lost the baton.
template <class B>
bool execute_step(const StreamPtr<B> &stream, Run<B> &run, Budget &budget) {
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
    fail_run(run);
  }
  end_step(run);
  return true;
}

// Whether the run may start; false: parked until the schedule's run before it is finished.
template <class B>
bool start_run(const StreamPtr<B> &stream, Run<B> &run) {
  if (run.started) return true;
  if (run.after.stream) {
    Timeline &before = run.after.stream->queue.finished();
    if (!before.reached(run.after.ticket) &&
        before.park(run.after.ticket, [stream] { B::ready(stream); }))
      return false;
    run.after.stream.reset();
  }
  run.started = true;
  if (run.timing) run.started_ns = now_ns();
  return true;
}

// Tells the schedule how its run went.
template <class B>
void publish(const Run<B> &run, const std::optional<RunRecord> &record) {
  if (!run.program->outcome) return;
  Outcome &outcome = *run.program->outcome;
  std::lock_guard lock(outcome.mutex);
  outcome.ran = true;
  outcome.failed = run.failure.has_value();
  if (record && record->elapsed_ms) outcome.run_ms = record->elapsed_ms;
  if (!run.command_ms.empty()) outcome.command_ms = run.command_ms;
}

// Ends the run in front; false: nothing is left and the baton is gone.
template <class B>
bool finish_run(Stream<B> &stream, Run<B> &run) {
  std::optional<RunRecord> record;
  if (run.timing || run.failure) {
    record.emplace();
    record->finished_ns = now_ns();
    if (run.timing)
      record->elapsed_ms = static_cast<double>(record->finished_ns - run.started_ns) * 1e-6;
    record->failure = run.failure;
  }
  publish(run, record);
  run.program->finished();
  const bool more = stream.queue.pop(std::move(record));
  B::finished_one();
  return more;
}

// Works for a stream until it is idle, a wait is parked, a step is left to others, or the budget is
// spent (the rest then goes to B::ready). The caller holds the baton.
template <class B>
void drain(const StreamPtr<B> &stream, Budget &budget) {
  constexpr size_t kStepsPerLook = 16;  // a look at the clock costs 20 ns
  for (bool more = true; more;) {
    Run<B> &run = stream->queue.front();
    if (!start_run<B>(stream, run)) return;
    while (run.next < run.program->steps.size()) {
      if (!execute_step<B>(stream, run, budget)) return;
      if (run.next % kStepsPerLook == 0 && budget.spent()) return B::ready(stream);
    }
    more = finish_run<B>(*stream, run);
    if (more && budget.spent()) return B::ready(stream);
  }
}

// For the one who finished a step that was left to others: it has the baton now.
template <class B>
void resume_after(const StreamPtr<B> &stream, std::optional<Error> failure, Budget &budget) {
  Run<B> &run = stream->queue.front();
  if (failure && !run.failure) run.failure = std::move(failure);
  end_step(run);
  if (budget.spent()) return B::ready(stream);
  drain<B>(stream, budget);
}

// Drains on the thread that made the stream ready: for backends whose steps do not block. A stream
// that becomes ready meanwhile is drained after it, not inside it, so a long chain of signals needs
// no deep stack.
template <class B>
void drain_here(const StreamPtr<B> &stream) {
  thread_local std::vector<StreamPtr<B>> *waiting = nullptr;
  if (waiting) {
    waiting->push_back(stream);
    return;
  }
  std::vector<StreamPtr<B>> ready{stream};
  waiting = &ready;
  Budget budget;
  for (size_t i = 0; i < ready.size(); ++i) {
    const StreamPtr<B> next = ready[i];
    drain<B>(next, budget);
  }
  waiting = nullptr;
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

// What comes after a push: somebody drains, and a blocking caller waits.
template <class B>
int64_t after_push(const StreamPtr<B> &stream, typename InOrderQueue<Run<B>>::Pushed pushed,
                   nxs_flags flags) {
  const auto ticket = static_cast<int64_t>(pushed.ticket);
  if (!(flags & NXS_RunFlags_Blocking)) {
    if (pushed.baton) B::ready(stream);
    return ticket;
  }
  const bool bounded = flags & NXS_RunFlags_Bounded;
  if (pushed.baton) {
    Budget budget(stream->queue.finished(), pushed.ticket,
                  bounded ? std::optional<uint64_t>(NXS_RUN_SLICE_NS) : std::nullopt);
    B::drain_on_caller(stream, budget);
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
  return run;
}

inline void check_run_flags(nxs_flags flags) {
  constexpr nxs_flags kKnown = NXS_RunFlags_Blocking | NXS_RunFlags_Timing | NXS_RunFlags_Bounded;
  if (flags & ~kKnown)
    throw Error(NXS_InvalidValue, "run flags " + std::to_string(flags) + " has unknown bits");
}

// Counts a run as submitted, and takes that back unless push() succeeded.
template <class B>
typename InOrderQueue<Run<B>>::Pushed push_counted(Stream<B> &stream, Run<B> run) {
  const std::shared_ptr<Program<B>> program = run.program;
  program->submitted();
  B::started_one();
  try {
    return stream.queue.push(std::move(run));
  } catch (...) {
    program->finished();
    B::finished_one();
    throw;
  }
}

// Submits a run of a schedule.
template <class B>
int64_t submit(Schedule<B> &schedule, const StreamPtr<B> &stream, nxs_flags flags) {
  check_run_flags(flags);
  typename InOrderQueue<Run<B>>::Pushed pushed{};
  schedule.submit([&](const std::shared_ptr<Program<B>> &program, const auto &last) {
    Run<B> run = make_run<B>(program, flags);
    if (last.stream && last.stream != stream) run.after = last;
    pushed = push_counted<B>(*stream, std::move(run));
    return typename Schedule<B>::Predecessor{stream, pushed.ticket};
  });
  return after_push<B>(stream, pushed, flags);
}

// Submits one step that no schedule records: a copy or a fill.
template <class B>
int64_t submit(Step<B> step, const StreamPtr<B> &stream, nxs_flags flags) {
  check_run_flags(flags);
  auto program = std::make_shared<Program<B>>();
  program->add(std::make_shared<const Step<B>>(std::move(step)));
  program->seal();
  return after_push<B>(stream, push_counted<B>(*stream, make_run<B>(std::move(program), flags)),
                       flags);
}

}  // namespace nxs
