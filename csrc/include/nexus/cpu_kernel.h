/* What a kernel of the CPU backend is: a C function that runs a range of groups, and a record that
 * describes its arguments. Valid C11 and C++17 (gcc, clang, zig).
 *
 * Kernels that should also run elsewhere are written with <nexus/kernel.h>, which makes both for
 * you. This header is for kernels in plain C or C++, and for the backend itself. One kernel, whole:
 *
 *   #include <nexus/cpu_kernel.h>
 *
 *   NXS_CPU_KERNEL(saxpy, val(float, a), in(float, x), inout(float, y)) {
 *     for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) y[i] += a * x[i];
 *   }
 *
 *   cc -O3 -march=native -fPIC -shared $(python -m nexus --includes) saxpy.c -o saxpy.so
 *
 * A kernel is called with some of the groups at a time, from several threads at once, and must run
 * the items of groups [launch->begin, launch->end) and no others. It may be called any number
 * of times for one launch. Keep what it puts on the stack below 256 KiB. */
#ifndef NEXUS_CPU_KERNEL_H
#define NEXUS_CPU_KERNEL_H

#include <nexus/kernel/arguments.h>
#include <stddef.h>
#include <stdint.h>

/* zig cc has no headers of the C++ library, and nothing can be thrown without one. */
#if defined(__cpp_exceptions) && __has_include(<exception>)
#include <exception>
#define NXS_CPU_THROWS 1
#else
#define NXS_CPU_THROWS 0
#endif

#ifdef __cplusplus
#define NXS_CPU_EXPORT extern "C" __attribute__((visibility("default")))
extern "C" {
#else
#define NXS_CPU_EXPORT __attribute__((visibility("default")))
#endif

/* One call. Only grows at the end: look at struct_size before a member that is not listed here.
   Groups are numbered x fastest: group number (z * groups[1] + y) * groups[0] + x. */
typedef struct nxs_cpu_launch {
  uint32_t struct_size;
  int32_t grid[3];    /* work-items in all; need not be a multiple of group */
  int32_t group[3];   /* work-items in a group */
  int32_t groups[3];  /* groups: grid / group, rounded up */
  int64_t begin, end; /* run the groups [begin, end) */
  void *group_memory; /* 64-byte aligned, or NULL; contents undefined at the start of each group */
  uint64_t group_memory_nbytes;
  void (*fail)(void *context, const char *why); /* fails the run; nxs_cpu_fail() calls it */
  void *context;                                /* what `fail` takes, for the length of this call */
} nxs_cpu_launch;

/* One argument, as the source spells it. */
typedef struct nxs_arg_info {
  const char *name, *type; /* "x", "float" */
  uint32_t nbytes;         /* of the value, or of one element of the buffer */
  char access;             /* 'v' value, 'i' in, 'o' out, 'b' in and out */
} nxs_arg_info;

/* One kernel: the symbol NAME__nxs_info beside the function NAME. */
typedef struct nxs_kernel_info {
  uint32_t struct_size, n_args;
  int32_t group[3]; /* the only group size it can run with, or 0,0,0: any */
  const char *name;
  const nxs_arg_info *args;
  uint32_t arg_nbytes; /* from one entry of args to the next: nxs_arg_info may grow */
} nxs_kernel_info;

/* args[i] points at the value of argument i; of a buffer, that value is its address. */
typedef void nxs_cpu_kernel(void *const *args, const nxs_cpu_launch *launch);

#ifdef __cplusplus
}
#endif

/* ---- the items of a call ------------------------------------------------------------------ */

/* First item of this call, and one past the last, in a 1-D grid. */
static inline int64_t nxs_cpu_begin(const nxs_cpu_launch *launch) {
  return launch->begin * launch->group[0];
}
static inline int64_t nxs_cpu_end(const nxs_cpu_launch *launch) {
  const int64_t end = launch->end * launch->group[0];
  return end < launch->grid[0] ? end : launch->grid[0];
}

/* The items of this call in a grid of 1 to 3 dimensions, one row in x at a time. Groups beside each
 * other in x are joined to one long row, so a small group size costs nothing.
 *
 *   nxs_cpu_rows rows = nxs_cpu_rows_of(launch);
 *   while (nxs_cpu_next_row(&rows))
 *     for (int32_t x = rows.x_begin; x < rows.x_end; ++x) picture[rows.y * width + x] = 0; */
typedef struct nxs_cpu_rows {
  int32_t x_begin, x_end, y, z; /* the row: items x_begin <= x < x_end at y, z */
  int32_t y_begin, y_end, z_end;
  int64_t group; /* the next one to take */
  const nxs_cpu_launch *launch;
} nxs_cpu_rows;

static inline nxs_cpu_rows nxs_cpu_rows_of(const nxs_cpu_launch *launch) {
  nxs_cpu_rows rows = {0, 0, 0, 0, 0, 0, 0, launch->begin, launch};
  return rows;
}

static inline int32_t nxs_cpu_least(int64_t a, int64_t b) { return (int32_t)(a < b ? a : b); }

static inline int nxs_cpu_next_row(nxs_cpu_rows *rows) {
  const nxs_cpu_launch *const l = rows->launch;
  if (++rows->y < rows->y_end) return 1;
  rows->y = rows->y_begin;
  if (++rows->z < rows->z_end) return 1;
  if (rows->group >= l->end) return 0;
  {
    const int64_t x = rows->group % l->groups[0], yz = rows->group / l->groups[0];
    const int64_t y = yz % l->groups[1], z = yz / l->groups[1];
    const int64_t joined = nxs_cpu_least(l->end - rows->group, l->groups[0] - x);
    rows->x_begin = (int32_t)(x * l->group[0]);
    rows->x_end = nxs_cpu_least((x + joined) * l->group[0], l->grid[0]);
    rows->y = rows->y_begin = (int32_t)(y * l->group[1]);
    rows->y_end = nxs_cpu_least((y + 1) * l->group[1], l->grid[1]);
    rows->z = (int32_t)(z * l->group[2]);
    rows->z_end = nxs_cpu_least((z + 1) * l->group[2], l->grid[2]);
    rows->group += joined;
  }
  return 1;
}

/* Fails the run with a sentence for its user; return from the kernel then. Groups that run already
   are finished, no new one begins. `launch` is the one that the kernel was called with, or a copy
   of it; of several sentences the first counts. False: what calls the kernel has no ear for it. */
static inline int nxs_cpu_fail(const nxs_cpu_launch *launch, const char *why) {
  const size_t end = offsetof(nxs_cpu_launch, context) + sizeof launch->context;
  if (launch->struct_size < end) return 0;
  launch->fail(launch->context, why);
  return 1;
}

/* ---- making a kernel ---------------------------------------------------------------------- */

/* NXS_CPU_KERNEL(name, args...) { body }: defines the function, its record, and a parameter for
   each argument; the body also has `launch`. What it throws in C++ fails the run. The arguments,
   1 to 16:
     val(T, n)    a number or plain struct, by value      in(T, p)     a buffer that is only read
     out(T, p)    a buffer that is only written           inout(T, p)  a buffer, read and written */
#define NXS_CPU_KERNEL(name, ...)                                                   \
  static inline void name##__body(const nxs_cpu_launch *launch,                     \
                                  NXS_LIST(NXS_PARAMETER, __VA_ARGS__));            \
  NXS_CPU_KERNEL_INFO(name, __VA_ARGS__);                                           \
  NXS_CPU_ENTRY(name) {                                                             \
    NXS_CPU_TRY { name##__body(nxs_launch, NXS_LIST(NXS_CPU_VALUE, __VA_ARGS__)); } \
    NXS_CPU_FAIL                                                                    \
  }                                                                                 \
  static inline void name##__body(const nxs_cpu_launch *launch,                     \
                                  NXS_LIST(NXS_PARAMETER, __VA_ARGS__))

/* NXS_CPU_KERNEL_INFO(name, args...);  the record alone, for a function that you define yourself:
     NXS_CPU_EXPORT void name(void *const *args, const nxs_cpu_launch *launch) { ... } */
#define NXS_CPU_KERNEL_INFO(name, ...) NXS_CPU_GROUP_KERNEL_INFO(name, 0, 0, 0, __VA_ARGS__)

/* NXS_CPU_GROUP_KERNEL_INFO(name, X, Y, Z, args...);  the same for a kernel that runs with groups
   of X x Y x Z items only; another group size is refused before it is called. */
#define NXS_CPU_GROUP_KERNEL_INFO(name, X, Y, Z, ...)                                       \
  static const nxs_arg_info name##__nxs_args[] = {NXS_LIST(NXS_CPU_ARG_INFO, __VA_ARGS__)}; \
  NXS_CPU_EXPORT const nxs_kernel_info name##__nxs_info = {                                 \
      sizeof(nxs_kernel_info), NXS_COUNT(__VA_ARGS__), {X, Y, Z}, #name,                    \
      name##__nxs_args,        sizeof(nxs_arg_info)}

/* ---- parts of the macros above ------------------------------------------------------------ */

#ifndef NXS_GLOBAL
#define NXS_GLOBAL
#endif

/* The text is taken where the exception was thrown: nexus may have another C++ library. */
#if NXS_CPU_THROWS
#define NXS_CPU_TRY try
#define NXS_CPU_FAIL                                        \
  catch (const std::exception &nxs_error) {                 \
    if (!nxs_cpu_fail(nxs_launch, nxs_error.what())) throw; \
  }
#else
#define NXS_CPU_TRY
#define NXS_CPU_FAIL
#endif

#define NXS_CPU_ENTRY(name)                                                          \
  NXS_CPU_EXPORT void name(void *const *nxs_args, const nxs_cpu_launch *nxs_launch); \
  NXS_CPU_EXPORT void name(void *const *nxs_args, const nxs_cpu_launch *nxs_launch)

#define NXS_CPU_ARG_INFO(i, argument) NXS_CPU_ARG_INFO_##argument
#define NXS_CPU_ARG_INFO_val(T, name) {#name, #T, sizeof(T), 'v'}
#define NXS_CPU_ARG_INFO_in(T, name) {#name, #T, sizeof(T), 'i'}
#define NXS_CPU_ARG_INFO_out(T, name) {#name, #T, sizeof(T), 'o'}
#define NXS_CPU_ARG_INFO_inout(T, name) {#name, #T, sizeof(T), 'b'}

#define NXS_CPU_VALUE(i, argument) *(NXS_CPU_TYPE_##argument *)nxs_args[i]
#define NXS_CPU_TYPE_val(T, name) const T
#define NXS_CPU_TYPE_in(T, name) const T *const
#define NXS_CPU_TYPE_out(T, name) T *const
#define NXS_CPU_TYPE_inout(T, name) T *const

#endif
