/* Kernels in plain C: what `cc -shared` makes of this, `load_library` takes. */
#include <nexus/cpu_kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* data += 1 */
NXS_CPU_KERNEL(add_vectors, inout(float, data)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) data[i] += 1.0f;
}

/* The same with nothing from macros but the record. c = a + b for the first n items. */
NXS_CPU_KERNEL_INFO(vector_add, in(float, a), in(float, b), out(float, c), val(int32_t, n));

NXS_CPU_EXPORT void vector_add(void *const *args, const nxs_cpu_launch *launch) {
  const float *a = *(const float *const *)args[0];
  const float *b = *(const float *const *)args[1];
  float *c = *(float *const *)args[2];
  const int32_t n = *(const int32_t *)args[3];
  int64_t end = nxs_cpu_end(launch);
  if (end > n) end = n;
  for (int64_t i = nxs_cpu_begin(launch); i < end; ++i) c[i] = a[i] + b[i];
}

/* A grid of up to three dimensions: each item writes its number. */
NXS_CPU_KERNEL(number_items, out(int32_t, numbers)) {
  nxs_cpu_rows rows = nxs_cpu_rows_of(launch);
  while (nxs_cpu_next_row(&rows)) {
    const int32_t row = (rows.z * launch->grid[1] + rows.y) * launch->grid[0];
    for (int32_t x = rows.x_begin; x < rows.x_end; ++x) numbers[row + x] = row + x;
  }
}

/* Group memory: each group of 16 items reverses its part of x. */
NXS_CPU_GROUP_KERNEL_INFO(reverse_groups, 16, 1, 1, inout(float, x));

NXS_CPU_EXPORT void reverse_groups(void *const *args, const nxs_cpu_launch *launch) {
  float *x = *(float *const *)args[0];
  float *copy = (float *)launch->group_memory;
  if (launch->group_memory_nbytes < 16 * sizeof(float)) return;
  for (int64_t g = launch->begin; g < launch->end; ++g) {
    const int64_t first = 16 * g;
    const int64_t left = launch->grid[0] - first;
    const int64_t n = left < 16 ? left : 16;
    for (int64_t i = 0; i < n; ++i) copy[i] = x[first + i];
    for (int64_t i = 0; i < n; ++i) x[first + i] = copy[n - 1 - i];
  }
}

/* Fails at a number below zero, with its place; says so twice, and the first counts. */
NXS_CPU_KERNEL(check_positive, in(int32_t, numbers)) {
  int64_t i;
  for (i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i)
    if (numbers[i] < 0) {
      char why[64];
      snprintf(why, sizeof why, "number %d is %d", (int)i, (int)numbers[i]);
      nxs_cpu_fail(launch, why);
      nxs_cpu_fail(launch, "said too late");
      return;
    }
}

/* Says nothing of why, or very much. */
NXS_CPU_KERNEL(fail_with, val(int32_t, n_chars)) {
  char why[5000];
  memset(why, 'x', sizeof why);
  why[n_chars] = 0;
  nxs_cpu_fail(launch, why);
}

/* As if a caller had called it whose record ends earlier, so that it cannot hear of failures. */
NXS_CPU_KERNEL(fail_unheard, val(int32_t, n_bytes_less), out(int32_t, heard)) {
  nxs_cpu_launch shorter = *launch;
  shorter.struct_size -= (uint32_t)n_bytes_less;
  *heard = nxs_cpu_fail(&shorter, "nobody hears this");
}

/* Passes a copy of its launch on, as one that runs its groups one at a time does. */
NXS_CPU_KERNEL(fail_by_copy, val(int32_t, failing)) {
  int64_t group;
  for (group = launch->begin; group < launch->end; ++group) {
    nxs_cpu_launch *one = (nxs_cpu_launch *)malloc(sizeof *one);
    *one = *launch;
    one->begin = group;
    one->end = group + 1;
    if (one->begin == failing) nxs_cpu_fail(one, "said by a copy");
    free(one);
  }
}
