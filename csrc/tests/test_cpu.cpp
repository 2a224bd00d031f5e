// The cpu plugin through the C API: grids, schedules, waits before signals, failures, lifetime,
// threads.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cpu.hpp"

using namespace nxs::test;

namespace {

void test_every_item_runs_once() {
  for (const uint32_t n : {1u, 63u, 64u, 65u, 1000u, 100003u})
    for (const uint32_t group : {1u, 7u, 64u, 4096u}) {
      Buffer buffer(n);
      const nxs_handle schedule = api->CreateSchedule(0, 0);
      dispatch(schedule, "add_one", buffer, group, n);
      for (int i = 1; i <= 3; ++i) CHECK(api->RunSchedule(schedule, 0, NXS_RunFlags_Blocking) > 0);
      CHECK(buffer.all(3));
      api->ReleaseSchedule(schedule);
    }
}

void test_a_copy_sees_runs_submitted_before() {
  Buffer buffer(50000);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
  dispatch(schedule, "add_one", buffer, 256, 50000);
  for (int i = 0; i < 20; ++i) CHECK(api->RunSchedule(schedule, stream, 0) == i + 1);
  CHECK(buffer.all(20));
  api->ReleaseStream(stream);
  api->ReleaseSchedule(schedule);
}

// Two streams; the wait is submitted before its signal.
void test_a_wait_submitted_first_waits() {
  Buffer buffer(1000);
  const nxs_handle event = api->CreateEvent(0, NXS_EventType_Shared);
  const nxs_handle first = api->CreateSchedule(0, 0), second = api->CreateSchedule(0, 0);
  const nxs_handle a = api->CreateStream(0, 0), b = api->CreateStream(0, 0);
  api->CreateWaitCommand(first, event, 1);
  dispatch(first, "add_one", buffer, 64, 1000);
  dispatch(second, "add_one", buffer, 64, 1000);
  api->CreateSignalCommand(second, event, 1);
  const int64_t waiting = api->RunSchedule(first, a, 0);
  CHECK(api->WaitRun(a, waiting, 20'000'000) == NXS_Timeout);
  CHECK(contains(api->GetLastError(), "waited 20 ms"));
  CHECK(api->ResetEvent(event, 0) == NXS_InvalidOperation);
  CHECK(api->RunSchedule(second, b, 0) > 0);
  CHECK(api->WaitRun(a, waiting, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(buffer.all(2));
  CHECK(api->ResetEvent(event, 0) == NXS_Success);
  for (const nxs_handle handle : {first, second}) api->ReleaseSchedule(handle);
  for (const nxs_handle handle : {a, b}) api->ReleaseStream(handle);
  api->ReleaseEvent(event);
}

void test_a_failed_run_is_finished() {
  Buffer buffer(640);
  const nxs_handle event = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  dispatch(schedule, "fails", buffer, 64, 640);
  dispatch(schedule, "add_one", buffer, 64, 640);
  api->CreateSignalCommand(schedule, event, 1);
  CHECK(api->RunSchedule(schedule, 0, NXS_RunFlags_Blocking) == NXS_ExecutionFailed);
  CHECK(contains(api->GetLastError(), "the kernel gave up: "));
  CHECK(buffer.all(0));  // what came after was skipped
  CHECK(api->WaitEvent(event, 1, NXS_WAIT_FOREVER) == NXS_ExecStatusErrorForEventsInWaitList);
  CHECK(contains(api->GetLastError(), "the kernel gave up: "));
  const nxs_handle stream = api->GetDefaultStream(0);
  const int64_t ticket = api->RunSchedule(schedule, 0, 0);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_ExecutionFailed);
  const nxs_handle healthy = api->CreateSchedule(0, 0);
  dispatch(healthy, "add_one", buffer, 64, 640);
  CHECK(api->RunSchedule(healthy, 0, NXS_RunFlags_Blocking) > 0);  // the stream goes on
  CHECK(buffer.all(1));
  for (const nxs_handle handle : {schedule, healthy}) api->ReleaseSchedule(handle);
  api->ReleaseEvent(event);
}

void test_a_schedule_changed_in_flight_runs_as_submitted() {
  Buffer before(20000), after(20000);
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->CreateWaitCommand(schedule, gate, 1);
  const nxs_handle command = dispatch(schedule, "add_one", before, 64, 20000);
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  CHECK(api->SetCommandArgument(command, 0, after.handle) == NXS_Success);
  CHECK(api->FinalizeCommand(command, {128, 1, 1}, {20000, 1, 1}) == NXS_Success);
  CHECK(api->RunSchedule(schedule, stream, 0) == 2);
  CHECK(api->SignalEvent(gate, 1) == NXS_Success);
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(before.all(1) && after.all(1));
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(gate);
}

void test_runs_of_one_schedule_do_not_overlap() {
  Buffer buffer(3000);
  const nxs_handle schedule = api->CreateSchedule(0, 0), a = api->CreateStream(0, 0),
                   b = api->CreateStream(0, 0);
  dispatch(schedule, "add_one", buffer, 8, 3000);
  for (int i = 0; i < 50; ++i) CHECK(api->RunSchedule(schedule, i % 2 ? a : b, 0) > 0);
  CHECK(buffer.all(50));  // an overlap would lose additions
  api->ReleaseSchedule(schedule);
  for (const nxs_handle handle : {a, b}) api->ReleaseStream(handle);
}

void test_everything_may_be_released_in_flight() {
  const nxs_handle gate = api->CreateEvent(0, 0);
  std::vector<int> memory(5000);
  const nxs_handle wrapped =
      api->CreateBuffer(0, memory.size() * sizeof(int), NXS_BufferFlags_Wrap, memory.data());
  {
    const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
    api->ReleaseCommand(api->CreateWaitCommand(schedule, gate, 1));
    const nxs_handle found = kernel("add_one"), command = api->CreateCommand(schedule, found);
    api->SetCommandArgument(command, 0, wrapped);
    api->FinalizeCommand(command, {64, 1, 1}, {5000, 1, 1});
    CHECK(api->RunSchedule(schedule, stream, 0) == 1);
    api->ReleaseStream(stream);
    api->ReleaseCommand(command);
    api->ReleaseSchedule(schedule);
    api->ReleaseKernel(found);
  }
  const auto use_count = [&] {
    int64_t count = -1;
    size_t nbytes = sizeof count;
    CHECK(api->GetBufferProperty(wrapped, NP_UseCount, &count, &nbytes) == NXS_Success);
    return count;
  };
  CHECK(use_count() == 1);
  api->SignalEvent(gate, 1);
  CHECK(api->WaitBuffer(wrapped, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(use_count() == 0);
  CHECK(memory[4999] == 1);
  api->ReleaseBuffer(wrapped);
  api->ReleaseEvent(gate);
}

void test_bounded_run_comes_back_and_goes_on() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->GetDefaultStream(0);
  int64_t n_threads = 0;
  size_t nbytes = sizeof n_threads;
  CHECK(api->GetRuntimeProperty(NP_ThreadCount, &n_threads, &nbytes) == NXS_Success);
  dispatch(schedule, "slow", buffer, 1, static_cast<uint32_t>(200 * n_threads));  // 1 ms each
  const int64_t ticket =
      api->RunSchedule(schedule, 0, NXS_RunFlags_Blocking | NXS_RunFlags_Bounded);
  CHECK(ticket > 0 && api->WaitRun(stream, ticket, 0) == NXS_Timeout);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  api->ReleaseSchedule(schedule);
}

void test_times_are_taken_when_asked_for() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0);
  const nxs_handle command = dispatch(schedule, "slow", buffer, 1, 4);
  double ms = 0;
  size_t nbytes = sizeof ms;
  CHECK(api->GetScheduleProperty(schedule, NP_ElapsedTime, &ms, &nbytes) ==
        NXS_ProfilingInfoNotAvailable);
  CHECK(api->RunSchedule(schedule, 0, NXS_RunFlags_Blocking | NXS_RunFlags_Timing) > 0);
  CHECK(api->GetScheduleProperty(schedule, NP_ElapsedTime, &ms, &nbytes) == NXS_Success &&
        ms >= 1.0);
  CHECK(api->GetCommandProperty(command, NP_ElapsedTime, &ms, &nbytes) == NXS_Success && ms >= 1.0);
  api->ReleaseCommand(command);
  api->ReleaseSchedule(schedule);
}

void test_threads_share_a_device() {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([t] {
      Buffer buffer(2000);
      const nxs_handle schedule = api->CreateSchedule(0, 0),
                       stream = t % 2 ? api->CreateStream(0, 0) : 0;
      dispatch(schedule, "add_one", buffer, 32, 2000);
      for (int i = 0; i < 50; ++i)
        CHECK(api->RunSchedule(schedule, stream, i % 3 ? 0 : NXS_RunFlags_Blocking) > 0);
      CHECK(buffer.all(50));
      if (stream) api->ReleaseStream(stream);
      api->ReleaseSchedule(schedule);
    });
  for (std::thread &thread : threads) thread.join();
}

void test_one_thread_signals_what_others_wait_for() {
  const nxs_handle event = api->CreateEvent(0, 0);
  Buffer buffer(4096);
  std::vector<nxs_handle> streams, schedules;
  for (int i = 0; i < 16; ++i) {
    streams.push_back(api->CreateStream(0, 0));
    schedules.push_back(api->CreateSchedule(0, 0));
    api->CreateWaitCommand(schedules[i], event, static_cast<uint64_t>(i) + 1);
    dispatch(schedules[i], "add_one", buffer, 64, 4096);
    api->CreateSignalCommand(schedules[i], event, static_cast<uint64_t>(i) + 2);
  }
  for (int i = 15; i >= 0; --i) CHECK(api->RunSchedule(schedules[i], streams[i], 0) == 1);
  CHECK(api->SignalEvent(event, 1) == NXS_Success);
  CHECK(api->WaitEvent(event, 17, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(buffer.all(16));
  for (const nxs_handle handle : streams) api->ReleaseStream(handle);
  for (const nxs_handle handle : schedules) api->ReleaseSchedule(handle);
  api->ReleaseEvent(event);
}

// The thread sanitizer allows no thread after a fork, and emulators of one program none before it.
#if !defined(__SANITIZE_THREAD__) && !defined(NXS_EMULATED)

// In the child: bytes are there, what was in flight failed, and everything can be used again.
int check_child(nxs_handle schedule, nxs_handle stream, nxs_handle gate, Buffer &buffer) {
  CHECK(api->WaitRun(stream, 1, NXS_WAIT_FOREVER) == NXS_ExecutionFailed);
  CHECK(contains(api->GetLastError(), "forked"));
  CHECK(buffer.all(0));
  CHECK(api->SignalEvent(gate, 1) == NXS_Success);
  CHECK(api->RunSchedule(schedule, stream, NXS_RunFlags_Blocking) == 2);
  CHECK(api->RunSchedule(schedule, stream, 0) == 3);
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(buffer.all(2));
  return nxs::test::failures();
}

void test_the_child_of_a_fork_goes_on() {
  Buffer buffer(5000);
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->CreateWaitCommand(schedule, gate, 1);
  dispatch(schedule, "add_one", buffer, 64, 5000);
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  std::atomic<bool> stop{false};
  std::thread busy([&] {  // holds locks most of the time
    Buffer other(100);
    const nxs_handle more = api->CreateSchedule(0, 0);
    dispatch(more, "add_one", other, 1, 100);
    while (!stop) api->RunSchedule(more, 0, NXS_RunFlags_Blocking);
    api->ReleaseSchedule(more);
  });
  for (int i = 0; i < 10; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(check_child(schedule, stream, gate, buffer));
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop = true;
  busy.join();
  CHECK(api->SignalEvent(gate, 1) == NXS_Success);
  CHECK(api->WaitRun(stream, 1, NXS_WAIT_FOREVER) == NXS_Success);  // the parent's run is untouched
  CHECK(buffer.all(1));
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(gate);
}

#endif

// Runs this program again for each number of threads: the pool reads it once.
int run_with_threads(const char *program, const char *folder) {
  int failed = 0;
  for (const char *n : {"1", "2", "8"}) {
    setenv("NEXUS_CPU_THREADS", n, 1);
    const std::string command = std::string(program) + " " + folder + " again";
    if (std::system(command.c_str()) != 0)
      std::fprintf(stderr, "failed with NEXUS_CPU_THREADS=%s\n", n), ++failed;
  }
  return failed;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2) return run_with_threads(argv[0], argv[1]);
  start(argv[1]);
  test_every_item_runs_once();
  test_a_copy_sees_runs_submitted_before();
  test_a_wait_submitted_first_waits();
  test_a_failed_run_is_finished();
  test_a_schedule_changed_in_flight_runs_as_submitted();
  test_runs_of_one_schedule_do_not_overlap();
  test_everything_may_be_released_in_flight();
  test_bounded_run_comes_back_and_goes_on();
  test_times_are_taken_when_asked_for();
  test_threads_share_a_device();
  test_one_thread_signals_what_others_wait_for();
#if !defined(__SANITIZE_THREAD__) && !defined(NXS_EMULATED)
  test_the_child_of_a_fork_goes_on();
#endif
  return nxs::test::failures();
}
