// Keeps the objects that calls make, and makes them useful: a kernel's command gets its arguments.
#include "caller.hpp"

#include <algorithm>

#include "call.hpp"
#include "check.hpp"

namespace soak {
namespace {

constexpr int kMaxCommands = 24;  // of a schedule; then a new one takes its place

// By number of the kind.
constexpr FunctionId kReleases[] = {kFunctionCount,   kReleaseBuffer, kReleaseLibrary,
                                    kReleaseKernel,   kReleaseStream, kReleaseEvent,
                                    kReleaseSchedule, kReleaseCommand};

bool releases(FunctionId function) {
  return std::find(std::begin(kReleases), std::end(kReleases), function) != std::end(kReleases);
}

void count(Thread &thread, FunctionId function, int64_t result) {
  const int64_t status = result < 0 ? -result : 0;
  if (status < kStatuses) ++thread.counts[function][static_cast<size_t>(status)];
}

// An answer to a call that was not drawn, but follows from one.
int64_t note(Thread &thread, FunctionId function, int64_t result) {
  count(thread, function, result);
  check_last_error(thread, function, result < 0);
  if (result < 0 && !kFunctions[function].declares(result))
    violations().add(std::string(kFunctions[function].name) + " answered the undeclared " +
                     std::to_string(result));
  return result;
}

// Nobody waits for the event any more, and nobody will.
void open_event(Thread &thread, nxs_handle event) {
  note(thread, kSignalEvent, thread.world.table->SignalEvent(event, UINT64_MAX));
}

int64_t release_through(Thread &thread, int kind, nxs_handle handle) {
  const nxs_table &table = *thread.world.table;
  switch (kind) {
    case NXS_Kind_Buffer:
      return table.ReleaseBuffer(handle);
    case NXS_Kind_Library:
      return table.ReleaseLibrary(handle);
    case NXS_Kind_Kernel:
      return table.ReleaseKernel(handle);
    case NXS_Kind_Stream:
      return table.ReleaseStream(handle);
    case NXS_Kind_Event:
      return table.ReleaseEvent(handle);
    case NXS_Kind_Schedule:
      return table.ReleaseSchedule(handle);
    default:
      return table.ReleaseCommand(handle);
  }
}

// The slot that a new object goes into, which is one more draw.
Slot &place_for(const Draw &draw, int kind) {
  Random random(draw.state());
  const bool shared = random.chance(15);
  const uint64_t place = random.next();
  const auto at = static_cast<size_t>(kind);
  return shared ? draw.world().shared[at][place % kSharedUsed[at]]
                : draw.thread().own[at][place % kOwnUsed[at]];
}

void put(const Draw &draw, Slot &slot, int kind, nxs_handle handle) {
  Thread &thread = draw.thread();
  const Slot *kernel = draw.slot_of(NXS_Kind_Kernel);
  slot.nbytes.store(draw.drawn_nbytes(), std::memory_order_relaxed);
  slot.ticket.store(0, std::memory_order_relaxed);
  slot.n_commands.store(0, std::memory_order_relaxed);
  slot.kernel.store(kind == NXS_Kind_Kernel ? draw.drawn_kernel()
                    : kernel                ? kernel->kernel.load(std::memory_order_relaxed)
                                            : 0,
                    std::memory_order_relaxed);
  const bool own = draw.is_own(&slot);
  const bool was_alive = own && slot.alive.exchange(own, std::memory_order_relaxed);
  const nxs_handle before = slot.handle.exchange(handle, std::memory_order_relaxed);
  if (!before || (own && !was_alive)) return;
  const int64_t result = release(thread, kind, before);
  if (own && result < 0)
    violations().add("a living object was not released: " + std::to_string(before) + " answered " +
                     std::to_string(result));
}

// A buffer of this thread that is alive; 0: there is none.
nxs_handle some_buffer(Thread &thread, uint64_t from) {
  const auto &slots = thread.own[NXS_Kind_Buffer];
  for (size_t i = 0; i < slots.size(); ++i) {
    const Slot &slot = slots[(from + i) % slots.size()];
    if (slot.alive.load(std::memory_order_relaxed)) return slot.get();
  }
  return 0;
}

// Sets every argument of a new dispatch and finalizes it, most of the time: or no run would
// succeed.
void complete_dispatch(const Draw &draw, nxs_handle command) {
  Thread &thread = draw.thread();
  Random random(draw.state() + 1);
  const Slot *kernel = draw.slot_of(NXS_Kind_Kernel);
  if (!kernel) return;
  const bool finalizes = !random.chance(2);
  const uint64_t forgets = random.below(40);  // the argument of this index
  const auto &known = thread.world.pools.kernels;
  const auto which = static_cast<size_t>(kernel->kernel.load(std::memory_order_relaxed));
  const nxs_table &table = draw.table();
  nxs_int index = 0;
  for (const char *arg = known[which].arguments; *arg; ++arg, ++index) {
    const auto value = static_cast<int32_t>(random.below(2) * random.below(2000));
    if (static_cast<uint64_t>(index) == forgets) continue;
    if (*arg == 'b') {
      const nxs_handle buffer = some_buffer(thread, random.next());
      note(thread, kSetCommandArgument, table.SetCommandArgument(command, index, buffer));
    } else {
      note(thread, kSetCommandScalar, table.SetCommandScalar(command, index, &value, sizeof value));
    }
  }
  const auto items = static_cast<uint32_t>(1 + random.below(100));
  const nxs_dim3 group{8, 1, 1}, grid{items, 1, 1};
  if (finalizes) note(thread, kFinalizeCommand, table.FinalizeCommand(command, group, grid));
}

// A schedule that has grown long makes room for a new one.
void count_command(const Draw &draw) {
  Thread &thread = draw.thread();
  Slot *schedule = draw.slot_of(NXS_Kind_Schedule);
  if (!schedule) return;
  if (schedule->n_commands.fetch_add(1, std::memory_order_relaxed) < kMaxCommands) return;
  const nxs_handle fresh = note(thread, kCreateSchedule, draw.table().CreateSchedule(0, 0));
  if (fresh < 0) return;
  thread.given.push_back(fresh);
  put(draw, *schedule, NXS_Kind_Schedule, fresh);
}

void keep_object(const Draw &draw, nxs_handle handle) {
  const int kind = draw.info().kind;
  draw.thread().given.push_back(handle);
  if (draw.function() == kCreateCommand) complete_dispatch(draw, handle);
  if (kind == NXS_Kind_Command) count_command(draw);
  put(draw, place_for(draw, kind), kind, handle);
}

// A newer ticket may be there already, of another thread.
void keep_ticket(const Draw &draw, int64_t ticket) {
  Slot *stream = draw.slot_of(NXS_Kind_Stream);
  if (!stream || draw.handle_of(NXS_Kind_Stream) != stream->get()) return;
  int64_t before = stream->ticket.load(std::memory_order_relaxed);
  while (before < ticket && !stream->ticket.compare_exchange_weak(before, ticket)) continue;
}

void forget_object(const Draw &draw) {
  const int kind = kind_of(static_cast<nxs_handle>(draw.words().all[0]));
  const auto handle = static_cast<nxs_handle>(draw.words().all[0]);
  draw.thread().taken.push_back(handle);
  for (Slot &slot : draw.thread().own[static_cast<size_t>(kind)])
    if (slot.get() == handle) slot.alive.store(false, std::memory_order_relaxed);
}

// How often a function is drawn. Releases are rare, so that most slots hold a living object; what
// says nothing new after a thousand calls is rarer still.
unsigned weight(FunctionId function) {
  if (releases(function)) return function == kReleaseLibrary ? 1 : 2;
  switch (function) {
    case kInitialize:
    case kGetApiVersion:
    case kGetLastError:
    case kExportBuffer:
    case kImportBuffer:
    case kExportEvent:
    case kImportEvent:
      return 2;
    case kCreateLibrary:
    case kCreateLibraryFromFile:
    case kGetLibraryBinary:
      return 6;  // each a dlopen, or much of the driver
    case kRunSchedule:
      return 60;
    case kWaitRun:
    case kGetRunProperty:
    case kWaitEvent:
    case kResetEvent:
    case kCreateEvent:
    case kCreateCommand:
    case kSetCommandArgument:
      return 30;
    default:
      return 15;
  }
}

struct Weights {
  unsigned up_to[kFunctionCount], sum = 0;
  Weights() {
    for (int i = 0; i < kFunctionCount; ++i) up_to[i] = sum += weight(static_cast<FunctionId>(i));
  }
};

FunctionId drawn_function(Random &random) {
  static const Weights &weights = *new Weights;
  const auto drawn = static_cast<unsigned>(random.below(weights.sum));
  const auto *const found =
      std::upper_bound(std::begin(weights.up_to), std::end(weights.up_to), drawn);
  return static_cast<FunctionId>(found - weights.up_to);
}

}  // namespace

Lock before_call(const Draw &draw) {
  Thread &thread = draw.thread();
  Lock lock(draw.world().resetting, std::defer_lock);
  if (draw.function() == kResetEvent || draw.function() == kReleaseEvent) lock.lock();
  if (draw.function() == kReleaseEvent) open_event(thread, draw.handle_of(NXS_Kind_Event));
  thread.record.begin(draw.function(), draw.number(), draw.words());
  return lock;
}

void after_call(const Draw &draw, int64_t result) {
  Thread &thread = draw.thread();
  thread.record.end();
  count(thread, draw.function(), draw.can_fail() ? result : 0);
  check(draw, result);
  thread.sequence = thread.sequence * 31 + draw.state() + static_cast<uint64_t>(draw.function());
  if (result < 0 || !draw.can_fail()) return;
  if (draw.info().returns == Returns::kHandle) keep_object(draw, result);
  if (draw.info().returns == Returns::kTicket) keep_ticket(draw, result);
  if (releases(draw.function())) forget_object(draw);
}

void note_missing(const Draw &draw) { count(draw.thread(), draw.function(), NXS_NotSupported); }

int64_t release(Thread &thread, int kind, nxs_handle handle) {
  Lock lock(thread.world.resetting, std::defer_lock);
  if (kind == NXS_Kind_Event) {
    lock.lock();
    open_event(thread, handle);
  }
  const int64_t result = note(thread, kReleases[kind], release_through(thread, kind, handle));
  if (result >= 0) thread.taken.push_back(handle);
  return result;
}

void make_call(Thread &thread, uint64_t number) {
  Random random(thread.seed * 0x100000001b3 + number * 64 + static_cast<uint64_t>(thread.number));
  random.next();
  Draw draw(thread, drawn_function(random), number);
  kCalls<Draw>[draw.function()](draw);
}

}  // namespace soak
