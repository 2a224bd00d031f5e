/* The CUDA and HIP side of <nexus/kernel.h>: an item is a thread. Include <nexus/kernel.h>, not
 * this file. */
#ifndef NEXUS_KERNEL_CUDA_HIP_H
#define NEXUS_KERNEL_CUDA_HIP_H

/* ---- what the two differ in --------------------------------------------------------------- */

/* HIP asks the compiler itself, so it needs no header of ROCm but for maths. */
#ifdef NXS_HIP
#ifndef __global__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define NXS_HIP_BARE 1
#endif
#define NXS_BOUNDS(n) __attribute__((amdgpu_flat_work_group_size(1, (n))))
#define NXS_HIP_ID(what, d)                                                     \
  int(NXS_PICK(d, __builtin_amdgcn_##what##_x(), __builtin_amdgcn_##what##_y(), \
               __builtin_amdgcn_##what##_z()))
#define nxs_local_id(d) NXS_HIP_ID(workitem_id, d)
#define nxs_group_id(d) NXS_HIP_ID(workgroup_id, d)
#define nxs_local_size(d) NXS_HIP_ID(workgroup_size, d)
#define NXS_BARRIER()                                                                   \
  (__builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup"), __builtin_amdgcn_s_barrier(), \
   __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup"))
#else
#define NXS_BOUNDS(n) __launch_bounds__(n)
#define nxs_local_id(d) int(NXS_PICK(d, threadIdx.x, threadIdx.y, threadIdx.z))
#define nxs_group_id(d) int(NXS_PICK(d, blockIdx.x, blockIdx.y, blockIdx.z))
#define nxs_local_size(d) int(NXS_PICK(d, blockDim.x, blockDim.y, blockDim.z))
#define NXS_BARRIER() __syncthreads()
#endif

/* ---- words -------------------------------------------------------------------------------- */

#define NXS_DEVICE __device__ inline __attribute__((always_inline))
#define NXS_FUNC static NXS_DEVICE
#define NXS_GLOBAL
#define NXS_LOCAL
#define NXS_TABLE static __constant__ const
#define NXS_UNROLL _Pragma("unroll")

#include <nexus/kernel/types.h>
#define NXS_HAS_DOUBLE 1
#define NXS_HAS_INT64_ATOMICS 1

#define NXS_HAS_HALF 1
#ifdef NXS_HIP
typedef _Float16 nxs_half;
#else
typedef nxs_uint16 nxs_half_bits;
NXS_FUNC float nxs_float_of(nxs_half_bits bits) {
  float v;
  asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(bits));
  return v;
}
NXS_FUNC nxs_half_bits nxs_half_of(float v) {
  nxs_half_bits bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(v));
  return bits;
}
#include <nexus/kernel/half.h>
#endif
#define nxs_load_half(p, i) ((float)(p)[i])
#define nxs_store_half(p, i, v) ((p)[i] = (nxs_half)(float)(v))

/* ---- kernels ------------------------------------------------------------------------------ */

/* The launcher gives every kernel three more arguments, the grid in items, and starts whole groups.
 */
#define NXS_PARAMETERS(...)                                                                       \
  NXS_LIST(NXS_PARAMETER, __VA_ARGS__), const nxs_uint32 nxs_grid_x, const nxs_uint32 nxs_grid_y, \
      const nxs_uint32 nxs_grid_z

/* What a launcher reads of a kernel: version, arguments, group, bytes of each argument, and the
   arguments as the source has them. */
template <nxs_uint32 n>
struct nxs_record {
  nxs_uint32 head[5], nbytes[16];
  char text[n];
};
#define NXS_RECORD(name, X, Y, Z, ...)                                               \
  extern "C" __device__ __attribute__((used)) const nxs_record<sizeof(#__VA_ARGS__)> \
      name##__nxs_info = {{1, NXS_COUNT(__VA_ARGS__), (X), (Y), (Z)},                \
                          {NXS_LIST(NXS_NBYTES, __VA_ARGS__)},                       \
                          #__VA_ARGS__}

/* The body is a function of its own, so `return` ends the item. */
#define NXS_KERNEL(name, ...)                                                            \
  NXS_RECORD(name, 0, 0, 0, __VA_ARGS__);                                                \
  NXS_FUNC void name##__item(NXS_PARAMETERS(__VA_ARGS__));                               \
  extern "C" __global__ void name(NXS_PARAMETERS(__VA_ARGS__)) {                         \
    if (NXS_INSIDE)                                                                      \
      name##__item(NXS_LIST(NXS_NAME, __VA_ARGS__), nxs_grid_x, nxs_grid_y, nxs_grid_z); \
  }                                                                                      \
  NXS_FUNC void name##__item(NXS_PARAMETERS(__VA_ARGS__))

#define NXS_GROUP_KERNEL(name, X, Y, Z, ...) \
  NXS_RECORD(name, X, Y, Z, __VA_ARGS__);    \
  extern "C" __global__ void NXS_BOUNDS((X) * (Y) * (Z)) name(NXS_PARAMETERS(__VA_ARGS__))

#define NXS_SHARED(T, name, dims) __shared__ T name dims
#include <nexus/kernel/phases.h>

/* Without a sign in between: the last group may reach past 2^31. */
#define nxs_global_id(d) \
  int(nxs_uint32(nxs_group_id(d)) * nxs_uint32(nxs_local_size(d)) + nxs_uint32(nxs_local_id(d)))
#define nxs_global_size(d) int(NXS_PICK(d, nxs_grid_x, nxs_grid_y, nxs_grid_z))
#define nxs_num_groups(d)                                                    \
  int((nxs_uint32(nxs_global_size(d)) + nxs_uint32(nxs_local_size(d)) - 1) / \
      nxs_uint32(nxs_local_size(d)))

/* ---- atomics ------------------------------------------------------------------------------ */

#ifdef NXS_HIP
#define NXS_HIP_ATOMIC(name, T, t, op)                                          \
  NXS_FUNC T nxs_atomic_##name##_##t(T *p, T v) {                               \
    return __hip_atomic_##op(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT); \
  }
#define NXS_ATOMICS(T, t)                                                                 \
  NXS_HIP_ATOMIC(add, T, t, fetch_add)                                                    \
  NXS_HIP_ATOMIC(min, T, t, fetch_min)                                                    \
  NXS_HIP_ATOMIC(max, T, t, fetch_max)                                                    \
  NXS_HIP_ATOMIC(exchange, T, t, exchange)                                                \
  NXS_FUNC T nxs_atomic_compare_exchange_##t(T *p, T seen, T v) {                         \
    __hip_atomic_compare_exchange_strong(p, &seen, v, __ATOMIC_RELAXED, __ATOMIC_RELAXED, \
                                         __HIP_MEMORY_SCOPE_AGENT);                       \
    return seen;                                                                          \
  }
NXS_HIP_ATOMIC(add, float, f32, fetch_add)
NXS_HIP_ATOMIC(add, double, f64, fetch_add)
NXS_ATOMICS(nxs_int32, i32)
NXS_ATOMICS(nxs_uint32, u32)
NXS_ATOMICS(nxs_int64, i64)
NXS_ATOMICS(nxs_uint64, u64)
#else
/* Adding, exchanging and comparing are the same for numbers with and without a sign; CUDA has them
   for 64 bits without one only. */
#define NXS_ATOMICS(T, t, Bits)                                                               \
  NXS_FUNC T nxs_atomic_add_##t(T *p, T v) { return T(atomicAdd((Bits *)p, Bits(v))); }       \
  NXS_FUNC T nxs_atomic_min_##t(T *p, T v) { return atomicMin(p, v); }                        \
  NXS_FUNC T nxs_atomic_max_##t(T *p, T v) { return atomicMax(p, v); }                        \
  NXS_FUNC T nxs_atomic_exchange_##t(T *p, T v) { return T(atomicExch((Bits *)p, Bits(v))); } \
  NXS_FUNC T nxs_atomic_compare_exchange_##t(T *p, T seen, T v) {                             \
    return T(atomicCAS((Bits *)p, Bits(seen), Bits(v)));                                      \
  }
NXS_ATOMICS(nxs_int32, i32, nxs_uint32)
NXS_ATOMICS(nxs_uint32, u32, nxs_uint32)
NXS_ATOMICS(nxs_int64, i64, nxs_uint64)
NXS_ATOMICS(nxs_uint64, u64, nxs_uint64)
NXS_FUNC float nxs_atomic_add_f32(float *p, float v) { return atomicAdd(p, v); }
NXS_FUNC double nxs_atomic_add_f64(double *p, double v) { return atomicAdd(p, v); }
#endif

#define nxs_shared_atomic_add_i32 nxs_atomic_add_i32
#define nxs_shared_atomic_add_u32 nxs_atomic_add_u32
#define nxs_shared_atomic_add_i64 nxs_atomic_add_i64
#define nxs_shared_atomic_add_u64 nxs_atomic_add_u64
#define nxs_shared_atomic_add_f32 nxs_atomic_add_f32
#define nxs_shared_atomic_add_f64 nxs_atomic_add_f64
#define nxs_shared_atomic_min_i32 nxs_atomic_min_i32
#define nxs_shared_atomic_min_u32 nxs_atomic_min_u32
#define nxs_shared_atomic_min_i64 nxs_atomic_min_i64
#define nxs_shared_atomic_min_u64 nxs_atomic_min_u64
#define nxs_shared_atomic_max_i32 nxs_atomic_max_i32
#define nxs_shared_atomic_max_u32 nxs_atomic_max_u32
#define nxs_shared_atomic_max_i64 nxs_atomic_max_i64
#define nxs_shared_atomic_max_u64 nxs_atomic_max_u64
#define nxs_shared_atomic_exchange_i32 nxs_atomic_exchange_i32
#define nxs_shared_atomic_exchange_u32 nxs_atomic_exchange_u32
#define nxs_shared_atomic_exchange_i64 nxs_atomic_exchange_i64
#define nxs_shared_atomic_exchange_u64 nxs_atomic_exchange_u64
#define nxs_shared_atomic_compare_exchange_i32 nxs_atomic_compare_exchange_i32
#define nxs_shared_atomic_compare_exchange_u32 nxs_atomic_compare_exchange_u32
#define nxs_shared_atomic_compare_exchange_i64 nxs_atomic_compare_exchange_i64
#define nxs_shared_atomic_compare_exchange_u64 nxs_atomic_compare_exchange_u64

/* ---- maths -------------------------------------------------------------------------------- */

#ifdef NXS_HIP_BARE
#define NXS_FLOAT_FN(fn) __ocml_##fn##_f32
#define NXS_DOUBLE_FN(fn) __ocml_##fn##_f64
#include <nexus/kernel/ocml.h>
#else
#define NXS_FLOAT_FN(fn) ::fn##f
#define NXS_DOUBLE_FN(fn) ::fn
#endif
#include <nexus/kernel/typed_maths.h>
NXS_MATHS_1(rsqrt)

#endif
