// An event: a timeline with a type, the count of submitted runs that refer to it, and those who may
// still signal it.
#pragma once

#include <memory>

#include "sdk/timeline.hpp"

namespace nxs {

// A signal that a driver was given and has not reached: what a driver can wait for by itself.
struct GivenSignal {
  uint64_t value = 0;
  nxs_int device = 0;
  const void *mark = nullptr;  // of the backend's type: the place of the signal
  GivenSignal *next = nullptr;
};

// Those of one event. Who adds one owns it, and removes it before it goes. Thread-safe.
class GivenSignals {
 public:
  void add(GivenSignal *signal) noexcept {
    std::lock_guard lock(mutex_);
    GivenSignal **end = &first_;
    while (*end) end = &(*end)->next;
    *end = signal;
  }

  void remove(const GivenSignal *signal) noexcept {
    std::lock_guard lock(mutex_);
    for (GivenSignal **at = &first_; *at; at = &(*at)->next)
      if (*at == signal) {
        *at = signal->next;
        return;
      }
  }

  // The place on that device behind which the value is reached; none: nobody gave such a signal.
  template <class Mark>
  Mark mark_of(nxs_int device, uint64_t value) const {
    std::lock_guard lock(mutex_);
    const GivenSignal *nearest = nullptr;
    for (const GivenSignal *signal = first_; signal; signal = signal->next)
      if (signal->device == device && signal->value >= value &&
          (!nearest || signal->value < nearest->value))
        nearest = signal;
    return nearest ? *static_cast<const Mark *>(nearest->mark) : Mark{};
  }

 private:
  std::mutex &mutex_ = lock_banks().leaves.next().mutex;
  GivenSignal *first_ = nullptr;
};

struct Event : std::enable_shared_from_this<Event> {
  nxs_int device = 0;
  nxs_event_type type = NXS_EventType_Shared;
  Timeline timeline;
  GivenSignals given;
  std::atomic<int> n_in_flight{0};          // submitted commands that signal it or wait for it
  std::atomic<int> n_signals_in_flight{0};  // of these, the signals
};

// Made before it is needed; nxsInitialize asks for it once.
inline const Failure &nobody_signals() {
  static const Failure &failure = *new Failure(std::make_shared<const Error>(
      NXS_ExecStatusErrorForEventsInWaitList,
      "nobody is left who could signal the event: its handle was released, and so was every "
      "command that signals it"));
  return failure;
}

// The owner answered here, and its copies, are those who may signal: the handle and the commands
// that signal. When the last of them goes, who waits fails: nothing else would ever end the wait,
// and a stream that waits keeps itself alive. Who only waits owns `shared_from_this()`. An event
// that another process can signal needs an owner that stays.
inline std::shared_ptr<Event> make_event(nxs_int device, nxs_event_type type) {
  auto event = std::make_shared<Event>();
  event->device = device;
  event->type = type;
  Event *const made = event.get();
  return {made,
          [event = std::move(event)](Event *) noexcept { event->timeline.fail(nobody_signals()); }};
}

}  // namespace nxs
