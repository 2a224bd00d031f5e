// Prepares a run, and proves at the end of each epoch that nothing is left.
#include "world.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include "caller.hpp"
#include "check.hpp"
#include "nexus/loader.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOAK_SANITIZED 1
// As <sanitizer/allocator_interface.h> has it, which not every compiler brings.
extern "C" size_t __sanitizer_get_current_allocated_bytes(void);
#endif

namespace soak {
namespace {

constexpr uint64_t kLongNs = 60'000'000'000;  // a busy machine needs that much less

[[noreturn]] void give_up(const std::string &what) {
  std::fprintf(stderr, "soak: %s\n", what.c_str());
  std::exit(2);
}

std::string read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) give_up("cannot read " + path);
  return bytes;
}

std::string write_file(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

void prepare_pools(Pools &pools, const std::string &library, const std::string &folder) {
  const std::string whole = read_file(library);
  std::string other_machine = whole;
  other_machine[18] = 8;  // e_machine of ELF: MIPS
  pools.good_libraries = {whole};
  pools.bad_libraries = {"x",
                         "#!/bin/sh\n",
                         std::string(5000, 'x'),
                         std::string(64, '\0'),
                         whole.substr(0, 64),
                         other_machine};
  pools.good_files = {library, write_file(folder + "/copy.so", whole)};
  pools.bad_files = {folder,
                     folder + "/is_not_there.so",
                     "relative_and_not_there",
                     "\xff\xfe",
                     "/" + std::string(5000, 'p'),
                     write_file(folder + "/empty", ""),
                     write_file(folder + "/text", "a text"),
                     write_file(folder + "/half.so", whole.substr(0, whole.size() / 2)),
                     write_file(folder + "/mips.so", other_machine)};
}

void run_often(World &world, nxs_handle schedule, nxs_flags flags) {
  constexpr int kRecords = 4200;  // a stream remembers 4096 of each sort
  for (int i = 0; i < kRecords; ++i)
    world.default_stream.ticket.store(world.table->RunSchedule(schedule, 0, flags));
}

// Fails an event by a run that would have signalled it, where the runtime's kernels can fail.
void fail_an_event(World &world, nxs_handle failing_schedule) {
  const nxs_table &table = *world.table;
  const nxs_handle event = table.CreateEvent(0, NXS_EventType_Shared),
                   command = table.CreateSignalCommand(failing_schedule, event, UINT64_MAX);
  table.RunSchedule(failing_schedule, 0, NXS_RunFlags_Blocking);
  if (table.WaitEvent(event, UINT64_MAX, 0) < 0)
    world.failed_event.handle.store(event);
  else
    table.ReleaseEvent(event);
  table.ReleaseCommand(command);
}

// The objects that are alive: given out and not taken back. Tells of handles given out twice, taken
// twice, or taken without having been given.
std::vector<nxs_handle> living(Threads &threads) {
  std::vector<nxs_handle> given, taken, alive;
  for (const auto &thread : threads) {
    given.insert(given.end(), thread->given.begin(), thread->given.end());
    taken.insert(taken.end(), thread->taken.begin(), thread->taken.end());
    thread->given.clear();
    thread->taken.clear();
  }
  for (auto *handles : {&given, &taken}) {
    std::sort(handles->begin(), handles->end());
    const auto twice = std::adjacent_find(handles->begin(), handles->end());
    if (twice != handles->end())
      violations().add("handle " + std::to_string(*twice) +
                       (handles == &given ? " was given out twice" : " was released twice"));
  }
  if (!std::includes(given.begin(), given.end(), taken.begin(), taken.end()))
    violations().add("a handle was released that was never given out");
  std::set_difference(given.begin(), given.end(), taken.begin(), taken.end(),
                      std::back_inserter(alive));
  return alive;
}

void expect_success(int64_t result, const char *what, nxs_handle handle, const nxs_table &table) {
  if (result >= 0) return;
  violations().add(std::string("at the end of an epoch ") + what + " " + std::to_string(handle) +
                   " answered " + std::to_string(result) + ": " + table.GetLastError());
}

// Runs of a stream that was released end without anybody to wait for them.
bool reset_event(const nxs_table &table, nxs_handle event, int64_t end_ns) {
  while (table.ResetEvent(event, 0) < 0) {
    if (now_ns() > end_ns) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void wait_for_all(const nxs_table &table, const std::vector<nxs_handle> &alive) {
  for (const nxs_handle handle : alive)
    if (kind_of(handle) == NXS_Kind_Event) table.SignalEvent(handle, UINT64_MAX);
  for (const nxs_handle handle : alive) {
    if (kind_of(handle) == NXS_Kind_Stream)
      expect_success(table.SynchronizeStream(handle, kLongNs), "stream", handle, table);
    if (kind_of(handle) == NXS_Kind_Buffer)
      expect_success(table.WaitBuffer(handle, kLongNs), "buffer", handle, table);
  }
  expect_success(table.SynchronizeStream(table.GetDefaultStream(0), kLongNs), "stream", 0, table);
  const int64_t end_ns = now_ns() + static_cast<int64_t>(kLongNs);
  for (const nxs_handle handle : alive)
    if (kind_of(handle) == NXS_Kind_Event && !reset_event(table, handle, end_ns))
      expect_success(-1, "event", handle, table);
}

template <size_t N>
void clear(Slots<N> &slots) {
  for (auto &kind : slots)
    for (Slot &slot : kind) {
      slot.handle.store(0, std::memory_order_relaxed);
      slot.alive.store(false, std::memory_order_relaxed);
      slot.nbytes.store(0, std::memory_order_relaxed);
    }
}

}  // namespace

void prepare_world(World &world, const std::string &plugin, const std::string &library,
                   const std::string &folder) {
  auto &loader = nxs::loader::Loader::instance();
  const nxs::loader::Outcome outcome = loader.load(plugin);
  if (outcome.result < 0) give_up("cannot load " + plugin + ": " + outcome.text);
  world.runtime = static_cast<nxs_uint>(outcome.result);
  world.table = nxs_table_at(loader.slots(), static_cast<int>(outcome.result));
  for (nxs_uint id = 0; id < kPropertyCount; ++id) {
    nxs_property_info info{sizeof info, 0, nullptr};
    if (world.table->GetPropertyInfo(id, &info) < 0) give_up("a property without an info");
    world.property_types.push_back(info.type);
  }
  world.default_stream.handle.store(world.table->GetDefaultStream(0));
  prepare_pools(world.pools, library, folder);
}

void fill_records(World &world) {
  const nxs_table &table = *world.table;
  const std::string &bytes = world.pools.good_libraries[0];
  const nxs_handle schedule = table.CreateSchedule(0, 0),
                   library = table.CreateLibrary(0, bytes.data(), bytes.size()),
                   kernel = table.GetKernel(library, "fails_strangely", 0),
                   command = table.CreateCommand(schedule, kernel);
  const int32_t value = 0;
  table.SetCommandScalar(command, 0, &value, sizeof value);
  table.FinalizeCommand(command, {1, 1, 1}, {1, 1, 1});
  run_often(world, schedule, 0);
  fail_an_event(world, schedule);
  table.ReleaseSchedule(schedule);
  const nxs_handle empty = table.CreateSchedule(0, 0);
  run_often(world, empty, NXS_RunFlags_Timing);
  table.SynchronizeStream(table.GetDefaultStream(0), kLongNs);
  table.ReleaseSchedule(empty);
  table.ReleaseCommand(command);
  table.ReleaseKernel(kernel);
  table.ReleaseLibrary(library);
}

void end_epoch(Threads &threads) {
  World &world = threads[0]->world;
  const nxs_table &table = *world.table;
  const std::vector<nxs_handle> alive = living(threads);
  wait_for_all(table, alive);
  begin_on_this_thread(*threads[0]);
  for (const nxs_handle handle : alive)
    expect_success(release(*threads[0], kind_of(handle), handle), "release of", handle, table);
  for (const nxs_handle handle : alive)
    if (release(*threads[0], kind_of(handle), handle) >= 0)
      violations().add("handle " + std::to_string(handle) + " was released twice");
  for (const auto &thread : threads) {
    thread->taken.clear();
    clear(thread->own);
  }
  clear(world.shared);
}

void raise_events(const World &world, const Threads &threads, uint64_t turn) {
  constexpr uint64_t kTurns = 8;
  const auto raise = [&](const auto &slots) {
    for (size_t i = 0; i < slots.size(); ++i)
      if (const nxs_handle event = slots[i].get(); event && i % kTurns == turn % kTurns)
        world.table->SignalEvent(event, UINT64_MAX);
  };
  raise(world.shared[NXS_Kind_Event]);
  for (const auto &thread : threads) raise(thread->own[NXS_Kind_Event]);
}

size_t allocated_nbytes() {
#if defined(SOAK_SANITIZED)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

void limit_memory() {
#if !defined(SOAK_SANITIZED)
  constexpr rlim_t kMore = rlim_t{1} << 30;  // bytes; less than the least of the huge sizes
  size_t n_pages = 0;
  std::ifstream("/proc/self/statm") >> n_pages;
  const rlim_t most = n_pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kMore;
  const rlimit limit{most, most};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
}

}  // namespace soak
