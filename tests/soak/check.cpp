// The invariants of every call: statuses, texts, handles, and memory that was not to be written.
#include "check.hpp"

#include <algorithm>

namespace soak {
namespace {

void expect(const Draw &draw, bool holds, int64_t result, const std::string &what) {
  if (holds) return;
  const Thread &thread = draw.thread();
  violations().add(what + "; thread " + std::to_string(thread.number) + ", " +
                   thread.record.text() + " answered " + std::to_string(result) +
                   (result < 0 ? std::string(" (") + draw.table().GetLastError() + ")" : ""));
}

bool untouched(const unsigned char *from, size_t nbytes) {
  return std::all_of(from, from + nbytes, [](unsigned char byte) { return byte == kUntouched; });
}

// Functions whose answer depends on more than their arguments: time, other commands, other runs.
bool depends_on_state(FunctionId function) {
  constexpr FunctionId kThose[] = {kRunSchedule,      kWaitRun,           kGetRunProperty,
                                   kWaitEvent,        kWaitBuffer,        kSynchronizeStream,
                                   kCopyBuffer,       kResetEvent,        kSetCommandArgument,
                                   kSetCommandScalar, kSetCommandOption,  kFinalizeCommand,
                                   kReleaseStream,    kCreateCopyCommand, kCopyBufferRegion};
  return std::find(std::begin(kThose), std::end(kThose), function) != std::end(kThose);
}

void check_promise(const Draw &draw, int64_t result) {
  const Promise &promise = draw.promise();
  const bool stateful = depends_on_state(draw.function());
  if (promise.n_bad) expect(draw, result < 0, result, "a bad value was taken");
  if (promise.n_bad == 1 && promise.refusal && !promise.unsure && !stateful)
    expect(draw, result == promise.refusal, result,
           "the one bad value has the status " + std::to_string(promise.refusal));
  if (promise.n_bad == 0 && !promise.unsure && !stateful)
    expect(draw, result >= 0, result, "good arguments were refused");
}

void check_handle(const Draw &draw, int64_t result) {
  expect(draw, (result >> 59 & 15) == draw.info().kind, result, "a handle of another kind");
  expect(draw, (result >> 52 & 127) == draw.world().runtime, result, "a handle of another runtime");
}

// Tickets of a stream rise.
void check_ticket(const Draw &draw, int64_t result) {
  const Slot *stream = draw.slot_of(NXS_Kind_Stream);
  if (!stream || !draw.is_own(stream) || draw.handle_of(NXS_Kind_Stream) != stream->get()) return;
  expect(draw, result > stream->ticket.load(std::memory_order_relaxed), result,
         "a ticket that is not above the one before");
}

void check_result(const Draw &draw, int64_t result) {
  if (result < 0) {
    const bool is_declared = draw.info().declares(result);
    return expect(draw, is_declared, result, "a status that the function does not declare");
  }
  switch (draw.info().returns) {
    case Returns::kStatus:
      return expect(draw, result == NXS_Success, result, "a positive status");
    case Returns::kHandle:
    case Returns::kBorrowed:
      return check_handle(draw, result);
    case Returns::kTicket:
      expect(draw, result > 0, result, "ticket 0");
      return check_ticket(draw, result);
    case Returns::kText:
      return expect(draw, result != 0, result, "text that is NULL");
    case Returns::kNumber:
      return expect(draw, result == NXS_API_VERSION, result, "another version than before");
  }
}

// Whether so many bytes can be a value of this type.
bool fits_type(int32_t type, const unsigned char *value, size_t nbytes) {
  switch (type) {
    case NXS_PropertyType_Int:
    case NXS_PropertyType_Float:
      return nbytes == 8;
    case NXS_PropertyType_IntVector:
    case NXS_PropertyType_FloatVector:
      return nbytes % 8 == 0;
    case NXS_PropertyType_StringVector:
      return nbytes == 0 || value[nbytes - 1] == 0;
    default:
      return nbytes > 0 && value[nbytes - 1] == 0;
  }
}

void check_room(const Draw &draw, int64_t result) {
  const Room &room = draw.room();
  Thread &thread = draw.thread();
  const bool written = result >= 0 && room.pointer && room.nbytes;
  const size_t told = thread.room_nbytes, claimed = draw.room_claimed();
  if (room.nbytes && result == NXS_InvalidArgSize && room.pointer)
    expect(draw, told > claimed, result, "room was refused that is enough");
  else if (room.nbytes && result < 0)
    expect(draw, told == claimed, result, "a byte count was written by a failing call");
  expect(draw, !written || told <= claimed, result, "more bytes than there was room for");
  const size_t kept = written ? std::min(told, claimed) : 0;
  expect(draw, untouched(thread.room.get() + kept, claimed - kept + kGuard), result,
         "room was written beyond the value, or by a failing call");
  const nxs_uint property = draw.drawn_property();
  if (written && draw.has_property() && property < kPropertyCount)
    expect(draw, fits_type(draw.world().property_types[property], thread.room.get(), kept), result,
           "a value that is not of the property's type");
  std::memset(thread.room.get(), kUntouched, kept);
}

void check_written_memory(const Draw &draw, int64_t result) {
  const HostMemory &memory = draw.written_memory();
  auto *const bytes = static_cast<unsigned char *>(memory.pointer);
  const size_t nbytes = result < 0 ? 0 : memory.nbytes;
  const size_t looked_at = std::min(memory.nbytes + kGuard, kBlock + kGuard);
  expect(draw, untouched(bytes + nbytes, looked_at - nbytes), result,
         "host memory was written beyond the buffer, or by a failing call");
  std::memset(bytes, kUntouched, nbytes);
}

void check_info(const Draw &draw, int64_t result) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(draw.drawn_info());
  const size_t known = result < 0 ? sizeof(nxs_uint) : sizeof(::nxs_property_info);
  const size_t whole = sizeof(::nxs_property_info) + kInfoGuard;
  expect(draw, untouched(bytes + known, whole - known), result,
         "nxs_property_info was written beyond its end, or by a failing call");
  if (result < 0) return;
  const ::nxs_property_info &info = *draw.drawn_info();
  const nxs_uint property = draw.drawn_property();
  expect(draw, info.name && *info.name, result, "a property without a name");
  if (property < kPropertyCount)
    expect(draw, info.type == draw.world().property_types[property], result,
           "a property of another type than before");
}

}  // namespace

void check_last_error(Thread &thread, FunctionId function, bool failed) {
  const char *const text = thread.world.table->GetLastError();
  const auto told = [&](const char *what) {
    violations().add(std::string(what) + ": " + kFunctions[function].name + "; thread " +
                     std::to_string(thread.number) + ", " + thread.record.text());
  };
  if (!text) return told("the last error is NULL");
  if (failed && text[std::strspn(text, " \t\n")] == 0) told("a failure without a sentence");
  if (!failed && text != thread.last_error) told("a call that succeeded changed the last error");
  if (failed) thread.last_error = text;
}

void begin_on_this_thread(Thread &thread) {
  thread.last_error = thread.world.table->GetLastError();
}

void check(const Draw &draw, int64_t result) {
  check_last_error(draw.thread(), draw.function(), draw.can_fail() && result < 0);
  check_result(draw, result);
  check_promise(draw, result);
  if (draw.room().pointer || draw.room().nbytes) check_room(draw, result);
  if (draw.written_memory().pointer) check_written_memory(draw, result);
  if (draw.drawn_info()) check_info(draw, result);
}

}  // namespace soak
