// Schedules: commands recorded once, edited between runs, and the immutable programs that runs
// execute.
#pragma once

#include <algorithm>

#include "sdk/step.hpp"

namespace nxs {

template <class B>
class Stream;

// How the newest run of a schedule went. Shared with its runs, which may outlive it.
struct Outcome {
  std::mutex &mutex = lock_banks().leaves.next().mutex;
  std::atomic<int> n_in_flight{0};    // runs of any of its programs
  std::atomic<int64_t> alone_ns{-1};  // how long the newest run took that had its stream to itself
  bool ran = false, failed = false;
  std::optional<double> run_ms;
  std::vector<std::optional<double>> command_ms;
};

// What one run executes: the steps as they were when it was submitted.
template <class B>
struct Program {
  std::vector<std::shared_ptr<const Step<B>>> steps;
  std::vector<const void *> memories;  // identities of the memory it uses, sorted
  std::vector<Event *> events;         // kept alive by the steps
  std::vector<Event *> signals;
  std::shared_ptr<Outcome> outcome;  // NULL for a lone copy or fill
  bool timing = false;               // a command asks for its time
  bool has_wait = false;

  bool uses(const void *memory) const {
    return std::binary_search(memories.begin(), memories.end(), memory);
  }

  void add(std::shared_ptr<const Step<B>> step) {
    const auto use = [&](const auto &buffer) {
      if (buffer) memories.push_back(buffer->identity());
    };
    for (const auto &arg : step->args) use(arg.buffer());
    use(step->src);
    use(step->dst);
    if (step->event) events.push_back(step->event.get());
    if (step->event && step->type == NXS_CommandType_Signal) signals.push_back(step->event.get());
    timing |= step->timing;
    has_wait |= step->type == NXS_CommandType_Wait;
    steps.push_back(std::move(step));
  }
  void seal() {
    std::sort(memories.begin(), memories.end());
    memories.erase(std::unique(memories.begin(), memories.end()), memories.end());
  }
  void submitted() {
    if (outcome) outcome->n_in_flight.fetch_add(1, std::memory_order_relaxed);
    for (Event *event : events) event->n_in_flight.fetch_add(1, std::memory_order_relaxed);
    for (Event *event : signals) event->n_signals_in_flight.fetch_add(1, std::memory_order_relaxed);
  }
  void finished() {
    for (Event *event : signals) event->n_signals_in_flight.fetch_sub(1, std::memory_order_release);
    for (Event *event : events) event->n_in_flight.fetch_sub(1, std::memory_order_release);
    if (outcome) outcome->n_in_flight.fetch_sub(1, std::memory_order_release);
  }
  // In the child of a fork, which may have begun in the middle of either of these.
  void none_in_flight() {
    for (Event *event : events) event->n_in_flight = event->n_signals_in_flight = 0;
    if (outcome) outcome->n_in_flight = 0;
  }
};

// Where a step stands, for a message.
template <class B>
std::string place(const Step<B> &step, size_t index) {
  return "command " + std::to_string(index) + " (kernel " + step.kernel->name() + ")";
}

template <class B>
[[noreturn]] void refuse_argument(const Step<B> &step, size_t index, size_t argument) {
  const auto &info = step.kernel->info();
  const bool named = info && argument < info->args.size();
  throw Error(NXS_InvalidKernelArgs, place(step, index) + ": argument " + std::to_string(argument) +
                                         (named ? " (" + info->args[argument].name + ")" : "") +
                                         " was not set; set it before the run");
}

// Throws when a step cannot run yet: `index` is its place in the schedule.
template <class B>
void check_complete(const Step<B> &step, size_t index) {
  if (step.type != NXS_CommandType_Dispatch) return;
  if (!step.finalized())
    throw Error(NXS_InvalidCommand,
                place(step, index) + " is not finalized: give it a group and a grid size");
  for (size_t i = 0; i < step.args.size(); ++i)
    if (!step.args[i].is_set()) refuse_argument(step, index, i);
  B::check_arguments(step);
}

// Recorded by one thread at a time; runs may be submitted from any.
template <class B>
class Schedule {
 public:
  struct Predecessor {
    std::shared_ptr<Stream<B>> stream;
    uint64_t ticket = 0;
  };

  explicit Schedule(nxs_int device) : device_(device) {}

  nxs_int device() const { return device_; }
  const std::shared_ptr<Outcome> &outcome() const { return outcome_; }

  // Answers what `keep(index)` does, the place of the step being known then. When that throws,
  // nothing is recorded.
  template <class Keep>
  auto record(Step<B> step, Keep keep) {
    auto recorded = std::make_shared<Step<B>>(std::move(step));
    std::shared_ptr<Program<B>> old;  // may be the last owner of what it used: dropped unlocked
    std::lock_guard lock(mutex_);
    if (steps_.size() == steps_.capacity()) steps_.reserve(std::max<size_t>(8, 2 * steps_.size()));
    auto kept = keep(steps_.size());
    steps_.push_back(std::move(recorded));
    old = std::exchange(program_, nullptr);
    return kept;
  }

  // Changes one step, seen by the next run. Works on a copy while a run may hold the step. `change`
  // may throw only before it changes anything; what it answers is dropped unlocked.
  template <class Change>
  void edit(size_t index, Change change) {
    std::shared_ptr<Program<B>> old;
    std::shared_ptr<Step<B>> replaced;
    [[maybe_unused]] decltype(change(*steps_[index])) dropped{};
    std::lock_guard lock(mutex_);
    old = std::exchange(program_, nullptr);
    if (!in_flight()) {
      dropped = change(*steps_[index]);
      steps_[index]->version = new_version();
      return;
    }
    auto copy = std::make_shared<Step<B>>(*steps_[index]);
    dropped = change(*copy);
    copy->version = new_version();
    replaced = std::exchange(steps_[index], std::move(copy));
  }

  template <class Read>
  auto read(size_t index, Read read) const {
    std::lock_guard lock(mutex_);
    return read(static_cast<const Step<B> &>(*steps_[index]));
  }

  size_t n_commands() const {
    std::lock_guard lock(mutex_);
    return steps_.size();
  }

  bool complete() const {
    std::lock_guard lock(mutex_);
    return std::all_of(steps_.begin(), steps_.end(), [](const auto &step) {
      const auto is_set = [](const auto &arg) { return arg.is_set(); };
      return step->type != NXS_CommandType_Dispatch ||
             (step->finalized() && std::all_of(step->args.begin(), step->args.end(), is_set));
    });
  }

  bool running() const {
    std::lock_guard lock(mutex_);
    return in_flight();
  }

  // Submits through `push(program, predecessor) -> (stream, ticket)`, under the lock that keeps the
  // order of runs.
  template <class Push>
  void submit(Push push) {
    std::lock_guard lock(mutex_);
    if (!program_) program_ = build();
    last_ = push(program_, last_);
  }

 private:
  bool in_flight() const { return outcome_->n_in_flight.load(std::memory_order_acquire) > 0; }

  std::shared_ptr<Program<B>> build() const {
    auto program = std::make_shared<Program<B>>();
    program->outcome = outcome_;
    program->steps.reserve(steps_.size());
    for (size_t i = 0; i < steps_.size(); ++i) {
      check_complete(*steps_[i], i);
      program->add(steps_[i]);
    }
    program->seal();
    return program;
  }

  const nxs_int device_;
  std::mutex &mutex_ = lock_banks().schedules.next().mutex;
  std::vector<std::shared_ptr<Step<B>>> steps_;
  std::shared_ptr<Program<B>> program_;  // what is recorded now; NULL: to be built
  Predecessor last_;
  const std::shared_ptr<Outcome> outcome_ = std::make_shared<Outcome>();
};

// A command: a place in a schedule. Releasing its handle leaves the step recorded.
template <class B>
struct Command {
  std::shared_ptr<Schedule<B>> schedule;
  size_t index = 0;
  nxs_command_type type;
  nxs_handle kernel = 0, event = 0;  // as given, for the properties

  // The handles of its arguments, as given; 0 for a value.
  std::vector<nxs_handle> arguments() const {
    std::lock_guard lock(mutex_);
    return arguments_;
  }
  void set_arguments(std::vector<nxs_handle> arguments) { arguments_ = std::move(arguments); }
  // Makes sure that note_argument(place) needs no memory.
  void make_room_for_argument(size_t place) {
    std::lock_guard lock(mutex_);
    if (place < kMaxArguments) arguments_.reserve(place + 1);
  }
  void note_argument(size_t place, nxs_handle buffer) noexcept {
    std::lock_guard lock(mutex_);
    if (arguments_.size() <= place) arguments_.resize(place + 1);
    arguments_[place] = buffer;
  }

 private:
  std::mutex &mutex_ = lock_banks().leaves.next().mutex;
  std::vector<nxs_handle> arguments_;
};

}  // namespace nxs
