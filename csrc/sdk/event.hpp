// An event: a timeline with a type, and the count of submitted runs that refer to it.
#pragma once

#include "sdk/timeline.hpp"

namespace nxs {

struct Event {
  nxs_int device = 0;
  nxs_event_type type = NXS_EventType_Shared;
  Timeline timeline;
  std::atomic<int> n_in_flight{0};          // submitted commands that signal it or wait for it
  std::atomic<int> n_signals_in_flight{0};  // of these, the signals
};

}  // namespace nxs
