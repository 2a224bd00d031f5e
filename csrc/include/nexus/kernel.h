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
 * ATOMICS: add v to *p, return what was there
 *   nxs_atomic_add_i32, _u32, _f32           *p in a buffer         nxs_atomic_add_i32(&bins[b], 1);
 *   nxs_shared_atomic_add_i32, _u32, _f32    *p in a shared array   nxs_shared_atomic_add_f32(&s[0], v);
 *
 * MATHS: float and double
 *   nxs_sqrt exp exp2 log log2 sin cos tan tanh atan2 pow           nxs_sqrt(x), nxs_atan2(y, x)
 *   nxs_floor ceil trunc round fabs fma                             nxs_fma(a, b, c)
 *   nxs_min, nxs_max  of any numbers; written twice each, so no     nxs_min(x, 1.0f)
 *                     side effects; of a NaN and a number, either
 *
 * TYPES  nxs_int8 16 32 64, nxs_uint8 16 32 64, float, double
 *
 * RULES, so that a kernel runs everywhere: the common part of C and C++ only (no templates, classes,
 * references, overloads, recursion, exceptions, allocation or printf); at most 256 KiB of shared and
 * private memory on the CPU, 32 KiB of shared memory to fit every GPU; items of one phase depend on
 * each other through the atomics only; include other headers before this one.
 */
// clang-format on
#ifndef NEXUS_KERNEL_H
#define NEXUS_KERNEL_H

#if defined(__METAL_VERSION__) || defined(__CUDACC__) || defined(__HIP__) || defined(__HIPCC_RTC__)
#error "nexus/kernel.h: this version has the CPU and the OpenCL side only"
#elif defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
#include <nexus/kernel/arguments.h>
#include <nexus/kernel/opencl.h>
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
