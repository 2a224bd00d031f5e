// The C functions of schedules; include it in one .cpp of a plugin.
#pragma once

#include "backend.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

namespace nxs::entry {

using ScheduleView = Owned<Schedule<Backend>>;

inline auto &schedules() { return tables<Backend>().schedules; }

inline const char *schedule_status(const Schedule<Backend> &schedule) {
  if (schedule.running()) return "running";
  if (!schedule.complete()) return "recording";
  std::lock_guard lock(schedule.outcome()->mutex);
  if (!schedule.outcome()->ran) return "ready";
  return schedule.outcome()->failed ? "failed" : "complete";
}

inline double schedule_ms(const Schedule<Backend> &schedule) {
  std::lock_guard lock(schedule.outcome()->mutex);
  if (!schedule.outcome()->run_ms)
    throw Error(NXS_ProfilingInfoNotAvailable,
                "the schedule has no time: run it with Timing and wait for the run");
  return *schedule.outcome()->run_ms;
}

inline constexpr std::array kScheduleProperties{
    Property<ScheduleView>{NP_Type, [](const auto &) -> Value { return std::string("schedule"); }},
    Property<ScheduleView>{NP_ID, [](const auto &schedule) -> Value { return schedule.handle; }},
    Property<ScheduleView>{
        NP_Device,
        [](const auto &schedule) -> Value { return int64_t{schedule.object->device()}; }},
    Property<ScheduleView>{NP_Count,
                           [](const auto &schedule) -> Value {
                             return static_cast<int64_t>(schedule.object->n_commands());
                           }},
    Property<ScheduleView>{NP_Status,
                           [](const auto &schedule) -> Value {
                             return std::string(schedule_status(*schedule.object));
                           }},
    Property<ScheduleView>{
        NP_ElapsedTime,
        [](const auto &schedule) -> Value { return schedule_ms(*schedule.object); }},
    Property<ScheduleView>{
        NP_DefaultStream,
        [](const auto &schedule) -> Value {
          return Streams<Backend>::instance().default_of(schedule.object->device()).handle;
        }},
};

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateSchedule(nxs_int device, nxs_flags flags) noexcept {
  return guard([&] {
    Backend::device(device);
    if (flags)
      throw Error(NXS_InvalidValue,
                  "schedule flags " + std::to_string(flags) + ": none is defined yet; pass 0");
    return nxs::entry::schedules().insert(std::make_shared<nxs::Schedule<Backend>>(device));
  });
}

NXS_API nxs_status nxsGetScheduleProperty(nxs_handle schedule, nxs_uint property, void *value,
                                          size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::schedules().find(schedule);
    nxs::get_property<nxs::entry::ScheduleView>(nxs::entry::kScheduleProperties, {found, schedule},
                                                property, value, nbytes);
  });
}

NXS_API int64_t nxsRunSchedule(nxs_handle schedule, nxs_handle stream, nxs_flags flags) noexcept {
  return guard([&] {
    const auto found = nxs::entry::schedules().find(schedule);
    return nxs::submit<Backend>(*found, nxs::stream_or_default<Backend>(stream, found->device()),
                                flags);
  });
}

NXS_API nxs_status nxsReleaseSchedule(nxs_handle schedule) noexcept {
  return guard([&] { nxs::entry::schedules().remove(schedule); });
}
