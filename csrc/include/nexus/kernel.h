/* One kernel source for every backend: a kernel written with these words compiles with the compiler
 * of each device. No parser and no new language: this is a header. */

// clang-format off
/*   #include <nexus/kernel.h>
 *
 *   NXS_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
 *     int i = nxs_global_id(0);
 *     y[i] = a * x[i] + y[i];
 *   }
 *
 * THE TWO KINDS OF KERNEL
 *   NXS_KERNEL(name, args...) { body }
 *       A simple kernel: the body runs once for each item of the grid; `return` ends the item.
 *   NXS_GROUP_KERNEL(name, X, Y, Z, args...) { body }
 *       The X * Y * Z items of a group (1 to 1024, fixed here) work together, in phases.
 *   Every item of the grid runs, and no other, also where the group does not divide the grid.
 *
 * ARGUMENTS, 1 to 16
 *   val(T, n)     a number or a plain struct, by value       val(float, a)
 *   in(T, p)      a buffer that is only read                 in(float, x)
 *   out(T, p)     a buffer that is only written              out(nxs_uint8, picture)
 *   inout(T, p)   a buffer that is read and written          inout(nxs_int32, bins)
 *
 * WHERE AM I? d is 0, 1 or 2; every answer is an int
 *   nxs_global_id(d)    this item in the grid                int x = nxs_global_id(0);
 *   nxs_local_id(d)     this item in its group               tile[nxs_local_id(0)] = 0;
 *   nxs_group_id(d)     the group in the grid                sums[nxs_group_id(0)] = sum;
 *   nxs_global_size(d)  items in the grid                    if (x >= nxs_global_size(0) - 1) return;
 *   nxs_local_size(d)   items in a whole group               int stride = nxs_local_size(0);
 *   nxs_num_groups(d)   groups in the grid                   int last = nxs_num_groups(0) - 1;
 *
 * IN A GROUP KERNEL: code in phases runs for each item; code between them runs once for the group
 *   NXS_EACH { }            every item                       NXS_EACH { nxs_my(sum) = 0; }
 *   NXS_PHASE { }           every item, after all items      NXS_PHASE { use(tile[k]); }
 *                           have finished what stands before it: a phase sees everything written
 *                           before it
 *   NXS_PHASE_FIRST(k) { }  the same for items 0 to k-1      NXS_PHASE_FIRST(1) { out[0] = part[0]; }
 *                           of a 1-D group
 *   NXS_SHARED(T, n, [A]);  an array that the group shares   NXS_SHARED(float, tile, [16][16]);
 *   NXS_PRIVATE(T, n);      a value that each item keeps     NXS_PRIVATE(float, sum);
 *   nxs_my(n)               from phase to phase; its own one nxs_my(sum) += 1.0f;
 *   In a phase `continue` ends the item; `break`, `return` and another phase are errors. Between
 *   phases, keep to loops and plain values: every item of a GPU runs that code too, alike.
 *   Items past the edge of the grid do not run, so their places in shared arrays stay unset.
 *
 * HELPERS
 *   NXS_FUNC                marks a function that kernels call      NXS_FUNC float cube(float v) {..}
 *   NXS_TABLE               marks a table of constants              NXS_TABLE float w[2] = {1, 2};
 *   NXS_GLOBAL, NXS_LOCAL   mark a helper's pointer to a buffer     float f(NXS_GLOBAL const float *p)
 *                           or to a shared array
 *   NXS_UNROLL              before a short innermost loop           NXS_UNROLL for (int k = 0; k < 4; ++k)
 *
 * ATOMICS on *p, in a buffer (nxs_atomic_...) or a shared array (nxs_shared_atomic_...); each gives
 * what was there. t is i32 or u32; i64, u64 where NXS_HAS_INT64_ATOMICS is defined
 *   nxs_atomic_add_t(p, v)  also f32; f64 where there are    nxs_atomic_add_i32(&bins[b], 1);
 *                           atomics of 64 bits and double
 *   nxs_atomic_min_t(p, v), nxs_atomic_max_t(p, v)           nxs_shared_atomic_max_u32(&top[0], v);
 *   nxs_atomic_exchange_t(p, v)                              last = nxs_atomic_exchange_i32(p, v);
 *   nxs_atomic_compare_exchange_t(p, seen, v)   stores v     if (nxs_atomic_compare_exchange_i32(
 *                           if *p is `seen`                      &owner[0], 0, me) == 0) first = 1;
 *
 * MATHS: float, and double where NXS_HAS_DOUBLE is defined
 *   nxs_sqrt rsqrt exp exp2 log log2 log10 sin cos tan       nxs_sqrt(x), nxs_log10(x)
 *   nxs_asin acos atan sinh cosh tanh floor ceil trunc       nxs_floor(x)
 *   nxs_round fabs  atan2 pow fmod copysign  fma             nxs_atan2(y, x), nxs_fma(a, b, c)
 *   nxs_min, nxs_max  of any numbers; written twice each, so no     nxs_min(x, 1.0f)
 *                     side effects; of a NaN and a number, either
 *
 * TYPES  nxs_int8 16 32 64, nxs_uint8 16 32 64, float, double where NXS_HAS_DOUBLE is defined
 *   nxs_half                a number of 16 bits in a buffer  in(nxs_half, weights)
 *   nxs_load_half(p, i)     p[i] as a float                  float w = nxs_load_half(weights, i);
 *   nxs_store_half(p, i, v) a float into p[i]                nxs_store_half(y, i, 0.5f * w);
 *                           Where NXS_HAS_HALF is defined    nxs_half h = (nxs_half)2.0f * p[i];
 *                           + - * / and comparisons as well
 *
 * RULES, so that a kernel runs everywhere: the common part of C and C++ only (no templates, classes,
 * references, overloads, recursion, exceptions, allocation or printf); at most 256 KiB of shared and
 * private memory on the CPU, 32 KiB of shared memory to fit every GPU; items of one phase depend on
 * each other through the atomics only; no index is checked; include other headers before this one.
 */
// clang-format on
#ifndef NEXUS_KERNEL_H
#define NEXUS_KERNEL_H

#if defined(__METAL_VERSION__)
#include <nexus/kernel/arguments.h>
#include <nexus/kernel/metal.h>
#elif defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
#include <nexus/kernel/arguments.h>
#include <nexus/kernel/opencl.h>
#elif defined(__CUDACC__) || defined(__HIP__) || defined(__HIPCC_RTC__)
#ifndef __CUDACC__
#define NXS_HIP 1
#endif
#include <nexus/kernel/arguments.h>
#include <nexus/kernel/cuda_hip.h>
#elif defined(NXS_CHECK)
#include <nexus/kernel/check.h>
#elif !defined(__cplusplus)
#error "nexus/kernel.h: on the CPU this is C++17: compile with -x c++; for C use nexus/cpu_kernel.h"
#elif __cplusplus < 201703L
#error "nexus/kernel.h: on the CPU this is C++17: compile with -std=c++17 or newer"
#elif !defined(__GNUC__)
#error "nexus/kernel.h: the CPU side needs gcc, clang or zig"
#else
#include <nexus/kernel/arguments.h>
#include <nexus/kernel/cpu.h>
#endif

/* The same in every language. */
#define nxs_min(a, b) ((b) < (a) ? (b) : (a))
#define nxs_max(a, b) ((a) < (b) ? (b) : (a))

#endif
