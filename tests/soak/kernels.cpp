// Kernels for calls at random: whatever buffer, value and size they are given, they stay inside.
#include <nexus/cpu_kernel.h>

#include <cstring>
#include <stdexcept>

// A buffer has one byte at least, so no kernel touches more.
NXS_CPU_KERNEL(touch, inout(uint8_t, x)) {
  __atomic_fetch_add(x, static_cast<uint8_t>(launch->end - launch->begin), __ATOMIC_RELAXED);
}

NXS_CPU_KERNEL(mix, val(int32_t, by), in(uint8_t, x), out(uint8_t, y)) {
  if (launch->begin != 0) return;
  const uint8_t read = __atomic_load_n(x, __ATOMIC_RELAXED);
  __atomic_store_n(y, static_cast<uint8_t>(read + by), __ATOMIC_RELAXED);
}

// Fails in the group of item `at`.
NXS_CPU_KERNEL(fails, val(int32_t, at), inout(uint8_t, x)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) {
    if (i == at) throw std::runtime_error("the teapot is empty");
    __atomic_fetch_add(x, uint8_t{1}, __ATOMIC_RELAXED);
  }
}

NXS_CPU_KERNEL(fails_strangely, val(int32_t, at)) {
  if (launch->begin == 0) throw at;
}

// Works for up to 30 us a call, so that others meet it while it runs.
NXS_CPU_KERNEL(works, val(int32_t, steps), inout(uint8_t, x)) {
  for (int i = steps & 0x3ff; i > 0; --i) __atomic_fetch_add(x, uint8_t{1}, __ATOMIC_RELAXED);
}

// Writes all of the group memory that it was given.
NXS_CPU_KERNEL(fills_group_memory, inout(uint8_t, x)) {
  if (launch->group_memory_nbytes) {
    std::memset(launch->group_memory, 1, launch->group_memory_nbytes);
    __atomic_fetch_add(x, static_cast<uint8_t *>(launch->group_memory)[0], __ATOMIC_RELAXED);
  }
}

NXS_CPU_KERNEL(six, in(uint8_t, a), in(uint8_t, b), val(int32_t, m), val(int32_t, n),
               in(uint8_t, c), inout(uint8_t, y)) {
  if (launch->begin != 0) return;
  int sum = m + n;
  for (const uint8_t *from : {a, b, c}) sum += __atomic_load_n(from, __ATOMIC_RELAXED);
  __atomic_fetch_add(y, static_cast<uint8_t>(sum), __ATOMIC_RELAXED);
}

// Runs in groups of 8 items only.
NXS_CPU_GROUP_KERNEL_INFO(by_eight, 8, 1, 1, inout(uint8_t, x));
NXS_CPU_EXPORT void by_eight(void *const *args, const nxs_cpu_launch *launch) {
  __atomic_fetch_add(*static_cast<uint8_t *const *>(args[0]),
                     static_cast<uint8_t>(launch->end - launch->begin), __ATOMIC_RELAXED);
}

// Carries no record, and looks at no argument.
NXS_CPU_EXPORT void without_record(void *const *, const nxs_cpu_launch *) {}
