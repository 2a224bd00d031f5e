// The driver's queues: marks in them, and what the driver says of them.
#include "backend.hpp"

namespace nxs {
namespace {

std::atomic<int64_t> n_in_flight{0};

struct Call {
  void (*function)(void *);
  void *data;
};

// Behind everything in the queue, which is in order, and behind these events.
ClEvent put_marker(cl_command_queue queue, cl_uint n_events, const cl_event *events) {
  cl_event event = nullptr;
  check_cl(cl().clEnqueueMarkerWithWaitList(queue, n_events, events, &event),
           "cannot put a marker into a stream");
  return ClEvent(event);
}

}  // namespace

void Backend::started_one() { n_in_flight.fetch_add(1, std::memory_order_relaxed); }
void Backend::finished_one() { n_in_flight.fetch_sub(1, std::memory_order_release); }
bool Backend::any_in_flight() { return n_in_flight.load(std::memory_order_acquire) > 0; }

void Backend::prepare_to_run(Stream<Backend> &stream) {
  refuse_forked();
  prepare_reaper<Backend>();
  if (stream.state.queue()) return;
  std::lock_guard lock(stream.state.making);
  if (stream.state.queue()) return;
  stream.state.untimed = device_at(stream.device).make_queue(false);
  stream.state.used.store(stream.state.untimed.get(), std::memory_order_release);
}

ClEvent Backend::mark(Stream<Backend> &stream) {
  return put_marker(stream.state.queue(), 0, nullptr);
}

ClEvent Backend::wait_for(Stream<Backend> &stream, const ClEvent &mark) {
  return put_marker(stream.state.queue(), 1, &mark.get());
}

// The driver gives times per queue: the stream goes on in another one, behind what is in this one.
void Backend::take_times(Stream<Backend> &stream) noexcept {
  StreamState &state = stream.state;
  if (state.timed) return;
  try {
    ClQueue timed = device_at(stream.device).make_queue(true);
    const ClEvent before = mark(stream);
    put_marker(timed.get(), 1, &before.get());
    cl().clFlush(state.queue());
    state.timed = std::move(timed);
    state.used.store(state.timed.get(), std::memory_order_release);
  } catch (const std::exception &) {
    return;  // the times of this run are the host's
  }
}

bool Backend::reached(const ClEvent &mark, Failure *failure) noexcept {
  if (!mark) return true;
  cl_int status = CL_COMPLETE;
  const cl_int asked = cl().clGetEventInfo(mark.get(), CL_EVENT_COMMAND_EXECUTION_STATUS,
                                           sizeof status, &status, nullptr);
  if (asked != CL_SUCCESS) {
    status = asked;
    wait(mark);  // what the command uses is given back now
  }
  if (status > CL_COMPLETE) return false;
  if (status == CL_COMPLETE || *failure) return true;
  try {
    *failure = std::make_shared<const Error>(
        NXS_ExecutionFailed, "the device gave a command of the run up: " + cl_name(status));
  } catch (...) {
    *failure = out_of_memory();
  }
  return true;
}

std::optional<std::pair<int64_t, int64_t>> Backend::times(const ClEvent &mark) noexcept {
  if (!mark) return std::nullopt;
  cl_ulong began = 0, ended = 0;
  const auto ask = [&](cl_uint what, cl_ulong *time) {
    return cl().clGetEventProfilingInfo(mark.get(), what, sizeof *time, time, nullptr);
  };
  if (ask(CL_PROFILING_COMMAND_START, &began) != CL_SUCCESS ||
      ask(CL_PROFILING_COMMAND_END, &ended) != CL_SUCCESS || began > ended || ended == 0)
    return std::nullopt;
  return std::pair(static_cast<int64_t>(began), static_cast<int64_t>(ended));
}

void Backend::wait(const ClEvent &mark) noexcept { cl().clWaitForEvents(1, &mark.get()); }
void Backend::finish(Stream<Backend> &stream) noexcept { cl().clFinish(stream.state.queue()); }
// What was not flushed may never begin, and nobody would be told of it: then the host waits.
void Backend::flush(Stream<Backend> &stream) noexcept {
  if (cl().clFlush(stream.state.queue()) != CL_SUCCESS) finish(stream);
}

bool Backend::call_back(const ClEvent &mark, void (*function)(void *), void *data) noexcept {
  const auto call = new (std::nothrow) Call{function, data};
  if (!call) return false;
  const auto made = [](cl_event, cl_int, void *given) {
    const Call due = *static_cast<Call *>(given);
    delete static_cast<Call *>(given);
    due.function(due.data);
  };
  if (cl().clSetEventCallback(mark.get(), CL_COMPLETE, made, call) == CL_SUCCESS) return true;
  delete call;
  return false;
}

void Backend::begin_child() {
  n_in_flight.store(0, std::memory_order_relaxed);
  Reaper<Backend>::instance().begin_child();
}

}  // namespace nxs
