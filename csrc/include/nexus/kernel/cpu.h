/* The CPU side of <nexus/kernel.h>: an item is a turn of a plain loop that the compiler vectorises,
 * a barrier is the end of such a loop. Include <nexus/kernel.h>, not this file.
 *
 * Compile as C++17 with -O3 -march=native -fopenmp-simd -fno-math-errno -fno-trapping-math; without
 * -fno-trapping-math gcc keeps `c ? a * b : d` a branch and does not vectorise it. */
#ifndef NEXUS_KERNEL_CPU_H
#define NEXUS_KERNEL_CPU_H

/* A phase hides the group's `nxs_self` with the item's on purpose: no -Wshadow for the user. */
#pragma GCC system_header

#include <nexus/cpu_kernel.h>
#include <nexus/kernel/cpu_names.h>

/* ---- words -------------------------------------------------------------------------------- */

#define NXS_INLINE inline __attribute__((always_inline))
#define NXS_DEVICE NXS_INLINE
#define NXS_FUNC static NXS_INLINE
#define NXS_LOCAL
#define NXS_TABLE static const

/* Both say that the items of a loop do not depend on each other. For a loop that a kernel's own
   braces follow, `omp simd` also makes `break` and `return` in them an error. Without
   unroll(disable) clang unrolls a short item loop before it can vectorise it, and then gathers over
   rows: a tiled matmul took 6.6 ms instead of 2.9. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* not every body can be vectorised: no warning \
                                                  */
#define NXS_SIMD _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#define NXS_SIMD_PHASE _Pragma("omp simd") NXS_SIMD
#define NXS_UNROLL _Pragma("unroll")
#else
#define NXS_SIMD _Pragma("omp simd")
#define NXS_SIMD_PHASE NXS_SIMD
#define NXS_UNROLL _Pragma("GCC unroll 32")
#endif

#include <nexus/kernel/types.h>
#define NXS_HAS_DOUBLE 1
#define NXS_HAS_INT64_ATOMICS 1

#define NXS_HAS_HALF 1
#if defined(__FLT16_MAX__) && (!defined(__clang__) || __clang_major__ >= 15)
typedef _Float16 nxs_half;
#else
#include <nexus/kernel/cpu_half.h>
#endif
#define nxs_load_half(p, i) ((float)(p)[i])
#define nxs_store_half(p, i, v) ((p)[i] = (nxs_half)(float)(v))

/* ---- items and groups --------------------------------------------------------------------- */

namespace nxs::cpu {

constexpr int kMaxGroupItems = 1024;        // of one group; what every GPU takes
constexpr int kMaxGroupDepth = 64;          // of these, in z; CUDA's limit
constexpr int kMaxArrayBytes = 256 * 1024;  // shared and private arrays are on the worker's stack

NXS_INLINE constexpr int pick(int d, int x, int y, int z) { return d == 0 ? x : d == 1 ? y : z; }
NXS_INLINE constexpr int pick(int d, const int (&n)[3]) { return pick(d, n[0], n[1], n[2]); }

template <class...>
constexpr bool kNever = false;  // depends on a template argument, so it fails only where it is used

template <class T>
constexpr bool kIsGroup = T::kIsGroup;
template <class T>
constexpr bool kIsGroup<T &> = T::kIsGroup;

// An item of a group kernel, in a phase. What is the group's it asks the group: with a reference to
// it in here, gcc 12 made a block sum 1.4 times slower, with a copy 5 times.
struct Member {
  static constexpr bool kIsGroup = false;
  int x, y, z;     // in the group
  int x0, y0, z0;  // where the group begins
  int number;      // of the item in the group, x fastest
  NXS_INLINE int global_id(int d) const { return pick(d, x0 + x, y0 + y, z0 + z); }
  NXS_INLINE int local_id(int d) const { return pick(d, x, y, z); }
  NXS_INLINE int index() const { return number; }
  template <class... Use>
  int limit(int) const {
    static_assert(kNever<Use...>, "a phase (NXS_EACH, NXS_PHASE) stands inside another phase");
    return 0;
  }
  NXS_INLINE Member at(int, int, int) const { return *this; }
  template <class... Use>
  int first(int) const {
    return limit<Use...>(0);
  }
};

// An item of a simple kernel. Its group is worked out by division, only when the kernel asks.
struct Item {
  static constexpr bool kIsGroup = false;
  int x, y, z;
  const nxs_cpu_launch *launch;
  NXS_INLINE int global_id(int d) const { return pick(d, x, y, z); }
  NXS_INLINE int local_id(int d) const { return global_id(d) % pick(d, launch->group); }
  NXS_INLINE int group_id(int d) const { return global_id(d) / pick(d, launch->group); }
  NXS_INLINE int local_size(int d) const { return pick(d, launch->group); }
  NXS_INLINE int num_groups(int d) const { return pick(d, launch->groups); }
  NXS_INLINE int global_size(int d) const { return pick(d, launch->grid); }
  template <class... Use>
  int limit(int) const {
    static_assert(kNever<Use...>, "a phase (NXS_EACH, NXS_PHASE) belongs in an NXS_GROUP_KERNEL");
    return 0;
  }
  NXS_INLINE Member at(int, int, int) const { return {}; }
  template <class... Use>
  int first(int) const {
    return limit<Use...>(0);
  }
  template <class... Use>
  int index() const {
    static_assert(kNever<Use...>, "nxs_my belongs in a phase of an NXS_GROUP_KERNEL");
    return 0;
  }
};

// A group of a group kernel. A whole group has its size from the compiler: with limits read at run
// time the items vectorise worse (a tiled matmul took twice as long), so the groups at the edge of
// the grid are a second copy of the body.
template <int X, int Y, int Z, bool kIsWhole>
struct Group {
  static constexpr bool kIsGroup = true;
  static constexpr int kItems = X * Y * Z;
  int x, y, z;     // which group
  int nx, ny, nz;  // items in it that are inside the grid
  const nxs_cpu_launch *launch;

  NXS_INLINE int limit(int d) const { return kIsWhole ? pick(d, X, Y, Z) : pick(d, nx, ny, nz); }
  NXS_INLINE int first(int n) const {
    static_assert(Y * Z == 1, "NXS_PHASE_FIRST needs a 1-D group: Y and Z are 1");
    return n < limit(0) ? n : limit(0);
  }
  NXS_INLINE Member at(int ix, int iy, int iz) const {
    return {ix, iy, iz, x * X, y * Y, z * Z, (iz * Y + iy) * X + ix};
  }

  NXS_INLINE int group_id(int d) const { return pick(d, x, y, z); }
  NXS_INLINE int local_size(int d) const { return pick(d, X, Y, Z); }
  NXS_INLINE int num_groups(int d) const { return pick(d, launch->groups); }
  NXS_INLINE int global_size(int d) const { return pick(d, launch->grid); }
  template <class... Use>
  int global_id(int) const {
    static_assert(kNever<Use...>, "nxs_global_id and nxs_local_id belong in a phase");
    return 0;
  }
  template <class... Use>
  int local_id(int) const {
    return global_id<Use...>(0);
  }
  template <class... Use>
  int index() const {
    static_assert(kNever<Use...>, "nxs_my belongs in a phase");
    return 0;
  }
};

#if NXS_CPU_THROWS
#define NXS_CPU_EACH_TRY try
#define NXS_CPU_EACH_CATCH catch (...)
struct Thrown {
  std::exception_ptr what;
  void keep() { what = std::current_exception(); }
  void pass_on() const { std::rethrow_exception(what); }
};
#else
#define NXS_CPU_EACH_TRY if (true)
#define NXS_CPU_EACH_CATCH else
struct Thrown {
  void keep() {}
  void pass_on() const {}
};
#endif

// The first exception of a row ends the call. It is caught inside the loop, because out of an
// `omp simd` gcc lets none; of a body that throws nothing the compiler leaves no trace of this.
template <auto kBody, class... Arguments>
NXS_INLINE void run_items(const nxs_cpu_launch *launch, Arguments... arguments) {
  nxs_cpu_rows rows = nxs_cpu_rows_of(launch);
  while (nxs_cpu_next_row(&rows)) {
    const int y = rows.y, z = rows.z, end = rows.x_end;
    Thrown thrown;
    bool failed = false;
    NXS_SIMD for (int x = rows.x_begin; x < end; ++x) {
      if (failed) continue;
      NXS_CPU_EACH_TRY {
        const Item item{x, y, z, launch};
        kBody(item, item, arguments...);
      }
      NXS_CPU_EACH_CATCH {
        failed = true;
        thrown.keep();
      }
    }
    if (failed) thrown.pass_on();
  }
}

template <int X, int Y, int Z, class Body>
NXS_INLINE void run_groups(const nxs_cpu_launch *launch, Body body) {
  const int *const n = launch->groups, *const grid = launch->grid;
  for (long long g = launch->begin; g < launch->end; ++g) {
    const int x = int(g % n[0]), y = int(g / n[0] % n[1]), z = int(g / n[0] / n[1]);
    const int nx = nxs_cpu_least(grid[0] - static_cast<long long>(x) * X, X);
    const int ny = nxs_cpu_least(grid[1] - static_cast<long long>(y) * Y, Y);
    const int nz = nxs_cpu_least(grid[2] - static_cast<long long>(z) * Z, Z);
    if (nx == X && ny == Y && nz == Z)
      body(Group<X, Y, Z, true>{x, y, z, nx, ny, nz, launch});
    else
      body(Group<X, Y, Z, false>{x, y, z, nx, ny, nz, launch});
  }
}

/* What every language takes by value: numbers and plain structs. */
template <class T>
constexpr bool kIsPlain = __is_trivially_copyable(T);
template <class T>
constexpr bool kIsPlain<T *> = false;
template <>
inline constexpr bool kIsPlain<bool> = false;
template <>
inline constexpr bool kIsPlain<long double> = false;

template <class... T>
constexpr bool kArePlain = (kIsPlain<T> && ...);

}  // namespace nxs::cpu

/* ---- kernels ------------------------------------------------------------------------------ */

/* Every body has nxs_self, which answers for the item (between phases it is the group, and says
   so), and nxs_group, which answers for its group. */

/* The body of a simple kernel is an inline function of its own, so `return` ends the item. */
#define NXS_KERNEL(name, ...)                                                              \
  NXS_FUNC NXS_CPU_BODY(name##__item, nxs::cpu::Item, __VA_ARGS__);                        \
  NXS_CPU_CHECK_NAME(NXS_CPU_TAKEN_##name);                                                \
  NXS_CPU_KERNEL_INFO(name, __VA_ARGS__);                                                  \
  NXS_CPU_CHECK_ARGUMENTS(__VA_ARGS__);                                                    \
  NXS_CPU_ENTRY(name){NXS_CPU_TRY{                                                         \
      nxs::cpu::run_items<name##__item>(nxs_launch, NXS_LIST(NXS_CPU_VALUE, __VA_ARGS__)); \
  }                                                                                        \
  NXS_CPU_FAIL                                                                             \
  }                                                                                        \
  NXS_FUNC NXS_CPU_BODY(name##__item, nxs::cpu::Item, __VA_ARGS__)

#define NXS_GROUP_KERNEL(name, X, Y, Z, ...)                             \
  template <class NxsGroup>                                              \
  static NXS_CPU_BODY(name##__group, NxsGroup, __VA_ARGS__);             \
  NXS_CPU_CHECK_NAME(NXS_CPU_TAKEN_##name);                              \
  NXS_CPU_CHECK_GROUP(X, Y, Z);                                          \
  NXS_CPU_GROUP_KERNEL_INFO(name, X, Y, Z, __VA_ARGS__);                 \
  NXS_CPU_CHECK_ARGUMENTS(__VA_ARGS__);                                  \
  NXS_CPU_ENTRY(name) {                                                  \
    nxs::cpu::run_groups<X, Y, Z>(nxs_launch, [=](auto group) {          \
      name##__group(group, group, NXS_LIST(NXS_CPU_VALUE, __VA_ARGS__)); \
    });                                                                  \
  }                                                                      \
  template <class NxsGroup>                                              \
  static NXS_CPU_BODY(name##__group, NxsGroup, __VA_ARGS__)

#define NXS_CPU_CHECK_NAME(...)               \
  static_assert(NXS_CPU_IS_FREE(__VA_ARGS__), \
                "the name of the kernel is a function of another language: choose another")
#define NXS_CPU_CHECK_GROUP(X, Y, Z)                                                   \
  static_assert((X) >= 1 && (Y) >= 1 && (Z) >= 1 && (Z) <= nxs::cpu::kMaxGroupDepth && \
                    (1ll * (X)) * (Y) * (Z) <= nxs::cpu::kMaxGroupItems,               \
                "a group has 1 to 1024 items, at most 64 of them in z")
#define NXS_CPU_CHECK_ARGUMENTS(...)                                                               \
  static_assert(nxs::cpu::kArePlain<NXS_LIST(NXS_TYPE, __VA_ARGS__)>,                              \
                "an argument is a number or a plain struct, or a buffer of these: no pointer, no " \
                "reference, no bool (take nxs_uint8), no long double")

#define NXS_CPU_BODY(name, Place, ...)                                                     \
  void name([[maybe_unused]] const Place nxs_self, [[maybe_unused]] const Place nxs_group, \
            NXS_LIST(NXS_PARAMETER, __VA_ARGS__))

#define NXS_SHARED(T, name, dims)                                                \
  static_assert(nxs::cpu::kIsGroup<decltype(nxs_self)>,                          \
                "NXS_SHARED stands in an NXS_GROUP_KERNEL, outside its phases"); \
  static_assert(sizeof(T dims) <= nxs::cpu::kMaxArrayBytes,                      \
                "an NXS_SHARED array has at most 256 KiB");                      \
  alignas(64) T name dims
#define NXS_PRIVATE(T, name)                                                            \
  static_assert(nxs::cpu::kIsGroup<decltype(nxs_self)>,                                 \
                "NXS_PRIVATE stands in an NXS_GROUP_KERNEL, outside its phases");       \
  static_assert(sizeof(T[NxsGroup::kItems]) <= nxs::cpu::kMaxArrayBytes,                \
                "an NXS_PRIVATE value has at most 256 KiB for all items of the group"); \
  alignas(64) T name[NxsGroup::kItems]
#define nxs_my(name) name[nxs_self.index()]

#define NXS_EACH                                                         \
  for (int nxs_z = 0; nxs_z < nxs_self.limit(2); ++nxs_z)                \
    for (int nxs_y = 0; nxs_y < nxs_self.limit(1); ++nxs_y)              \
  NXS_SIMD_PHASE for (int nxs_x = 0; nxs_x < nxs_self.limit(0); ++nxs_x) \
      NXS_CPU_AS_ITEM(nxs_x, nxs_y, nxs_z)
#define NXS_PHASE NXS_EACH
#define NXS_PHASE_FIRST(n)                                               \
  NXS_SIMD_PHASE for (int nxs_x = 0; nxs_x < nxs_self.first(n); ++nxs_x) \
      NXS_CPU_AS_ITEM(nxs_x, 0, 0)
/* nxs_self is the group outside the braces and the item inside them. Each `if` has its `else`: one
   that follows the phase belongs to an `if` of the kernel. */
#define NXS_CPU_AS_ITEM(x, y, z)                                        \
  if (const auto nxs_item = nxs_self.at(x, y, z); false) {              \
  } else if ([[maybe_unused]] const auto &nxs_self = nxs_item; false) { \
  } else

#define nxs_global_id(d) nxs_self.global_id(d)
#define nxs_local_id(d) nxs_self.local_id(d)
#define nxs_group_id(d) nxs_group.group_id(d)
#define nxs_local_size(d) nxs_group.local_size(d)
#define nxs_num_groups(d) nxs_group.num_groups(d)
#define nxs_global_size(d) nxs_group.global_size(d)

#include <nexus/kernel/cpu_atomics.h>
#include <nexus/kernel/cpu_maths.h>
#include <nexus/kernel/cpu_words.h>

#endif
