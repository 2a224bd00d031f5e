// What runs out: the N-th allocation of a submission or signal, and threads. The stream goes on.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <new>
#include <utility>

#include "cpu.hpp"

using namespace nxs::test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int main() { return 0; }  // the sanitizers have allocators and threads of their own
#else

namespace {
thread_local long allocations_left = -1;  // negative: no end
std::atomic<bool> no_threads{false};
}  // namespace

void *operator new(size_t nbytes) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  if (void *data = std::malloc(nbytes)) return data;
  throw std::bad_alloc();
}
void operator delete(void *data) noexcept { std::free(data); }
void operator delete(void *data, size_t) noexcept { std::free(data); }

extern "C" NXS_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                         void *(*call)(void *), void *argument) {
  using Create = int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  static const auto real = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return no_threads ? EAGAIN : real(thread, attributes, call, argument);
}

namespace {

// Whether the limit was met while `call` ran.
template <class Call>
bool met_limit(long n, Call call) {
  allocations_left = n;
  call();
  return std::exchange(allocations_left, -1) < 0;
}

void test_a_run_that_gets_no_worker_is_not_submitted() {
  Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0), stream = api->CreateStream(0, 0);
  dispatch(schedule, "add_one", buffer, 1, 1);
  no_threads = true;
  CHECK(api->RunSchedule(schedule, stream, 0) == NXS_OutOfResources);
  CHECK(contains(api->GetLastError(), "worker thread"));
  no_threads = false;
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success && buffer.all(1));
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
}

void test_a_signal_without_memory_wakes_whom_it_must(long n) {
  Buffer buffer(1);
  const nxs_handle gate = api->CreateEvent(0, 0), schedule = api->CreateSchedule(0, 0);
  const nxs_handle stream = api->CreateStream(0, 0);
  api->ReleaseCommand(api->CreateWaitCommand(schedule, gate, 1));
  dispatch(schedule, "add_one", buffer, 1, 1);
  CHECK(api->RunSchedule(schedule, stream, 0) == 1);
  nxs_status status = NXS_Success;
  met_limit(n, [&] { status = api->SignalEvent(gate, 1); });
  CHECK(status == NXS_Success);
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
  dispatch(schedule, "fails", buffer, 1, 64);
  api->ReleaseCommand(api->CreateSignalCommand(schedule, event, 1));
  const nxs_flags flags = NXS_RunFlags_Blocking | NXS_RunFlags_Timing;
  int64_t ticket = 0;
  const bool met = met_limit(n, [&] { ticket = api->RunSchedule(schedule, stream, flags); });
  CHECK(ticket < 0);
  CHECK(api->SynchronizeStream(stream, NXS_WAIT_FOREVER) == NXS_Success);
  CHECK(api->RunSchedule(schedule, stream, flags) == NXS_ExecutionFailed);
  api->ReleaseSchedule(schedule);
  api->ReleaseStream(stream);
  api->ReleaseEvent(event);
  return met;
}

}  // namespace

int main(int, char **argv) {
  start(argv[1]);
  test_a_run_that_gets_no_worker_is_not_submitted();
  for (long n = 0; n < 8; ++n) test_a_signal_without_memory_wakes_whom_it_must(n);
  for (long n = 0; test_a_failing_run_without_memory_still_ends(n); ++n) CHECK(n < 100);
  return nxs::test::failures();
}

#endif
