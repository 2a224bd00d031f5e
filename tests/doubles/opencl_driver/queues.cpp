// Queues in order, each with a thread, and events. Nothing begins before a flush, and callbacks
// come under a lock of the driver: both is allowed, and what relies on more is found.
// size-waiver: the parameters of entry points are OpenCL's
#include <algorithm>
#include <chrono>
#include <thread>

#include "objects.hpp"

using fake::Given;
using fake::hold;

namespace {

constexpr cl_int kRunning = 1, kInvalidWaitList = -57, kNotProfiled = -7;

cl_ulong now_ns() {
  return static_cast<cl_ulong>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

// ---- events -------------------------------------------------------------------------------------

void _cl_event::reach(cl_int now, std::unique_lock<std::mutex> &of_queue) {
  std::vector<std::pair<Function, void *>> due;
  {
    std::lock_guard lock(mutex);
    (now == kRunning ? began : ended) = now_ns();
    status = now;
    if (now <= CL_COMPLETE) due.swap(callbacks);
    changed.notify_all();
  }
  of_queue.lock();
  for (const auto &[function, data] : due) function(this, now, data);
  of_queue.unlock();
}

cl_int _cl_event::wait() {
  queue->flush();
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return status <= CL_COMPLETE; });
  return status < CL_COMPLETE ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : CL_SUCCESS;
}

FAKE_API cl_int clGetEventInfo(cl_event event, cl_uint, size_t room, void *value, size_t *nbytes) {
  FAKE_CALL();
  std::lock_guard lock(event->mutex);
  return fake::Answer{room, value, nbytes}.number(event->status);
}

FAKE_API cl_int clGetEventProfilingInfo(cl_event event, cl_uint what, size_t room, void *value,
                                        size_t *nbytes) {
  FAKE_CALL();
  std::lock_guard lock(event->mutex);
  if (!event->queue->is_timed || event->status != CL_COMPLETE) return kNotProfiled;
  const cl_ulong time = what == CL_PROFILING_COMMAND_START ? event->began : event->ended;
  return fake::Answer{room, value, nbytes}.number(time);
}

FAKE_API cl_int clSetEventCallback(cl_event event, cl_int, _cl_event::Function function,
                                   void *data) {
  FAKE_CALL();
  std::unique_lock lock(event->mutex);
  if (event->status > CL_COMPLETE) return event->callbacks.emplace_back(function, data), CL_SUCCESS;
  const cl_int status = event->status;
  lock.unlock();
  function(event, status, data);
  return CL_SUCCESS;
}

FAKE_API cl_int clRetainEvent(cl_event event) { return event->retain(), CL_SUCCESS; }
FAKE_API cl_int clReleaseEvent(cl_event event) { return event->release(), CL_SUCCESS; }

FAKE_API cl_int clWaitForEvents(cl_uint n, const cl_event *events) {
  FAKE_CALL();
  cl_int status = CL_SUCCESS;
  for (cl_uint i = 0; i < n; ++i) status = std::min(status, events[i]->wait());
  return status;
}

// ---- queues -------------------------------------------------------------------------------------

void _cl_command_queue::start() {
  std::thread([self = hold(this)] { self->work(); }).detach();
}

cl_int _cl_command_queue::add(const Given &given, std::function<cl_int()> work, bool blocks) {
  Command command{std::move(work), {}, nullptr};
  if ((given.n_waits == 0) != (given.waits == nullptr)) return kInvalidWaitList;
  for (cl_uint i = 0; i < given.n_waits; ++i) command.waits.push_back(hold(given.waits[i]));
  cl_event event = nullptr;
  if (given.event || blocks) {
    event = fake::Object::make<_cl_event>(hold(this));
    command.event = hold(event);
  }
  if (given.event) *given.event = event;
  const auto own = command.event;
  {
    std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
    ++n_added_;
  }
  if (!blocks) return CL_SUCCESS;
  const cl_int status = own->wait();
  if (!given.event) event->release();
  return status;
}

void _cl_command_queue::flush(bool closes) {
  std::lock_guard lock(mutex_);
  n_flushed_ = commands_.size();
  closes_ |= closes;
  changed_.notify_all();
}

void _cl_command_queue::finish() {
  flush();
  std::unique_lock lock(mutex_);
  const size_t wanted = n_added_;
  changed_.wait(lock, [&] { return n_done_ >= wanted; });
}

cl_int _cl_command_queue::execute(Command &command) {
  for (const auto &event : command.waits)
    if (event->wait() != CL_SUCCESS) return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
  if (fake::options().pause_us)
    std::this_thread::sleep_for(std::chrono::microseconds(fake::options().pause_us));
  if (const cl_int planned = fake::planned_of_command()) return planned;
  return command.work ? command.work() : CL_SUCCESS;
}

void _cl_command_queue::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return n_flushed_ > 0 || closes_; });
    if (n_flushed_ == 0) return;
    Command command = std::move(commands_.front());
    commands_.pop_front();
    --n_flushed_;
    lock.unlock();
    if (command.event) command.event->reach(kRunning, lock);
    const cl_int status = execute(command);
    command.work = nullptr;  // what it held goes before anybody is told
    if (command.event) command.event->reach(status, lock);
    command = {};
    lock.lock();
    ++n_done_;
    changed_.notify_all();
  }
}

FAKE_API cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id,
                                               cl_bitfield properties, cl_int *status) {
  FAKE_CREATE(status);
  *status = CL_SUCCESS;
  auto *queue =
      fake::Object::make<_cl_command_queue>(context, (properties & CL_QUEUE_PROFILING_ENABLE) != 0);
  queue->start();
  return queue;
}

FAKE_API cl_int clReleaseCommandQueue(cl_command_queue queue) {
  const auto kept = hold(queue);
  if (queue->release()) kept->flush(true);
  return CL_SUCCESS;
}

FAKE_API cl_int clFlush(cl_command_queue queue) {
  FAKE_CALL();
  queue->flush();
  return CL_SUCCESS;
}

FAKE_API cl_int clFinish(cl_command_queue queue) {
  FAKE_CALL();
  queue->finish();
  return CL_SUCCESS;
}

static std::atomic<int> n_waiting_markers{0};

// How many markers were to wait for events.
FAKE_API int opencl_double_waits() { return n_waiting_markers.load(); }

FAKE_API cl_int clEnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint n_waits,
                                            const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (n_waits) n_waiting_markers.fetch_add(1);
  return queue->add({n_waits, waits, event}, nullptr);
}
