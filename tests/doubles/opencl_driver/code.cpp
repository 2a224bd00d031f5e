// The kernels that tests of the OpenCL runtime name, with the records that describe them.
#include <nexus/cpu_kernel.h>

NXS_CPU_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) y[i] += a * x[i];
}

NXS_CPU_KERNEL(add_one, inout(int32_t, x)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) x[i] += 1;
}

NXS_CPU_KERNEL(indices, inout(int32_t, x)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i)
    x[i] = static_cast<int32_t>(i);
}

// Those of tests/conformance/native.opencl.cl. What is in the memory of a group has a type of this
// name.
using local_int = int;
using local_long = long;

NXS_CPU_KERNEL(fails, val(int, at), inout(int, counter), inout(local_int, teapot)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) {
    teapot[0] = at;
    __atomic_fetch_add(counter, teapot[0] == at, __ATOMIC_RELAXED);
  }
}

NXS_CPU_KERNEL(fails_strangely, inout(int, counter), inout(local_int, teapot)) {
  teapot[0] = 1;
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i)
    __atomic_fetch_add(counter, teapot[0], __ATOMIC_RELAXED);
}

NXS_CPU_KERNEL(sum_in_group_memory, in(long, x), inout(long, sums), inout(local_long, kept)) {
  for (int64_t group = launch->begin; group < launch->end; ++group) {
    for (int32_t i = 0; i < launch->group[0]; ++i) kept[i] = x[group * launch->group[0] + i];
    sums[group] = 0;
    for (int32_t i = 0; i < launch->group[0]; ++i) sums[group] += kept[i];
  }
}
