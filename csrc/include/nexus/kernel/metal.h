/* The Metal side of <nexus/kernel.h>: an item is a thread. Include <nexus/kernel.h>, not this file.
 */
#ifndef NEXUS_KERNEL_METAL_H
#define NEXUS_KERNEL_METAL_H

#include <metal_stdlib>

/* ---- words -------------------------------------------------------------------------------- */

#define NXS_FUNC static inline
#define NXS_GLOBAL device
#define NXS_LOCAL threadgroup
#define NXS_TABLE constant
#define NXS_UNROLL _Pragma("unroll")

typedef char nxs_int8;
typedef uchar nxs_uint8;
typedef short nxs_int16;
typedef ushort nxs_uint16;
typedef int nxs_int32;
typedef uint nxs_uint32;
typedef long nxs_int64;
typedef ulong nxs_uint64;

/* Neither double nor atomics of 64 bits. */
#define NXS_HAS_HALF 1
typedef half nxs_half;
#define nxs_load_half(p, i) ((float)(p)[i])
#define nxs_store_half(p, i, v) ((p)[i] = (nxs_half)(float)(v))

/* ---- kernels ------------------------------------------------------------------------------ */

#define NXS_METAL_ARGUMENT(i, argument) NXS_METAL_ARGUMENT_##argument [[buffer(i)]]
#define NXS_METAL_ARGUMENT_val(T, name) constant T &name
#define NXS_METAL_ARGUMENT_in(T, name) device const T *name
#define NXS_METAL_ARGUMENT_out(T, name) device T *name
#define NXS_METAL_ARGUMENT_inout(T, name) device T *name

/* Attributes of one kernel are all of one width, says the language. */
#define NXS_METAL_IDS                                      \
  uint3 nxs_thread [[thread_position_in_grid]],            \
      uint3 nxs_local [[thread_position_in_threadgroup]],  \
      uint3 nxs_group [[threadgroup_position_in_grid]],    \
      uint3 nxs_size [[dispatch_threads_per_threadgroup]], \
      uint3 nxs_groups [[threadgroups_per_grid]], uint3 nxs_grid [[threads_per_grid]]
#define NXS_METAL_PASSED_IDS                                                            \
  uint3 nxs_thread, uint3 nxs_local, uint3 nxs_group, uint3 nxs_size, uint3 nxs_groups, \
      uint3 nxs_grid

/* What a launcher reads of a kernel: a kernel of one item writes it. As on CUDA, but the arguments
   are a letter each. */
#define NXS_METAL_RECORD(name, X, Y, Z, ...)                                      \
  kernel void name##__nxs_info(device nxs_uint32 *head [[buffer(0)]]) {           \
    const nxs_uint32 group[3] = {(X), (Y), (Z)};                                  \
    const nxs_uint32 nbytes[16] = {NXS_LIST(NXS_NBYTES, __VA_ARGS__)};            \
    const nxs_int8 access[16] = {NXS_LIST(NXS_LETTER, __VA_ARGS__)};              \
    head[0] = 1;                                                                  \
    head[1] = NXS_COUNT(__VA_ARGS__);                                             \
    for (int d = 0; d < 3; ++d) head[2 + d] = group[d];                           \
    for (int i = 0; i < 16; ++i) head[5 + i] = nbytes[i];                         \
    for (int i = 0; i < 16; ++i) ((device nxs_int8 *)(head + 21))[i] = access[i]; \
  }

/* The body is a function of its own, so that a `val` is a number in it and not a reference. */
#define NXS_KERNEL(name, ...)                                                                 \
  NXS_METAL_RECORD(name, 0, 0, 0, __VA_ARGS__)                                                \
  NXS_FUNC void name##__item(NXS_LIST(NXS_PARAMETER, __VA_ARGS__), NXS_METAL_PASSED_IDS);     \
  kernel void name(NXS_LIST(NXS_METAL_ARGUMENT, __VA_ARGS__), NXS_METAL_IDS) {                \
    name##__item(NXS_LIST(NXS_NAME, __VA_ARGS__), nxs_thread, nxs_local, nxs_group, nxs_size, \
                 nxs_groups, nxs_grid);                                                       \
  }                                                                                           \
  NXS_FUNC void name##__item(NXS_LIST(NXS_PARAMETER, __VA_ARGS__), NXS_METAL_PASSED_IDS)

#define NXS_GROUP_KERNEL(name, X, Y, Z, ...)                                \
  NXS_METAL_RECORD(name, X, Y, Z, __VA_ARGS__)                              \
  [[kernel, max_total_threads_per_threadgroup((X) * (Y) * (Z))]] void name( \
      NXS_LIST(NXS_METAL_ARGUMENT, __VA_ARGS__), NXS_METAL_IDS)

#define NXS_SHARED(T, name, dims) threadgroup T name dims
#define NXS_BARRIER() \
  metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup | metal::mem_flags::mem_device)
#define NXS_INSIDE 1 /* dispatchThreads starts no item outside the grid */
#include <nexus/kernel/phases.h>

#define nxs_global_id(d) int(NXS_PICK(d, nxs_thread.x, nxs_thread.y, nxs_thread.z))
#define nxs_local_id(d) int(NXS_PICK(d, nxs_local.x, nxs_local.y, nxs_local.z))
#define nxs_group_id(d) int(NXS_PICK(d, nxs_group.x, nxs_group.y, nxs_group.z))
#define nxs_local_size(d) int(NXS_PICK(d, nxs_size.x, nxs_size.y, nxs_size.z))
#define nxs_num_groups(d) int(NXS_PICK(d, nxs_groups.x, nxs_groups.y, nxs_groups.z))
#define nxs_global_size(d) int(NXS_PICK(d, nxs_grid.x, nxs_grid.y, nxs_grid.z))

/* ---- atomics ------------------------------------------------------------------------------ */

#define NXS_METAL_ATOMIC(name, space, T, Atomic, op)                   \
  NXS_FUNC T name(space T *p, T v) {                                   \
    return metal::atomic_##op##_explicit((space metal::Atomic *)p, v,  \
                                         metal::memory_order_relaxed); \
  }
#define NXS_METAL_ATOMICS(name, space, T, t, Atomic)                                         \
  NXS_METAL_ATOMIC(name##_add_##t, space, T, Atomic, fetch_add)                              \
  NXS_METAL_ATOMIC(name##_min_##t, space, T, Atomic, fetch_min)                              \
  NXS_METAL_ATOMIC(name##_max_##t, space, T, Atomic, fetch_max)                              \
  NXS_METAL_ATOMIC(name##_exchange_##t, space, T, Atomic, exchange)                          \
  NXS_FUNC T name##_compare_exchange_##t(space T *p, T expected, T v) {                      \
    T seen = expected;                                                                       \
    while (!metal::atomic_compare_exchange_weak_explicit((space metal::Atomic *)p, &seen, v, \
                                                         metal::memory_order_relaxed,        \
                                                         metal::memory_order_relaxed) &&     \
           seen == expected) {                                                               \
    }                                                                                        \
    return seen;                                                                             \
  }
NXS_METAL_ATOMICS(nxs_atomic, device, nxs_int32, i32, atomic_int)
NXS_METAL_ATOMICS(nxs_atomic, device, nxs_uint32, u32, atomic_uint)
NXS_METAL_ATOMICS(nxs_shared_atomic, threadgroup, nxs_int32, i32, atomic_int)
NXS_METAL_ATOMICS(nxs_shared_atomic, threadgroup, nxs_uint32, u32, atomic_uint)

/* Not every device adds floating-point numbers: exchange the bits until nobody came between. */
#define NXS_METAL_ADD(name, space)                                                         \
  NXS_FUNC float name(space float *p, float v) {                                           \
    space metal::atomic_uint *bits = (space metal::atomic_uint *)p;                        \
    uint seen = metal::atomic_load_explicit(bits, metal::memory_order_relaxed);            \
    while (!metal::atomic_compare_exchange_weak_explicit(                                  \
        bits, &seen, as_type<uint>(as_type<float>(seen) + v), metal::memory_order_relaxed, \
        metal::memory_order_relaxed)) {                                                    \
    }                                                                                      \
    return as_type<float>(seen);                                                           \
  }
NXS_METAL_ADD(nxs_atomic_add_f32, device)
NXS_METAL_ADD(nxs_shared_atomic_add_f32, threadgroup)

/* ---- maths -------------------------------------------------------------------------------- */

#define NXS_MATHS(fn) metal::fn
#include <nexus/kernel/maths.h>

#endif
