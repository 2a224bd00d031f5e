// Kernels that the portable header has no words for, for runtimes whose compiler is the host's.
#include <nexus/cpu_kernel.h>

#include <stdexcept>

// Fails in the group of item `at`, and counts the items that ran.
NXS_CPU_KERNEL(fails, val(int32_t, at), inout(int32_t, counter)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) {
    if (i == at) throw std::runtime_error("the teapot is empty");
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
  }
}

NXS_CPU_KERNEL(fails_strangely, inout(int32_t, counter)) {
  if (launch->begin == 0) throw counter;
}

// Adds up, for each group, its numbers, which it keeps in group memory meanwhile.
NXS_CPU_KERNEL(sum_in_group_memory, in(int64_t, x), out(int64_t, sums)) {
  int64_t *const kept = static_cast<int64_t *>(launch->group_memory);
  for (int64_t group = launch->begin; group < launch->end; ++group) {
    for (int32_t i = 0; i < launch->group[0]; ++i) kept[i] = x[group * launch->group[0] + i];
    sums[group] = 0;
    for (int32_t i = 0; i < launch->group[0]; ++i) sums[group] += kept[i];
  }
}

NXS_CPU_KERNEL(group_memory_size, out(uint64_t, nbytes)) {
  if (launch->begin == 0) *nbytes = launch->group_memory_nbytes;
}

// The last carry no record of their arguments: where to write, how many numbers there are, and
// them.
NXS_CPU_EXPORT void sum_of_values(void *const *args, const nxs_cpu_launch *launch) {
  if (launch->begin != 0) return;
  const int64_t n = *static_cast<const int64_t *>(args[1]);
  int64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += *static_cast<const int64_t *>(args[2 + i]);
  **static_cast<int64_t *const *>(args[0]) = sum;
}

// An array of 64-bit numbers, and a number to set them to.
NXS_CPU_EXPORT void without_record(void *const *args, const nxs_cpu_launch *launch) {
  int64_t *const x = *static_cast<int64_t *const *>(args[0]);
  const int64_t value = *static_cast<const int64_t *>(args[1]);
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) x[i] = value;
}
