// The handle tables, default streams and stream list of one plugin.
#pragma once

#include <map>

#include "sdk/handle.hpp"
#include "sdk/property.hpp"
#include "sdk/stream.hpp"

namespace nxs {

// Made once and never destroyed: threads of a pool may still look things up while the process
// exits.
template <class B>
struct Tables {
  HandleTable<typename B::Buffer> buffers{NXS_Kind_Buffer, NXS_InvalidBuffer};
  HandleTable<typename B::Library> libraries{NXS_Kind_Library, NXS_InvalidLibrary};
  HandleTable<typename B::Kernel> kernels{NXS_Kind_Kernel, NXS_InvalidKernel};
  HandleTable<Stream<B>> streams{NXS_Kind_Stream, NXS_InvalidStream};
  HandleTable<Event> events{NXS_Kind_Event, NXS_InvalidEvent};
  HandleTable<Schedule<B>> schedules{NXS_Kind_Schedule, NXS_InvalidSchedule};
  HandleTable<Command<B>> commands{NXS_Kind_Command, NXS_InvalidCommand};
};

template <class B>
Tables<B> &tables() {
  static Tables<B> &instance = *new Tables<B>;
  return instance;
}

// Every stream that is alive or still has work, released handles included; and the default stream
// of each device.
template <class B>
class Streams {
 public:
  struct Default {
    StreamPtr<B> stream;
    nxs_handle handle = 0;
  };

  static Streams &instance() {
    static Streams &streams = *new Streams;
    return streams;
  }

  nxs_handle create(nxs_int device) {
    std::lock_guard lock(mutex_);
    return create_locked(device).handle;
  }

  Default default_of(nxs_int device) {
    std::lock_guard lock(mutex_);
    Default &found = defaults_[device];
    if (!found.stream) found = create_locked(device);
    return found;
  }

  bool is_default(nxs_handle handle) const {
    std::lock_guard lock(mutex_);
    for (const auto &[device, found] : defaults_)
      if (found.handle == handle) return true;
    return false;
  }

  std::mutex &mutex() { return mutex_; }  // for a fork

  std::vector<StreamPtr<B>> all() const {
    std::vector<StreamPtr<B>> streams;
    std::lock_guard lock(mutex_);
    streams.reserve(streams_.size());
    for_each_locked([&](StreamPtr<B> stream) { streams.push_back(std::move(stream)); });
    return streams;
  }

  // In the child of a fork: allocates nothing.
  template <class Visit>
  void for_each_locked(Visit visit) const {
    for (const auto &weak : streams_)
      if (StreamPtr<B> stream = weak.lock()) visit(std::move(stream));
  }

 private:
  Default create_locked(nxs_int device) {
    auto stream = std::make_shared<Stream<B>>(device);
    std::erase_if(streams_, [](const auto &weak) { return weak.expired(); });
    streams_.push_back(stream);
    return {stream, tables<B>().streams.insert(stream)};
  }

  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Stream<B>>> streams_;
  std::map<nxs_int, Default> defaults_;
};

// Stream 0 is the default stream of the device.
template <class B>
StreamPtr<B> stream_or_default(nxs_handle stream, nxs_int device) {
  if (stream == 0) return Streams<B>::instance().default_of(device).stream;
  StreamPtr<B> found = tables<B>().streams.find(stream);
  if (found->device != device)
    throw Error(NXS_InvalidDevice, "the stream is on device " + std::to_string(found->device) +
                                       " and the work on device " + std::to_string(device));
  return found;
}

// Waits until every run submitted before that uses the memory is finished, on any stream.
template <class B>
void wait_for_memory(const void *memory, const Deadline &deadline) {
  for (const StreamPtr<B> &stream : Streams<B>::instance().all()) {
    const uint64_t ticket =
        stream->queue.newest_where([&](const Run<B> &run) { return run.program->uses(memory); });
    if (ticket) wait_ticket<B>(stream, ticket, deadline, "the runs that use the buffer");
  }
}

}  // namespace nxs
