/* The atomics of <nexus/kernel.h> on the CPU. Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_CPU_ATOMICS_H
#define NEXUS_KERNEL_CPU_ATOMICS_H

namespace nxs::cpu {

/* Replaces *p by `next(*p)`, and again if another thread came between. */
template <class T, class Next>
NXS_INLINE T replace(T *p, Next next) {
  T seen, v;
  __atomic_load(p, &seen, __ATOMIC_RELAXED);
  do v = next(seen);
  while (!__atomic_compare_exchange(p, &seen, &v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return seen;
}

/* The same for a shared array. A group runs on one thread, so it needs no lock; but without
   volatile the vectorised item loop would lose all but one of several changes of the same place. */
template <class T, class Next>
NXS_INLINE T replace_in_order(volatile T *p, Next next) {
  const T seen = *p;
  *p = next(seen);
  return seen;
}

}  // namespace nxs::cpu

/* Bits is the type without a sign: the sum of numbers with one may pass the largest. */
#define NXS_CPU_ATOMICS(T, t, Bits)                                                               \
  NXS_FUNC T nxs_atomic_add_##t(T *p, T v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); } \
  NXS_FUNC T nxs_atomic_exchange_##t(T *p, T v) {                                                 \
    return __atomic_exchange_n(p, v, __ATOMIC_RELAXED);                                           \
  }                                                                                               \
  NXS_FUNC T nxs_atomic_compare_exchange_##t(T *p, T seen, T v) {                                 \
    __atomic_compare_exchange_n(p, &seen, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);          \
    return seen;                                                                                  \
  }                                                                                               \
  NXS_CPU_REPLACE(nxs_atomic_min_##t, replace, T, seen < v ? seen : v)                            \
  NXS_CPU_REPLACE(nxs_atomic_max_##t, replace, T, seen < v ? v : seen)                            \
  NXS_CPU_REPLACE(nxs_shared_atomic_add_##t, replace_in_order, T, T(Bits(seen) + Bits(v)))        \
  NXS_CPU_REPLACE(nxs_shared_atomic_min_##t, replace_in_order, T, seen < v ? seen : v)            \
  NXS_CPU_REPLACE(nxs_shared_atomic_max_##t, replace_in_order, T, seen < v ? v : seen)            \
  NXS_CPU_REPLACE(nxs_shared_atomic_exchange_##t, replace_in_order, T, v)                         \
  NXS_FUNC T nxs_shared_atomic_compare_exchange_##t(T *p, T expected, T v) {                      \
    return nxs::cpu::replace_in_order(p, [=](T seen) { return seen == expected ? v : seen; });    \
  }
/* `next` may use `seen`, what is there now, and `v`. */
#define NXS_CPU_REPLACE(name, how, T, next)                                      \
  NXS_FUNC T name(T *p, T v) {                                                   \
    return nxs::cpu::how(p, [=]([[maybe_unused]] T seen) -> T { return next; }); \
  }

NXS_CPU_ATOMICS(nxs_int32, i32, nxs_uint32)
NXS_CPU_ATOMICS(nxs_uint32, u32, nxs_uint32)
NXS_CPU_ATOMICS(nxs_int64, i64, nxs_uint64)
NXS_CPU_ATOMICS(nxs_uint64, u64, nxs_uint64)
NXS_CPU_REPLACE(nxs_atomic_add_f32, replace, float, seen + v)
NXS_CPU_REPLACE(nxs_atomic_add_f64, replace, double, seen + v)
NXS_CPU_REPLACE(nxs_shared_atomic_add_f32, replace_in_order, float, seen + v)
NXS_CPU_REPLACE(nxs_shared_atomic_add_f64, replace_in_order, double, seen + v)

#endif
