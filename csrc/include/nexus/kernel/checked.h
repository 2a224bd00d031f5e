/* What the words of <nexus/kernel/check.h> mean: in C and, for phases, in C++. Included by nexus
 * itself before a text that was made with the former. */
#ifndef NEXUS_KERNEL_CHECKED_H
#define NEXUS_KERNEL_CHECKED_H

#pragma GCC system_header

#include <nexus/kernel/types.h>
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef float nxs_half; /* the types of its operations are checked in the build itself */

#define nxs_kernel
#define nxs_func static inline __attribute__((unused))
#define nxs_private static
#define nxs_each for (int nxs_once = 1; nxs_once; nxs_once = 0)
#define nxs_maths(...) (0.0f + NXS_CHECK_SUM(__VA_ARGS__, 0.0f, 0.0f, ))
#define NXS_CHECK_SUM(a, b, c, ...) ((a) + (b) + (c))

#ifdef __cplusplus

/* A phase is a function that has copies of all variables outside it, and a copy is const. So what
   is written in a phase is what a phase may write; and a buffer that is const is one in a phase,
   one that is not is one between phases. */
#define nxs_phase \
  (void)[=]() {   \
    nxs_each /* a brace follows the statement of the phase */
#define nxs_global
#define nxs_local
#define nxs_table static const
#define nxs_written(T, name) nxs_buffer<T> name
#define nxs_shared(T, name, dims) nxs_array<T dims> name
#define nxs_place(d) nxs_index((int)(d))
int nxs_index(int d);

template <class T>
struct nxs_address_between {
  operator T *() const;
};

/* A place in a buffer or a shared array, between phases. Every item of a GPU runs what stands
   there: to store the same is to store once, to add is not to add once. */
template <class T>
struct nxs_place_between {
  operator T &() const;
  T &operator=(T);
#define NXS_CHECK_NOT(op) \
  template <class U>      \
  void operator op(U) = delete;
  NXS_CHECK_NOT(+=)
  NXS_CHECK_NOT(-=)
  NXS_CHECK_NOT(*=)
  NXS_CHECK_NOT(/=)
  NXS_CHECK_NOT(%=)
  NXS_CHECK_NOT(&=)
  NXS_CHECK_NOT(|=)
  NXS_CHECK_NOT(^=)
  NXS_CHECK_NOT(<<=)
  NXS_CHECK_NOT(>>=)
  NXS_CHECK_NOT(++)
  NXS_CHECK_NOT(--)
  void operator++() = delete;
  void operator--() = delete;
  nxs_address_between<T> operator&() const;
};
template <class T, size_t n>
struct nxs_place_between<T[n]> {
  template <class Index>
  nxs_place_between<T> operator[](Index) const;
  operator T *() const;
};

template <class T>
struct nxs_buffer {
  T *nxs_first;
  template <class Index>
  T &operator[](Index) const;
  template <class Index>
  nxs_place_between<T> operator[](Index);
  nxs_buffer &operator=(T *);
  template <class Index>
  nxs_buffer &operator+=(Index);
  template <class Index>
  nxs_buffer &operator-=(Index);
  nxs_buffer &operator++();
  nxs_buffer &operator--();
  nxs_buffer operator++(int);
  nxs_buffer operator--(int);
  operator T *() const;
  template <class U>
  explicit operator U *() const;
};

template <class T>
struct nxs_array;
template <class T, size_t n>
struct nxs_array<T[n]> {
  T nxs_items[n];
  template <class Index>
  T &operator[](Index) const;
  template <class Index>
  nxs_place_between<T> operator[](Index);
  operator T *() const;
  template <class U>
  explicit operator U *() const;
};

#else

#if defined(__clang__)
#define nxs_global __attribute__((address_space(1)))
#define nxs_constant __attribute__((address_space(2)))
#define nxs_local __attribute__((address_space(3)))
#elif defined(__SEG_FS) && defined(__SEG_GS) /* any two that differ: gcc on x86-64 has these */
/* Behind a loop or an `if`, gcc takes a bare __seg_gs for the name of a variable. */
#define nxs_global __attribute__(()) __seg_gs
#define nxs_constant
#define nxs_local __attribute__(()) __seg_fs
#else
#define nxs_global
#define nxs_constant
#define nxs_local
#endif
#define nxs_table static nxs_constant const __attribute__((unused))
#define nxs_written(T, name) nxs_global T *name
/* What follows a declaration of a function is no initializer. */
#define nxs_shared(T, name, dims) \
  static nxs_local T name dims;   \
  extern void nxs_is_not_initialized(void)
/* A dimension that the compiler knows is 0, 1 or 2. */
#define nxs_place(d) \
  nxs_index(         \
      (int)(d) +     \
      0 * (int)sizeof(char[__builtin_choose_expr(__builtin_constant_p(d), (d), 0) < 3u ? 1 : -1]))
int nxs_index(int d);
#define bool _Bool
#define true 1
#define false 0
#define NULL ((void *)0)

#endif

#ifdef __cplusplus
#define NXS_CHECK_ATOMIC(name, space, T) \
  T name(T *, T);                        \
  T name(nxs_address_between<T>, T) = delete;
#else
#define NXS_CHECK_ATOMIC(name, space, T) T name(space T *, T);
#endif
#define NXS_CHECK_ATOMICS_OF(name, space, T, t)   \
  NXS_CHECK_ATOMIC(name##_add_##t, space, T)      \
  NXS_CHECK_ATOMIC(name##_min_##t, space, T)      \
  NXS_CHECK_ATOMIC(name##_max_##t, space, T)      \
  NXS_CHECK_ATOMIC(name##_exchange_##t, space, T) \
  T name##_compare_exchange_##t(space T *, T, T);
#define NXS_CHECK_ATOMICS(T, t)                      \
  NXS_CHECK_ATOMICS_OF(nxs_atomic, nxs_global, T, t) \
  NXS_CHECK_ATOMICS_OF(nxs_shared_atomic, nxs_local, T, t)
NXS_CHECK_ATOMICS(nxs_int32, i32)
NXS_CHECK_ATOMICS(nxs_uint32, u32)
NXS_CHECK_ATOMICS(nxs_int64, i64)
NXS_CHECK_ATOMICS(nxs_uint64, u64)
NXS_CHECK_ATOMICS(float, f32)
NXS_CHECK_ATOMICS(double, f64)

#endif
