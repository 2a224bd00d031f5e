/* The OpenCL C side of <nexus/kernel.h>, from version 1.2 on: an item is a work-item.
 * Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_OPENCL_H
#define NEXUS_KERNEL_OPENCL_H

/* ---- words -------------------------------------------------------------------------------- */

#define NXS_FUNC static inline __attribute__((unused))
#define NXS_GLOBAL __global
#define NXS_LOCAL __local
#define NXS_TABLE __constant
#define NXS_UNROLL _Pragma("unroll")

typedef char nxs_int8;
typedef uchar nxs_uint8;
typedef short nxs_int16;
typedef ushort nxs_uint16;
typedef int nxs_int32;
typedef uint nxs_uint32;
typedef long nxs_int64;
typedef ulong nxs_uint64;

#if defined(cl_khr_fp64) || defined(__opencl_c_fp64)
#define NXS_HAS_DOUBLE 1
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#endif

/* Every device reads and writes half; only some calculate with it. */
typedef half nxs_half;
#ifdef cl_khr_fp16
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define NXS_HAS_HALF 1
#endif
#define nxs_load_half(p, i) vload_half(i, p)
#define nxs_store_half(p, i, v) vstore_half(v, i, p)

/* ---- kernels ------------------------------------------------------------------------------ */

/* The launcher gives every kernel three more arguments, the grid in items, and starts whole groups.
   The name of the last one's type tells what the language cannot: for saxpy(val, in, inout) it is
   saxpy__nxs_val_in_inout. */
#define NXS_CL_ACCESS(name, ...) NXS_ACCESS(name##__nxs, __VA_ARGS__)
#define NXS_CL_PARAMETERS(name, ...)                                                  \
  NXS_LIST(NXS_PARAMETER, __VA_ARGS__), const uint nxs_grid_x, const uint nxs_grid_y, \
      const NXS_CL_ACCESS(name, __VA_ARGS__) nxs_grid_z

/* The body is a function of its own, so `return` ends the item. */
#define NXS_KERNEL(name, ...)                                                            \
  typedef uint NXS_CL_ACCESS(name, __VA_ARGS__);                                         \
  NXS_FUNC void name##__item(NXS_CL_PARAMETERS(name, __VA_ARGS__));                      \
  __kernel void name(NXS_CL_PARAMETERS(name, __VA_ARGS__)) {                             \
    if (NXS_INSIDE)                                                                      \
      name##__item(NXS_LIST(NXS_NAME, __VA_ARGS__), nxs_grid_x, nxs_grid_y, nxs_grid_z); \
  }                                                                                      \
  NXS_FUNC void name##__item(NXS_CL_PARAMETERS(name, __VA_ARGS__))

#define NXS_GROUP_KERNEL(name, X, Y, Z, ...)                               \
  typedef uint NXS_CL_ACCESS(name, __VA_ARGS__);                           \
  __kernel __attribute__((reqd_work_group_size((X), (Y), (Z)))) void name( \
      NXS_CL_PARAMETERS(name, __VA_ARGS__))

#define NXS_SHARED(T, name, dims) __local T name dims
#define NXS_BARRIER() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#include <nexus/kernel/phases.h>

#define nxs_global_id(d) ((int)get_global_id(d))
#define nxs_local_id(d) ((int)get_local_id(d))
#define nxs_group_id(d) ((int)get_group_id(d))
#define nxs_local_size(d) ((int)get_local_size(d))
#define nxs_num_groups(d) ((int)get_num_groups(d))
#define nxs_global_size(d) ((int)NXS_PICK(d, nxs_grid_x, nxs_grid_y, nxs_grid_z))

/* ---- atomics ------------------------------------------------------------------------------ */

/* The same functions for buffers (nxs_atomic_...) and shared arrays (nxs_shared_atomic_...). */
#define NXS_CL_ATOMICS(T, t, family)                    \
  NXS_CL_ATOMICS_OF(nxs_atomic, __global, T, t, family) \
  NXS_CL_ATOMICS_OF(nxs_shared_atomic, __local, T, t, family)
#define NXS_CL_ATOMICS_OF(name, space, T, t, family)                         \
  NXS_CL_ATOMIC(name##_add_##t, space, T, family##_add)                      \
  NXS_CL_ATOMIC(name##_exchange_##t, space, T, family##_xchg)                \
  NXS_FUNC T name##_compare_exchange_##t(volatile space T *p, T seen, T v) { \
    return family##_cmpxchg(p, seen, v);                                     \
  }
#define NXS_CL_LIMITS(T, t, family)                                  \
  NXS_CL_ATOMIC(nxs_atomic_min_##t, __global, T, family##_min)       \
  NXS_CL_ATOMIC(nxs_atomic_max_##t, __global, T, family##_max)       \
  NXS_CL_ATOMIC(nxs_shared_atomic_min_##t, __local, T, family##_min) \
  NXS_CL_ATOMIC(nxs_shared_atomic_max_##t, __local, T, family##_max)
#define NXS_CL_ATOMIC(name, space, T, op) \
  NXS_FUNC T name(volatile space T *p, T v) { return op(p, v); }

NXS_CL_ATOMICS(nxs_int32, i32, atomic)
NXS_CL_ATOMICS(nxs_uint32, u32, atomic)
NXS_CL_LIMITS(nxs_int32, i32, atomic)
NXS_CL_LIMITS(nxs_uint32, u32, atomic)

#if defined(cl_khr_int64_base_atomics) && defined(cl_khr_int64_extended_atomics)
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable
#define NXS_HAS_INT64_ATOMICS 1
NXS_CL_ATOMICS(nxs_int64, i64, atom)
NXS_CL_ATOMICS(nxs_uint64, u64, atom)
NXS_CL_LIMITS(nxs_int64, i64, atom)
NXS_CL_LIMITS(nxs_uint64, u64, atom)
#endif

/* OpenCL C 1.2 adds no floating-point numbers: exchange the bits until nobody came between. */
#define NXS_CL_ADD(name, space, T, Bits, as_t, as_bits, exchange)   \
  NXS_FUNC T name(volatile space T *p, T v) {                       \
    volatile space Bits *const bits = (volatile space Bits *)p;     \
    Bits expected, seen = *bits;                                    \
    do {                                                            \
      expected = seen;                                              \
      seen = exchange(bits, expected, as_bits(as_t(expected) + v)); \
    } while (seen != expected);                                     \
    return as_t(seen);                                              \
  }
NXS_CL_ADD(nxs_atomic_add_f32, __global, float, uint, as_float, as_uint, atomic_cmpxchg)
NXS_CL_ADD(nxs_shared_atomic_add_f32, __local, float, uint, as_float, as_uint, atomic_cmpxchg)
#if defined(NXS_HAS_DOUBLE) && defined(NXS_HAS_INT64_ATOMICS)
NXS_CL_ADD(nxs_atomic_add_f64, __global, double, ulong, as_double, as_ulong, atom_cmpxchg)
NXS_CL_ADD(nxs_shared_atomic_add_f64, __local, double, ulong, as_double, as_ulong, atom_cmpxchg)
#endif

/* ---- maths -------------------------------------------------------------------------------- */

/* OpenCL's own functions take float and double, and half where the device has it. */
#define NXS_MATHS(fn) fn
#include <nexus/kernel/maths.h>

#endif
