// The C functions of streams and runs; include it in one .cpp of a plugin.
#pragma once

#include "backend.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

namespace nxs::entry {

inline auto &streams() { return tables<Backend>().streams; }

inline constexpr std::array kStreamProperties{
    Property<Owned<Stream<Backend>>>{NP_Type,
                                     [](const auto &) -> Value { return std::string("stream"); }},
    Property<Owned<Stream<Backend>>>{NP_ID,
                                     [](const auto &stream) -> Value { return stream.handle; }},
    Property<Owned<Stream<Backend>>>{
        NP_Device, [](const auto &stream) -> Value { return int64_t{stream.object->device}; }},
    Property<Owned<Stream<Backend>>>{NP_Ticket,
                                     [](const auto &stream) -> Value {
                                       return static_cast<int64_t>(stream.object->queue.newest());
                                     }},
    Property<Owned<Stream<Backend>>>{NP_Status,
                                     [](const auto &stream) -> Value {
                                       auto &queue = stream.object->queue;
                                       const bool idle = queue.finished().reached(queue.newest());
                                       return std::string(idle ? "complete" : "running");
                                     }},
};

// One run of a stream, for its properties.
struct RunView {
  StreamPtr<Backend> stream;
  uint64_t ticket;
};

inline RunRecord timed_record(const RunView &run) {
  const auto record = run.stream->queue.record(run.ticket);
  if (!record || !record->elapsed_ms)
    throw Error(NXS_ProfilingInfoNotAvailable,
                "run " + std::to_string(run.ticket) +
                    " has no time: it is not finished, was run without Timing, or is "
                    "older than the newest 4096 that were kept");
  return *record;
}

inline const char *run_status(const RunView &run) {
  if (!run.stream->queue.finished().reached(run.ticket)) return "running";
  const auto record = run.stream->queue.record(run.ticket);
  return record && record->failure ? "failed" : "complete";
}

inline constexpr std::array kRunProperties{
    Property<RunView>{NP_Type, [](const RunView &) -> Value { return std::string("run"); }},
    Property<RunView>{NP_Ticket,
                      [](const RunView &run) -> Value { return static_cast<int64_t>(run.ticket); }},
    Property<RunView>{NP_Status,
                      [](const RunView &run) -> Value { return std::string(run_status(run)); }},
    Property<RunView>{NP_ElapsedTime,
                      [](const RunView &run) -> Value { return *timed_record(run).elapsed_ms; }},
    Property<RunView>{NP_TimeStamp,
                      [](const RunView &run) -> Value { return timed_record(run).finished_ns; }},
};

inline RunView run_of(nxs_handle stream, int64_t ticket) {
  if (stream == 0)
    throw Error(NXS_InvalidStream,
                "a run is named by its stream and ticket; stream 0 may be any device's default "
                "stream: name the one of nxsGetDefaultStream");
  RunView run{streams().find(stream), static_cast<uint64_t>(ticket)};
  const uint64_t newest = run.stream->queue.newest();
  if (ticket <= 0 || run.ticket > newest)
    throw Error(NXS_InvalidValue, "ticket " + std::to_string(ticket) +
                                      " was never given out by this stream; its newest is " +
                                      std::to_string(newest));
  return run;
}

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateStream(nxs_int device, nxs_flags flags) noexcept {
  return guard([&] {
    Backend::device(device);
    if (flags)
      throw Error(NXS_InvalidQueueProperties,
                  "stream flags " + std::to_string(flags) + ": none is defined yet; pass 0");
    return nxs::Streams<Backend>::instance().create(device);
  });
}

NXS_API nxs_handle nxsGetDefaultStream(nxs_int device) noexcept {
  return guard([&] {
    Backend::device(device);
    return nxs::Streams<Backend>::instance().default_of(device).handle;
  });
}

NXS_API nxs_status nxsGetStreamProperty(nxs_handle stream, nxs_uint property, void *value,
                                        size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::streams().find(stream);
    nxs::get_property<nxs::Owned<nxs::Stream<Backend>>>(nxs::entry::kStreamProperties,
                                                        {found, stream}, property, value, nbytes);
  });
}

NXS_API nxs_status nxsSynchronizeStream(nxs_handle stream, uint64_t timeout_ns) noexcept {
  return guard([&] {
    const auto found = nxs::entry::streams().find(stream);
    nxs::wait_ticket<Backend>(found, found->queue.newest(), nxs::Deadline(timeout_ns),
                              "the stream to be idle");
  });
}

NXS_API nxs_status nxsWaitRun(nxs_handle stream, int64_t ticket, uint64_t timeout_ns) noexcept {
  return guard([&] {
    const nxs::entry::RunView run = nxs::entry::run_of(stream, ticket);
    nxs::wait_ticket<Backend>(run.stream, run.ticket, nxs::Deadline(timeout_ns),
                              "the run to finish");
    nxs::check_run(*run.stream, run.ticket);
  });
}

NXS_API nxs_status nxsGetRunProperty(nxs_handle stream, int64_t ticket, nxs_uint property,
                                     void *value, size_t *nbytes) noexcept {
  return guard([&] {
    nxs::get_property<nxs::entry::RunView>(
        nxs::entry::kRunProperties, nxs::entry::run_of(stream, ticket), property, value, nbytes);
  });
}

NXS_API nxs_status nxsReleaseStream(nxs_handle stream) noexcept {
  return guard([&] {
    if (nxs::Streams<Backend>::instance().is_default(stream))
      throw Error(NXS_InvalidOperation,
                  "a default stream belongs to the runtime and is not released");
    nxs::entry::streams().remove(stream);
  });
}
