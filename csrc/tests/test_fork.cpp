// Forks from several threads beside threads that do everything: each child finds every lock free
// and every list whole, makes and runs something of its own, and ends.
#include <atomic>
#include <thread>

#include "everything.hpp"

using namespace nxs::test;

// The thread sanitizer refuses threads after a fork, for its own sake, unless told otherwise.
extern "C" NXS_EXPORT const char *__tsan_default_options();
extern "C" const char *__tsan_default_options() { return "die_after_fork=0"; }

namespace {

#if defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)  // a fork takes twenty times as long
constexpr int kForks = 6, kHotForks = 40;
#else
constexpr int kForks = 25, kHotForks = 200;
#endif
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif
constexpr int kForkers = 2, kBusy = 2;
constexpr uint64_t kLongNs = 60'000'000'000;

// Ends a child that hangs; the parent sees the signal.
void limit_time() { alarm(100); }  // seconds

bool ends_well(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) std::fprintf(stderr, "a child ended with status %x\n", unsigned(status));
  return status == 0;
}

void test_forks_beside_busy_threads(const Target &target) {
  std::atomic<bool> stop{false};
  std::atomic<int> n_done{0};
  std::vector<std::thread> busy, forkers;
  for (int i = 0; i < kBusy; ++i)
    busy.emplace_back([&] {
      while (!stop) do_everything(target), ++n_done;
    });
  for (int i = 0; i < kForkers; ++i)
    forkers.emplace_back([&] {
      for (int n = 0; n < kForks; ++n) {
        const pid_t child = fork();
        if (child == 0) {
          limit_time();
          nxs::test::failures() = 0;  // those of the parent were told
          do_everything(target);
          _exit(nxs::test::failures() ? 1 : 0);
        }
        CHECK(ends_well(child));
      }
    });
  for (std::thread &thread : forkers) thread.join();
  stop = true;
  for (std::thread &thread : busy) thread.join();
  CHECK(n_done > 0);
}

// Objects that threads use all the time in short calls, so that one of their locks is held at most
// moments. The child uses the same ones.
class Hot {
 public:
  explicit Hot(const Target &target)
      : api_(*target.api),
        path_(target.path),
        library_(api_.CreateLibraryFromFile(0, path_.c_str())),
        kernel_(api_.GetKernel(library_, "add", 0)),
        buffer_(api_.CreateBuffer(0, 64 * sizeof(int), 0, nullptr)),
        stream_(api_.CreateStream(0, 0)),
        event_(api_.CreateEvent(0, 0)),
        schedule_(api_.CreateSchedule(0, 0)),
        command_(api_.CreateCommand(schedule_, kernel_)) {
    const int one = 1;
    CHECK(api_.SetCommandScalar(command_, 0, &one, sizeof one) == NXS_Success);
    CHECK(api_.SetCommandArgument(command_, 1, buffer_) == NXS_Success);
    CHECK(api_.FinalizeCommand(command_, {64, 1, 1}, {64, 1, 1}) == NXS_Success);
  }
  Hot(const Hot &) = delete;
  Hot &operator=(const Hot &) = delete;
  ~Hot() {
    api_.ReleaseCommand(command_);
    api_.ReleaseSchedule(schedule_);
    api_.ReleaseEvent(event_);
    api_.ReleaseStream(stream_);
    api_.ReleaseBuffer(buffer_);
    api_.ReleaseKernel(kernel_);
    api_.ReleaseLibrary(library_);
  }

  // The locks of schedules, queues, outcomes and the pool.
  void run() {
    CHECK(api_.RunSchedule(schedule_, stream_, NXS_RunFlags_Blocking) > 0);
    CHECK(api_.RunSchedule(schedule_, stream_, 0) > 0);
    CHECK(api_.SynchronizeStream(stream_, NXS_WAIT_FOREVER) == NXS_Success);
  }
  // Of values, arguments and tables.
  void touch() {
    int64_t number = 0;
    char text[256];
    size_t nbytes = sizeof number, room = sizeof text;
    CHECK(api_.SignalEvent(event_, ++value_) == NXS_Success);
    CHECK(api_.GetCommandProperty(command_, NP_Arguments, text, &room) == NXS_Success);
    CHECK(api_.GetBufferProperty(buffer_, NP_Size, &number, &nbytes) == NXS_Success);
    CHECK(api_.ReleaseEvent(api_.CreateEvent(0, 0)) == NXS_Success);
  }
  // Of streams and of libraries that are open.
  void open() {
    CHECK(api_.ReleaseStream(api_.CreateStream(0, 0)) == NXS_Success);
    CHECK(api_.ReleaseLibrary(api_.CreateLibraryFromFile(0, path_.c_str())) == NXS_Success);
  }

 private:
  const nxs_table &api_;
  const std::string path_;
  const nxs_handle library_, kernel_, buffer_, stream_, event_, schedule_, command_;
  std::atomic<uint64_t> value_{0};
};

void test_forks_beside_hot_locks(const Target &target) {
  Hot hot(target);
  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (void (Hot::*use)() : {&Hot::run, &Hot::touch, &Hot::open})
    busy.emplace_back([&, use] {
      while (!stop) (hot.*use)();
    });
  for (int n = 0; n < kHotForks; ++n) {
    const pid_t child = fork();
    if (child == 0) {
      limit_time();
      nxs::test::failures() = 0;  // those of the parent were told
      hot.touch(), hot.open(), hot.run();
      _exit(nxs::test::failures() ? 1 : 0);
    }
    CHECK(ends_well(child));
  }
  stop = true;
  for (std::thread &thread : busy) thread.join();
}

// A child forks too, and so on.
void test_a_child_may_fork(const Target &target) {
  const pid_t child = fork();
  if (child == 0) {
    limit_time();
    do_everything(target);
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      do_everything(target);
      _exit(nxs::test::failures() ? 1 : 0);
    }
    CHECK(ends_well(grandchild));
    do_everything(target);
    _exit(nxs::test::failures() ? 1 : 0);
  }
  CHECK(ends_well(child));
}

// What a thread of the parent waited for, nobody waits for in the child: the event can be reset,
// and a signal wakes nobody that is not there.
void test_a_waiting_thread_stays_in_the_parent(const nxs_table &api) {
  const nxs_handle event = api.CreateEvent(0, 0), stream = api.CreateStream(0, 0),
                   schedule = api.CreateSchedule(0, 0);
  api.ReleaseCommand(api.CreateWaitCommand(schedule, event, 2));
  const int64_t ticket = api.RunSchedule(schedule, stream, 0);
  std::atomic<bool> waits{false};
  std::thread waiting([&] {
    waits = true;
    CHECK(api.WaitEvent(event, 1, NXS_WAIT_FOREVER) == NXS_Success);
  });
  while (!waits) usleep(1000);
  usleep(50000);
  const pid_t child = fork();
  if (child == 0) {
    limit_time();
    CHECK(api.WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_ExecutionFailed);
    CHECK(contains(api.GetLastError(), "forked"));
    CHECK(api.ResetEvent(event, 0) == NXS_Success);
    CHECK(api.SignalEvent(event, 1) == NXS_Success);
    CHECK(api.WaitEvent(event, 2, 1000000) == NXS_Timeout);
    CHECK(api.SignalEvent(event, 2) == NXS_Success);
    CHECK(api.RunSchedule(schedule, stream, NXS_RunFlags_Blocking) == ticket + 1);
#if !defined(__SANITIZE_THREAD__)  // to it the parent's thread has the number of the new one still
    for (uint64_t value = 3; value < 6; ++value) {
      std::thread sleeper([&] { CHECK(api.WaitEvent(event, value, kLongNs) == NXS_Success); });
      usleep(20000);
      CHECK(api.SignalEvent(event, value) == NXS_Success);
      sleeper.join();
    }
#endif
    _exit(nxs::test::failures() ? 1 : 0);
  }
  CHECK(ends_well(child));
  CHECK(api.ResetEvent(event, 0) == NXS_InvalidOperation);
  CHECK(api.SignalEvent(event, 2) == NXS_Success);
  waiting.join();
  CHECK(api.WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  api.ReleaseSchedule(schedule);
  api.ReleaseStream(stream);
  api.ReleaseEvent(event);
}

// Streams that only the event they wait for still owns, and a run that would have signalled it: the
// child ends the runs of all.
void test_streams_without_a_handle_are_ended(const nxs_table &api) {
  constexpr int kStreams = 100;
  std::vector<nxs_handle> events;
  const nxs_handle first = api.CreateStream(0, 0), gate = api.CreateEvent(0, 0),
                   later = api.CreateEvent(0, 0), opener = api.CreateSchedule(0, 0);
  api.ReleaseCommand(api.CreateWaitCommand(opener, gate, 1));
  for (int i = 0; i < kStreams; ++i) {
    events.push_back(api.CreateEvent(0, 0));
    api.ReleaseCommand(api.CreateSignalCommand(opener, events.back(), 1));
  }
  const int64_t ticket = api.RunSchedule(opener, first, 0);
  for (int i = 0; i < kStreams; ++i) {
    const nxs_handle stream = api.CreateStream(0, 0), schedule = api.CreateSchedule(0, 0);
    nxs_handle inner = api.CreateEvent(0, 0);
    for (int n = 0; n < i % 7; ++n)  // so that some pair shares a lock
      api.ReleaseEvent(std::exchange(inner, api.CreateEvent(0, 0)));
    api.ReleaseCommand(api.CreateWaitCommand(schedule, events[i], 1));
    api.ReleaseCommand(api.CreateSignalCommand(schedule, inner, 1));
    api.ReleaseCommand(api.CreateWaitCommand(schedule, later, 1));
    CHECK(api.RunSchedule(schedule, stream, 0) > 0);
    api.ReleaseStream(stream), api.ReleaseSchedule(schedule), api.ReleaseEvent(inner);
  }
  usleep(100000);  // all of them wait by now
  const pid_t child = fork();
  if (child == 0) {
    limit_time();
    nxs::test::failures() = 0;  // those of the parent were told
    CHECK(api.ResetEvent(later, 0) == NXS_Success);
    for (const nxs_handle event : events) CHECK(api.ResetEvent(event, 0) == NXS_Success);
    _exit(nxs::test::failures() ? 1 : 0);
  }
  CHECK(ends_well(child));
  CHECK(api.SignalEvent(later, 1) == NXS_Success && api.SignalEvent(gate, 1) == NXS_Success);
  CHECK(api.WaitRun(first, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  for (const nxs_handle event : events) api.ReleaseEvent(event);
  api.ReleaseSchedule(opener), api.ReleaseStream(first);
  api.ReleaseEvent(gate), api.ReleaseEvent(later);
}

}  // namespace

int main(int, char **argv) {
  const std::string library = build(kEverySource, "fork");
  for (const char *name : {"null", "cpu"}) {
    const Target used = target(plugin(argv[1], name), name, library);
    test_a_waiting_thread_stays_in_the_parent(*used.api);
    test_streams_without_a_handle_are_ended(*used.api);
    test_a_child_may_fork(used);
    if (kAddressSanitizer) continue;  // it forks with its own locks as they are, held ones too
    test_forks_beside_busy_threads(used);
    test_forks_beside_hot_locks(used);
  }
  std::remove(library.c_str());
  return nxs::test::failures();
}
