// How runs of the cpu plugin end: bounded calls, joiners, what is remembered, what is let go,
// times.
#include <atomic>
#include <cstring>
#include <thread>

#include "cpu.hpp"

using namespace nxs::test;

namespace {

constexpr nxs_flags kBlocking = NXS_RunFlags_Blocking, kBounded = kBlocking | NXS_RunFlags_Bounded;
constexpr double kSliceMs = 50, kSlackMs = 300;  // of a busy machine

int64_t use_count(nxs_handle buffer) {
  int64_t count = -1;
  size_t nbytes = sizeof count;
  CHECK(api->GetBufferProperty(buffer, NP_UseCount, &count, &nbytes) == NXS_Success);
  return count;
}

void test_a_bounded_run_leaves_slow_groups_to_the_pool() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
  dispatch(schedule, "slow", buffer, 1, 3000);  // 1 ms each
  auto begin = std::chrono::steady_clock::now();
  const int64_t ticket = api->RunSchedule(schedule, stream, kBounded);
  CHECK(ms_since(begin) < kSliceMs + kSlackMs);
  begin = std::chrono::steady_clock::now();
  CHECK(api->WaitRun(stream, ticket, 0) == NXS_Timeout);
  CHECK(ms_since(begin) < kSlackMs);  // a look does not work
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(api->RunSchedule(schedule, stream, NXS_RunFlags_Bounded) == NXS_InvalidValue);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
}

void test_a_bounded_run_looks_at_the_clock_between_commands() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
  for (int i = 0; i < 12; ++i) dispatch(schedule, "slow100", buffer, 1, 1);
  const auto begin = std::chrono::steady_clock::now();
  const int64_t ticket = api->RunSchedule(schedule, stream, kBounded);
  CHECK(ms_since(begin) < 200 + kSlackMs);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
}

// Every worker is in a kernel; the joiner drains its own stream.
void test_a_joiner_waits_for_no_worker() {
  Buffer buffer(1), other(1);
  const nxs_handle slow = api->CreateSchedule(0, 0), quick = api->CreateSchedule(0, 0);
  for (int i = 0; i < 10; ++i) dispatch(slow, "slow100", other, 1, 1);
  dispatch(quick, "add_one", buffer, 1, 1);
  std::vector<nxs_handle> streams;
  for (int i = 0; i < 8; ++i) streams.push_back(api->CreateStream(0, 0));
  for (const nxs_handle stream : streams) CHECK(api->RunSchedule(slow, stream, 0) > 0);
  usleep(20000);
  const nxs_handle stream = api->CreateStream(0, 0);
  const auto begin = std::chrono::steady_clock::now();
  const int64_t ticket = api->RunSchedule(quick, stream, 0);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(ms_since(begin) < 90 + kSlackMs);
  for (const nxs_handle handle : streams) {
    CHECK(api->SynchronizeStream(handle, NXS_WAIT_FOREVER) == NXS_Success);
    api->ReleaseStream(handle);
  }
  api->ReleaseStream(stream);
  for (const nxs_handle handle : {slow, quick}) api->ReleaseSchedule(handle);
}

void test_times_do_not_push_a_failure_out() {
  Buffer buffer(64);
  const nxs_handle failing = api->CreateSchedule(0, 0), timed = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  dispatch(failing, "fails", buffer, 1, 64);
  dispatch(timed, "add_one", buffer, 64, 64);
  const int64_t ticket = api->RunSchedule(failing, stream, 0);
  for (int i = 0; i < 5000; ++i) api->RunSchedule(timed, stream, kBlocking | NXS_RunFlags_Timing);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_ExecutionFailed);
  for (int i = 0; i < 5000; ++i) api->RunSchedule(failing, stream, kBlocking);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_ProfilingInfoNotAvailable);
  CHECK(contains(api->GetLastError(), "too long ago"));
  for (const nxs_handle handle : {failing, timed}) api->ReleaseSchedule(handle);
  api->ReleaseStream(stream);
}

void test_a_buffer_replaced_in_flight_is_let_go() {
  Buffer before(64), after(64);
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->CreateWaitCommand(schedule, gate, 1);
  const nxs_handle command = dispatch(schedule, "add_one", before, 64, 64);
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  CHECK(api->SetCommandArgument(command, 0, after.handle) == NXS_Success);
  CHECK(use_count(before.handle) == 1);
  api->SignalEvent(gate, 1);
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(use_count(before.handle) == 0);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(gate);
}

void test_only_a_failing_call_changes_the_last_error() {
  Buffer buffer(64);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
  dispatch(schedule, "fails", buffer, 1, 64);
  CHECK(api->ReleaseBuffer(77) == NXS_InvalidBuffer);
  const std::string text = api->GetLastError();
  for (int i = 0; i < 20; ++i) {
    CHECK(api->RunSchedule(schedule, stream, 0) > 0);
    CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
    CHECK(text == api->GetLastError());
  }
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
}

void test_a_chain_of_failures_tells_the_first_cause_once() {
  Buffer buffer(64);
  const nxs_handle failing = api->CreateSchedule(0, 0);
  std::vector<nxs_handle> events{api->CreateEvent(0, 0)}, schedules{failing};
  dispatch(failing, "fails", buffer, 1, 64);
  api->CreateSignalCommand(failing, events[0], 1);
  for (int i = 0; i < 5; ++i) {
    schedules.push_back(api->CreateSchedule(0, 0));
    events.push_back(api->CreateEvent(0, 0));
    api->CreateWaitCommand(schedules.back(), events[static_cast<size_t>(i)], 1);
    api->CreateSignalCommand(schedules.back(), events.back(), 1);
  }
  for (const nxs_handle schedule : schedules) {
    const nxs_handle stream = api->CreateStream(0, 0);
    CHECK(api->RunSchedule(schedule, stream, 0) > 0);
    api->ReleaseStream(stream);
  }
  CHECK(api->WaitEvent(events.back(), 1, NXS_WAIT_FOREVER) ==
        NXS_ExecStatusErrorForEventsInWaitList);
  const std::string text = api->GetLastError();
  CHECK(contains(text, "the kernel gave up: ") && text.find("failed:") == text.rfind("failed:"));
  for (const nxs_handle handle : schedules) api->ReleaseSchedule(handle);
  for (const nxs_handle handle : events) api->ReleaseEvent(handle);
}

void test_two_wraps_of_one_memory_overlap() {
  std::vector<int> memory(64);
  const size_t nbytes = memory.size() * sizeof(int);
  const nxs_handle a = api->CreateBuffer(0, nbytes, NXS_BufferFlags_Wrap, memory.data());
  const nxs_handle b = api->CreateBuffer(0, nbytes, NXS_BufferFlags_Wrap, memory.data());
  CHECK(api->CopyBufferRegion(a, 0, b, 4, 32, 0, kBlocking) == NXS_MemCopyOverlap);
  CHECK(api->CopyBufferRegion(a, 0, b, 128, 128, 0, kBlocking) > 0);
  for (const nxs_handle handle : {a, b}) api->ReleaseBuffer(handle);
}

void test_a_struct_by_value_is_aligned_as_a_vector() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0), found = kernel("wide");
  const nxs_handle command = api->CreateCommand(schedule, found);
  const char value[64] = {};
  for (int i = 0; i < 8; ++i) {
    CHECK(api->SetCommandScalar(command, 0, value, sizeof value) == NXS_Success);
    CHECK(api->SetCommandArgument(command, 1, buffer.handle) == NXS_Success);
    CHECK(api->FinalizeCommand(command, {1, 1, 1}, {1, 1, 1}) == NXS_Success);
    CHECK(api->RunSchedule(schedule, 0, kBlocking) > 0 && buffer.all(0));
  }
  api->ReleaseKernel(found);
  api->ReleaseSchedule(schedule);
}

void test_times_are_those_of_the_newest_run() {
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle wait = api->CreateWaitCommand(schedule, gate, 1),
                   stream = api->CreateStream(0, 0);
  const int64_t ticket = api->RunSchedule(schedule, stream, NXS_RunFlags_Timing);
  usleep(30000);
  api->SignalEvent(gate, 1);
  CHECK(api->WaitRun(stream, ticket, NXS_WAIT_FOREVER) == NXS_Success);
  double ms = 0;
  size_t nbytes = sizeof ms;
  CHECK(api->GetCommandProperty(wait, NP_ElapsedTime, &ms, &nbytes) == NXS_Success && ms >= 20);
  CHECK(api->RunSchedule(schedule, stream, kBlocking) > 0);
  CHECK(api->GetScheduleProperty(schedule, NP_ElapsedTime, &ms, &nbytes) ==
        NXS_ProfilingInfoNotAvailable);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(gate);
}

void test_a_non_blocking_run_never_runs_on_the_caller() {
  const std::string path = build(R"(
#include <nexus/cpu_kernel.h>
#include <pthread.h>
NXS_CPU_KERNEL(who, out(unsigned long, y)) { y[0] = reinterpret_cast<unsigned long>(pthread_self()); }
)",
                                 "who");
  const nxs_handle found_in = api->CreateLibraryFromFile(0, path.c_str());
  std::remove(path.c_str());
  Buffer buffer(2);
  const nxs_handle schedule = api->CreateSchedule(0, 0), who = api->GetKernel(found_in, "who", 0);
  const nxs_handle command = api->CreateCommand(schedule, who);
  CHECK(api->SetCommandArgument(command, 0, buffer.handle) == NXS_Success);
  CHECK(api->FinalizeCommand(command, {1, 1, 1}, {1, 1, 1}) == NXS_Success);
  const auto ran_here = [&] {
    unsigned long who_ran = 0;
    std::memcpy(&who_ran, buffer.read().data(), sizeof who_ran);
    return who_ran == reinterpret_cast<unsigned long>(pthread_self());
  };
  const int64_t ticket = api->RunSchedule(schedule, 0, 0);
  CHECK(ticket > 0);
  std::string status;  // a wait would work on the run itself
  for (int i = 0; i < 5000 && status != "complete"; ++i) {
    usleep(2000);
    char text[32] = {};
    size_t nbytes = sizeof text;
    CHECK(api->GetRunProperty(api->GetDefaultStream(0), ticket, NP_Status, text, &nbytes) ==
          NXS_Success);
    status = text;
  }
  CHECK(!ran_here());
  CHECK(api->RunSchedule(schedule, 0, kBlocking) > 0 && ran_here());
  api->ReleaseKernel(who);
  api->ReleaseLibrary(found_in);
  api->ReleaseSchedule(schedule);
}

}  // namespace

int main(int, char **argv) {
  start(argv[1]);
  test_a_bounded_run_leaves_slow_groups_to_the_pool();
  test_a_bounded_run_looks_at_the_clock_between_commands();
  test_a_joiner_waits_for_no_worker();
  test_times_do_not_push_a_failure_out();
  test_a_buffer_replaced_in_flight_is_let_go();
  test_only_a_failing_call_changes_the_last_error();
  test_a_chain_of_failures_tells_the_first_cause_once();
  test_two_wraps_of_one_memory_overlap();
  test_a_struct_by_value_is_aligned_as_a_vector();
  test_times_are_those_of_the_newest_run();
  test_a_non_blocking_run_never_runs_on_the_caller();
  return nxs::test::failures();
}
