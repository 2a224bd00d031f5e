// The C functions of events; include it in one .cpp of a plugin.
#pragma once

#include "backend.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

namespace nxs::entry {

inline auto &events() { return tables<Backend>().events; }

inline const char *event_status(const Event &event) {
  if (event.timeline.failed()) return "error";
  return event.n_signals_in_flight.load(std::memory_order_acquire) > 0 ? "submitted" : "complete";
}

inline const char *event_type_name(nxs_event_type type) {
  static constexpr const char *kNames[] = {"Shared", "Signal", "Fence"};
  return kNames[type];
}

inline constexpr std::array kEventProperties{
    Property<Owned<Event>>{NP_Type, [](const auto &) -> Value { return std::string("event"); }},
    Property<Owned<Event>>{NP_ID, [](const auto &event) -> Value { return event.handle; }},
    Property<Owned<Event>>{
        NP_Device, [](const auto &event) -> Value { return int64_t{event.object->device}; }},
    Property<Owned<Event>>{NP_EventType,
                           [](const auto &event) -> Value {
                             return std::string(event_type_name(event.object->type));
                           }},
    Property<Owned<Event>>{NP_Value,
                           [](const auto &event) -> Value {
                             return static_cast<int64_t>(event.object->timeline.value());
                           }},
    Property<Owned<Event>>{
        NP_Status,
        [](const auto &event) -> Value { return std::string(event_status(*event.object)); }},
};

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateEvent(nxs_int device, nxs_int type) noexcept {
  return guard([&] {
    Backend::device(device);
    if (type < NXS_EventType_Shared || type > NXS_EventType_Fence)
      throw Error(NXS_InvalidValue,
                  "event type " + std::to_string(type) + " is none of Shared 0, Signal 1, Fence 2");
    return nxs::entry::events().insert(nxs::make_event(device, static_cast<nxs_event_type>(type)));
  });
}

NXS_API nxs_status nxsGetEventProperty(nxs_handle event, nxs_uint property, void *value,
                                       size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::events().find(event);
    nxs::get_property<nxs::Owned<nxs::Event>>(nxs::entry::kEventProperties, {found, event},
                                              property, value, nbytes);
  });
}

NXS_API nxs_status nxsSignalEvent(nxs_handle event, uint64_t value) noexcept {
  return guard([&] { nxs::entry::events().find(event)->timeline.signal(value); });
}

NXS_API nxs_status nxsWaitEvent(nxs_handle event, uint64_t value, uint64_t timeout_ns) noexcept {
  return guard([&] {
    const auto found = nxs::entry::events().find(event)->shared_from_this();
    if (found->timeline.reached(value)) return;
    const nxs::Deadline deadline(timeout_ns);
    if (!found->timeline.wait(value, deadline))
      deadline.give_up("event " + std::to_string(event) + " to reach " + std::to_string(value) +
                       "; it is at " + std::to_string(found->timeline.value()));
  });
}

NXS_API nxs_status nxsResetEvent(nxs_handle event, uint64_t value) noexcept {
  return guard([&] {
    const auto found = nxs::entry::events().find(event);
    const int users = found->n_in_flight.load(std::memory_order_acquire);
    if (users > 0)
      throw Error(NXS_InvalidOperation, "cannot reset the event: submitted commands refer to it (" +
                                            std::to_string(users) + "); wait for their runs first");
    if (!found->timeline.reset(value))
      throw Error(NXS_InvalidOperation, "cannot reset the event: somebody is waiting for it");
  });
}

NXS_API nxs_status nxsReleaseEvent(nxs_handle event) noexcept {
  return guard([&] { nxs::entry::events().remove(event); });
}
