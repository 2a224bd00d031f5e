// What runs out: each allocation, thread call and file call of a plugin is made to fail in turn, on
// the whole path from loading to releasing. A call that is refused says so, loses nothing, and
// works when it is made again.
#include <algorithm>
#include <chrono>
#include <thread>

#include "cpu.hpp"
#include "everything.hpp"
#include "faults.hpp"

using namespace nxs::test;

namespace {

Faults &faults() { return Faults::instance(); }

bool is_one_of(int64_t status, std::initializer_list<nxs_status> statuses) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

// What may be answered to a function when something of this kind could not be had.
bool is_declared(Fault fault, const std::string &name, int64_t status) {
  const bool is_library = name == "CreateLibrary" || name == "CreateLibraryFromFile";
  const bool is_property = name == "GetDeviceProperty";
  if (fault == Fault::kFiles)
    return is_library ? is_one_of(status, {NXS_InvalidValue, NXS_InvalidBinary, NXS_OutOfResources})
                      : is_property && status == NXS_InvalidProperty;
  if (is_one_of(status, {NXS_OutOfHostMemory, NXS_OutOfResources})) return true;
  if (fault == Fault::kThreads) return false;
  return (name == "CreateBuffer" && status == NXS_MemObjectAllocationFailure) ||
         (is_library && status == NXS_InvalidBinary) ||
         (is_property && status == NXS_InvalidProperty) ||
         (name == "RunSchedule" && status == NXS_ProfilingInfoNotAvailable);
}

bool is_sentence(const std::string &text) {
  return text.size() > 20 && text.find(' ') != std::string::npos;
}

// Makes calls under a fault. One that is refused is made again without.
struct Shaken {
  const nxs_table &api;
  Fault fault;

  int64_t operator()(const char *name, bool sure, const Everything::Body &body) const {
    int64_t result = 0;
    const long n_vital = faults().n_vital;
    {
      const Armed armed(fault);
      result = body();
    }
    CHECK(result < 0 || faults().n_vital == n_vital);  // nothing is done by halves
    if (result >= 0) return result;
    const std::string text = api.GetLastError();
    if (sure || !is_declared(fault, name, result) || !is_sentence(text)) {
      std::fprintf(stderr, "nxs%s under fault: %ld %s\n", name, long(result), text.c_str());
      CHECK(!sure && is_declared(fault, name, result) && is_sentence(text));
    }
    return call_plainly(api, name, body);
  }
};

void set_faults(long n, bool for_good) {
  faults().n_left = n;
  faults().for_good = for_good;
  faults().n_failed = 0;
}

// Workers let go of what they hold a moment after a run is finished.
bool comes_back_to(long n_blocks, long n_more = 0) {
  const auto is_back = [&] {
    const long n = faults().n_blocks;
    return n >= n_blocks && n <= n_blocks + n_more;
  };
  for (int i = 0; i < 20000 && !is_back(); ++i) usleep(500);
  return is_back();
}

// Each waits until all workers are here.
constexpr const char *kMeetSource = R"(
#include <nexus/cpu_kernel.h>
#include <unistd.h>
static int n_here;
NXS_CPU_KERNEL(meet, val(int, n), inout(int, y)) {
  __atomic_add_fetch(&n_here, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 100000 && __atomic_load_n(&n_here, __ATOMIC_RELAXED) < n; ++i) usleep(100);
}
)";

int64_t submit_meeting(const nxs_table &api, nxs_handle kernel, nxs_handle buffer, int n_workers,
                       nxs_handle stream) {
  const nxs_handle schedule = api.CreateSchedule(0, 0);
  const nxs_handle command = api.CreateCommand(schedule, kernel);
  CHECK(api.SetCommandScalar(command, 0, &n_workers, sizeof n_workers) == NXS_Success);
  CHECK(api.SetCommandArgument(command, 1, buffer) == NXS_Success);
  CHECK(api.SetCommandOption(command, NXS_CommandOption_GroupMemoryBytes, 4096) == NXS_Success);
  CHECK(api.FinalizeCommand(command, {1, 1, 1}, {1, 1, 1}) == NXS_Success);
  const int64_t ticket = api.RunSchedule(schedule, stream, 0);
  api.ReleaseCommand(command);
  api.ReleaseSchedule(schedule);
  return ticket;
}

// A worker keeps the memory of its groups from its first one on: every one has it behind this.
void let_every_worker_work(const Target &target, const std::string &meeting_path) {
  const nxs_table &api = *target.api;
  int64_t n_threads = 0;
  size_t nbytes = sizeof n_threads;
  CHECK(api.GetRuntimeProperty(NP_ThreadCount, &n_threads, &nbytes) == NXS_Success);
  const int n_workers = std::max(1, int(n_threads) - 1);
  const nxs_handle library = api.CreateLibraryFromFile(0, meeting_path.c_str());
  const nxs_handle kernel = api.GetKernel(library, "meet", 0);
  const nxs_handle buffer = api.CreateBuffer(0, 64, 0, nullptr);
  std::vector<std::pair<nxs_handle, int64_t>> runs;
  for (int i = 0; i < n_workers; ++i) {
    const nxs_handle stream = api.CreateStream(0, 0);
    runs.emplace_back(stream, submit_meeting(api, kernel, buffer, n_workers, stream));
  }
  for (const auto &[stream, ticket] : runs) {
    while (api.WaitRun(stream, ticket, 0) == NXS_Timeout) usleep(1000);  // a look never works
    CHECK(api.WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
    api.ReleaseStream(stream);
  }
  api.ReleaseBuffer(buffer);
  api.ReleaseKernel(kernel);
  api.ReleaseLibrary(library);
}

// The N-th call of this kind fails, for every N, in a plugin that has been used before: nothing is
// left behind.
void test_everything_under(Fault fault, const Target &target, bool for_good) {
  for (int i = 0; i < 3; ++i) do_everything(target);
  CHECK(target.api->ReleaseBuffer(0) == NXS_InvalidBuffer);  // a thread's text takes a block
  usleep(100000);
  const long n_blocks = faults().n_blocks;
  for (long n = 0;; ++n) {
    set_faults(n, for_good);
    Everything(target, Shaken{*target.api, fault}).run();
    const bool clean = comes_back_to(n_blocks);
    if (!clean)
      std::fprintf(stderr, "fault %d, call %ld: %ld blocks and %ld before\n", int(fault), n,
                   faults().n_blocks.load(), n_blocks);
    CHECK(clean);
    if (faults().n_failed == 0 || nxs::test::failures()) break;
    CHECK(n < 20000);
  }
}

// All that a plugin has is used: what is not here, no fault was tried on.
void test_every_function_is_called(const Target &target) {
  Everything everything(target, [&](const char *name, bool, const Everything::Body &body) {
    return call_plainly(*target.api, name, body);
  });
  everything.run();
  const std::set<std::string> elsewhere = {"Initialize", "GetApiVersion", "GetLastError"};
#define NXS_FUNCTION(name, returns, parameters, arguments, required)                    \
  if (target.api->name && !everything.called().count(#name) && !elsewhere.count(#name)) \
    nxs::test::report(false, "nxs" #name " is called", __FILE__, __LINE__);
#include "nexus/nxs_api.def"
#undef NXS_FUNCTION
}

#if !defined(__SANITIZE_THREAD__)  // the thread sanitizer allows no thread after a fork

// Loads a plugin, as it is in a fresh process.
int64_t load(const std::string &plugin, Fault fault) {
  auto &loader = nxs::loader::Loader::instance();
  const long n_vital = faults().n_vital;
  try {
    const Armed armed(fault);
    const nxs::loader::Outcome outcome = loader.load(plugin);
    CHECK(outcome.result < 0 || faults().n_vital == n_vital);
    CHECK(outcome.result >= 0 || outcome.result == NXS_OutOfHostMemory || !outcome.text.empty());
    return outcome.result;
  } catch (const std::bad_alloc &) {
    return NXS_OutOfHostMemory;
  }
}

constexpr int kNothingFailed = 99;  // an exit status

// In the child of a fork: the N-th call fails in a plugin that is not loaded yet.
int first_use(const std::string &plugin, const std::string &name, const std::string &library,
              Fault fault) {
  alarm(60);  // seconds; a hang is a failure too
  auto &loader = nxs::loader::Loader::instance();
  int64_t runtime = load(plugin, fault);
  if (runtime < 0) runtime = load(plugin, Fault::kNone);
  CHECK(runtime == 0);
  if (runtime != 0) return 1;
  const Target used = target(*nxs_table_at(loader.slots(), 0), name, library);
  Everything(used, Shaken{*used.api, fault}).run_once();
  const bool nothing_failed = faults().n_failed == 0;
  do_everything(used);
  if (nxs::test::failures()) return 1;
  return nothing_failed ? kNothingFailed : 0;
}

void test_first_use_under(Fault fault, const std::string &folder, const std::string &name,
                          const std::string &library, bool for_good) {
  const std::string plugin = plugin_path(folder, name);
  for (long n = 0;; ++n) {
    const pid_t child = fork();
    if (child == 0) {
      nxs::test::failures() = 0;  // those of the parent were told
      set_faults(n, for_good);
      _exit(first_use(plugin, name, library, fault));
    }
    int status = 0;
    waitpid(child, &status, 0);
    const bool ended = WIFEXITED(status);
    if (ended && WEXITSTATUS(status) == kNothingFailed) break;
    if (!ended || WEXITSTATUS(status) != 0)
      std::fprintf(stderr, "%s, fault %d, call %ld: status %x\n", name.c_str(), int(fault), n,
                   unsigned(status));
    CHECK(ended && WEXITSTATUS(status) == 0);
    if (nxs::test::failures()) break;
    CHECK(n < 5000);
  }
}

#endif

// What is kept for a thread goes with it: the text of a failure, the memory of groups.
void test_a_thread_leaves_nothing(const Target &target) {
  const auto in_a_thread = [&] {
    std::thread([&] {
      CHECK(target.api->ReleaseBuffer(0) == NXS_InvalidBuffer);
      do_everything(target);
    }).join();
  };
  for (int i = 0; i < 3; ++i) in_a_thread();
  usleep(100000);
  const long n_blocks = faults().n_blocks;
  for (int i = 0; i < 20; ++i) in_a_thread();
  CHECK(comes_back_to(n_blocks, 2));  // a table may have grown, but not for each thread
}

// A signal wakes whom it must whatever is lacking: it was promised when the wait was submitted.
void test_a_signal_without_memory_wakes_whom_it_must(long n) {
  Buffer buffer(1);
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->ReleaseCommand(api->CreateWaitCommand(schedule, gate, 1));
  api->ReleaseCommand(dispatch(schedule, "add_one", buffer, 1, 1));
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  set_faults(n, true);
  {
    const Armed armed(Fault::kMemory);
    CHECK(api->SignalEvent(gate, 1) == NXS_Success);
  }
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success && buffer.all(1));
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(gate);
}

// The run is refused, fails, or succeeds; the stream is usable after each.
bool test_a_failing_run_without_memory_still_ends(long n) {
  Buffer buffer(64);
  const nxs_handle event = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->ReleaseCommand(dispatch(schedule, "fails", buffer, 1, 64));
  api->ReleaseCommand(api->CreateSignalCommand(schedule, event, 1));
  const nxs_flags flags = NXS_RunFlags_Blocking | NXS_RunFlags_Timing;
  set_faults(n, false);
  {
    const Armed armed(Fault::kMemory);
    CHECK(api->RunSchedule(schedule, stream, flags) < 0);
  }
  const bool met = faults().n_failed > 0;
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(api->RunSchedule(schedule, stream, flags) == NXS_ExecutionFailed);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(event);
  return met;
}

}  // namespace

int main(int, char **argv) {
  const std::string folder = argv[1], library_path = build(kEverySource, "every");
  const std::string meeting_path = build(kMeetSource, "meet");
  constexpr Fault kFaults[] = {Fault::kMemory, Fault::kThreads, Fault::kFiles};
#if !defined(__SANITIZE_THREAD__)
  for (const char *name : {"cpu", "null"})
    for (const Fault fault : kFaults)
      for (const bool for_good : {false, true})
        test_first_use_under(fault, folder, name, library_path, for_good);
#endif
  for (const char *name : {"cpu", "null"}) {
    const Target used = target(plugin(folder, name), name, library_path);
    if (used.computes) let_every_worker_work(used, meeting_path);
    test_every_function_is_called(used);
    test_a_thread_leaves_nothing(used);
    for (const Fault fault : kFaults)
      for (const bool for_good : {false, true}) test_everything_under(fault, used, for_good);
  }
  start(folder);
  for (long n = 0; n < 8; ++n) test_a_signal_without_memory_wakes_whom_it_must(n);
  for (long n = 0; test_a_failing_run_without_memory_still_ends(n); ++n) CHECK(n < 100);
  std::remove(library_path.c_str());
  std::remove(meeting_path.c_str());
  return nxs::test::failures();
}
