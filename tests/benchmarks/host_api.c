/* The plain C calls that bench_host_api.py compares with: each loop answers nanoseconds per turn.
 */
#define _POSIX_C_SOURCE 200809L
#include <nexus/nxs.h>
#include <stdlib.h>
#include <time.h>

/* The functions of one runtime, in the order in which the script fills them in. */
typedef struct calls {
  nxs_handle (*create_buffer)(nxs_int, size_t, nxs_flags, const void *);
  nxs_status (*release_buffer)(nxs_handle);
  nxs_status (*copy_buffer)(nxs_handle, void *, nxs_flags, size_t, uint64_t);
  nxs_handle (*create_schedule)(nxs_int, nxs_flags);
  nxs_status (*release_schedule)(nxs_handle);
  nxs_handle (*create_command)(nxs_handle, nxs_handle);
  nxs_status (*release_command)(nxs_handle);
  nxs_status (*set_argument)(nxs_handle, nxs_int, nxs_handle);
  nxs_status (*finalize)(nxs_handle, nxs_dim3, nxs_dim3);
  int64_t (*run)(nxs_handle, nxs_handle, nxs_flags);
  nxs_status (*device_property)(nxs_int, nxs_uint, void *, size_t *);
} calls;

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

NXS_EXPORT double time_run(const calls *c, nxs_handle schedule, long n) {
  const double start = now_ns();
  for (long i = 0; i < n; ++i) c->run(schedule, 0, NXS_RunFlags_Blocking);
  return (now_ns() - start) / n;
}

NXS_EXPORT double time_launch(const calls *c, nxs_handle kernel, nxs_handle buffer, long n) {
  const nxs_dim3 one = {1, 1, 1};
  const double start = now_ns();
  for (long i = 0; i < n; ++i) {
    const nxs_handle schedule = c->create_schedule(0, 0);
    const nxs_handle command = c->create_command(schedule, kernel);
    for (nxs_int index = 0; index < 3; ++index) c->set_argument(command, index, buffer);
    c->finalize(command, one, one);
    c->run(schedule, 0, NXS_RunFlags_Blocking);
    c->release_command(command);
    c->release_schedule(schedule);
  }
  return (now_ns() - start) / n;
}

/* A command of a kernel that tells what it takes is checked; one of a kernel that tells nothing is
 * not.
 */
NXS_EXPORT double time_arguments(const calls *c, nxs_handle command, nxs_handle buffer, long n) {
  const nxs_dim3 one = {1, 1, 1};
  const double start = now_ns();
  for (long i = 0; i < n; ++i) {
    for (nxs_int index = 0; index < 3; ++index) c->set_argument(command, index, buffer);
    c->finalize(command, one, one);
  }
  return (now_ns() - start) / n;
}

NXS_EXPORT double time_create(const calls *c, size_t nbytes, long n) {
  const double start = now_ns();
  for (long i = 0; i < n; ++i) c->release_buffer(c->create_buffer(0, nbytes, 0, NULL));
  return (now_ns() - start) / n;
}

NXS_EXPORT double time_copy(const calls *c, nxs_handle buffer, void *host, long n) {
  const double start = now_ns();
  for (long i = 0; i < n; ++i)
    c->copy_buffer(buffer, host, NXS_CopyFlags_DeviceToHost, 4096, NXS_WAIT_FOREVER);
  return (now_ns() - start) / n;
}

NXS_EXPORT double time_property(const calls *c, nxs_uint property, long n) {
  char value[256];
  const double start = now_ns();
  for (long i = 0; i < n; ++i) {
    size_t nbytes = sizeof value;
    c->device_property(0, property, value, &nbytes);
  }
  return (now_ns() - start) / n;
}
