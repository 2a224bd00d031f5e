// The kernels that tests of the OpenCL runtime name, with the records that describe them.
#include <nexus/cpu_kernel.h>

#include <stdexcept>

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

// Adds up each group in memory that the group shares.
using local_int = int32_t;
NXS_CPU_KERNEL(sums, in(int32_t, x), inout(int32_t, out), inout(local_int, kept)) {
  for (int64_t group = launch->begin; group < launch->end; ++group) {
    kept[0] = 0;
    for (int32_t i = 0; i < launch->group[0]; ++i) kept[0] += x[group * launch->group[0] + i];
    out[group] = kept[0];
  }
}

NXS_CPU_KERNEL(fails, inout(int32_t, x)) {
  if (x && launch->begin == 0) throw std::runtime_error("as it was asked to");
}
