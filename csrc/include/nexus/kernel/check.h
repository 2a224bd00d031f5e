/* The checking side of <nexus/kernel.h>: a kernel becomes a text of words that <nexus/kernel/
 * checked.h> gives a meaning, once as C and once as C++. Nothing of it is ever run. Include
 * <nexus/kernel.h>, with NXS_CHECK, not this file. */
#ifndef NEXUS_KERNEL_CHECK_H
#define NEXUS_KERNEL_CHECK_H

#include <nexus/kernel/arguments.h>

#define NXS_FUNC nxs_func
#define NXS_GLOBAL nxs_global
#define NXS_LOCAL nxs_local
#define NXS_TABLE nxs_table
#define NXS_UNROLL

#define NXS_HAS_DOUBLE 1
#define NXS_HAS_INT64_ATOMICS 1
#define NXS_HAS_HALF 1
#define nxs_load_half(p, i) ((float)(p)[i])
#define nxs_store_half(p, i, v) ((p)[i] = (nxs_half)(float)(v))

#define NXS_KERNEL(name, ...)                                 \
  nxs_kernel void name(NXS_LIST(NXS_PARAMETER, __VA_ARGS__)); \
  void name(NXS_LIST(NXS_PARAMETER, __VA_ARGS__))
#define NXS_GROUP_KERNEL(name, X, Y, Z, ...)                       \
  nxs_kernel void name(NXS_LIST(NXS_CHECK_ARGUMENT, __VA_ARGS__)); \
  void name(NXS_LIST(NXS_CHECK_ARGUMENT, __VA_ARGS__))
#define NXS_CHECK_ARGUMENT(i, argument) NXS_CHECK_##argument
#define NXS_CHECK_val(T, name) const T name
#define NXS_CHECK_in(T, name) nxs_global const T *name
#define NXS_CHECK_out(T, name) nxs_written(T, name)
#define NXS_CHECK_inout(T, name) nxs_written(T, name)

#define NXS_SHARED(T, name, dims) nxs_shared(T, name, dims)
#define NXS_PRIVATE(T, name) nxs_private T name
#define nxs_my(name) name

#define NXS_EACH nxs_each
#define NXS_PHASE nxs_each
#define NXS_PHASE_FIRST(n) \
  for (int nxs_first = 0; nxs_first < (n); nxs_first = (n)) nxs_each

#define nxs_global_id(d) nxs_place(d)
#define nxs_local_id(d) nxs_place(d)
#define nxs_group_id(d) nxs_place(d)
#define nxs_local_size(d) nxs_place(d)
#define nxs_num_groups(d) nxs_place(d)
#define nxs_global_size(d) nxs_place(d)

#define NXS_MATHS(fn) nxs_maths
#include <nexus/kernel/maths.h>

#endif
