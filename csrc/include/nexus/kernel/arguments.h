/* The walk over a kernel's argument list, `val(float, a), in(float, x)`; for every language. */
#ifndef NEXUS_KERNEL_ARGUMENTS_H
#define NEXUS_KERNEL_ARGUMENTS_H

/* How many arguments the list has: 1 to 16. For 17 to 20 a word, for the compiler to complain of.
 */
#define NXS_COUNT(...)                                                                            \
  NXS_COUNT_(__VA_ARGS__, is_too_long, is_too_long, is_too_long, is_too_long, 16, 15, 14, 13, 12, \
             11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define NXS_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, count, ...) count

/* NXS_LIST(F, in(float, x), val(int, n)) is F(0, in(float, x)), F(1, val(int, n)).
   F pastes a prefix to the kind, and the macro of that name does the work: see NXS_NAME. */
#define NXS_LIST(F, ...) NXS_PASTE(NXS_LIST_, NXS_COUNT(__VA_ARGS__))(F, __VA_ARGS__)
#define NXS_PASTE(a, b) NXS_PASTE_(a, b)
#define NXS_PASTE_(a, b) a##b

/* clang-format off */
#define NXS_LIST_1(F, a) F(0, a)
#define NXS_LIST_2(F, a, b) NXS_LIST_1(F, a), F(1, b)
#define NXS_LIST_3(F, a, b, c) NXS_LIST_2(F, a, b), F(2, c)
#define NXS_LIST_4(F, a, b, c, d) NXS_LIST_3(F, a, b, c), F(3, d)
#define NXS_LIST_5(F, a, b, c, d, e) NXS_LIST_4(F, a, b, c, d), F(4, e)
#define NXS_LIST_6(F, a, b, c, d, e, f) NXS_LIST_5(F, a, b, c, d, e), F(5, f)
#define NXS_LIST_7(F, a, b, c, d, e, f, g) NXS_LIST_6(F, a, b, c, d, e, f), F(6, g)
#define NXS_LIST_8(F, a, b, c, d, e, f, g, h) NXS_LIST_7(F, a, b, c, d, e, f, g), F(7, h)
#define NXS_LIST_9(F, a, b, c, d, e, f, g, h, i) NXS_LIST_8(F, a, b, c, d, e, f, g, h), F(8, i)
#define NXS_LIST_10(F, a, b, c, d, e, f, g, h, i, j) \
  NXS_LIST_9(F, a, b, c, d, e, f, g, h, i), F(9, j)
#define NXS_LIST_11(F, a, b, c, d, e, f, g, h, i, j, k) \
  NXS_LIST_10(F, a, b, c, d, e, f, g, h, i, j), F(10, k)
#define NXS_LIST_12(F, a, b, c, d, e, f, g, h, i, j, k, l) \
  NXS_LIST_11(F, a, b, c, d, e, f, g, h, i, j, k), F(11, l)
#define NXS_LIST_13(F, a, b, c, d, e, f, g, h, i, j, k, l, m) \
  NXS_LIST_12(F, a, b, c, d, e, f, g, h, i, j, k, l), F(12, m)
#define NXS_LIST_14(F, a, b, c, d, e, f, g, h, i, j, k, l, m, n) \
  NXS_LIST_13(F, a, b, c, d, e, f, g, h, i, j, k, l, m), F(13, n)
#define NXS_LIST_15(F, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) \
  NXS_LIST_14(F, a, b, c, d, e, f, g, h, i, j, k, l, m, n), F(14, o)
#define NXS_LIST_16(F, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \
  NXS_LIST_15(F, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o), F(15, p)
/* clang-format on */

/* NXS_LIST(NXS_NAME, ...): the names alone, to hand a body its arguments on. */
#define NXS_NAME(i, argument) NXS_NAME_##argument
#define NXS_NAME_val(T, name) name
#define NXS_NAME_in(T, name) name
#define NXS_NAME_out(T, name) name
#define NXS_NAME_inout(T, name) name

/* NXS_ACCESS(saxpy__nxs, val(float, a), in(float, x)) is saxpy__nxs_val_in: one name of all kinds.
 */
#define NXS_ACCESS(prefix, ...) NXS_PASTE(NXS_ACCESS_, NXS_COUNT(__VA_ARGS__))(prefix, __VA_ARGS__)
#define NXS_KIND_val(T, name) _val
#define NXS_KIND_in(T, name) _in
#define NXS_KIND_out(T, name) _out
#define NXS_KIND_inout(T, name) _inout

/* clang-format off */
#define NXS_ACCESS_1(w, a) NXS_PASTE(w, NXS_KIND_##a)
#define NXS_ACCESS_2(w, a, b) \
  NXS_ACCESS_1(NXS_PASTE(w, NXS_KIND_##a), b)
#define NXS_ACCESS_3(w, a, b, c) \
  NXS_ACCESS_2(NXS_PASTE(w, NXS_KIND_##a), b, c)
#define NXS_ACCESS_4(w, a, b, c, d) \
  NXS_ACCESS_3(NXS_PASTE(w, NXS_KIND_##a), b, c, d)
#define NXS_ACCESS_5(w, a, b, c, d, e) \
  NXS_ACCESS_4(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e)
#define NXS_ACCESS_6(w, a, b, c, d, e, f) \
  NXS_ACCESS_5(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f)
#define NXS_ACCESS_7(w, a, b, c, d, e, f, g) \
  NXS_ACCESS_6(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g)
#define NXS_ACCESS_8(w, a, b, c, d, e, f, g, h) \
  NXS_ACCESS_7(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h)
#define NXS_ACCESS_9(w, a, b, c, d, e, f, g, h, i) \
  NXS_ACCESS_8(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i)
#define NXS_ACCESS_10(w, a, b, c, d, e, f, g, h, i, j) \
  NXS_ACCESS_9(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j)
#define NXS_ACCESS_11(w, a, b, c, d, e, f, g, h, i, j, k) \
  NXS_ACCESS_10(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k)
#define NXS_ACCESS_12(w, a, b, c, d, e, f, g, h, i, j, k, l) \
  NXS_ACCESS_11(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k, l)
#define NXS_ACCESS_13(w, a, b, c, d, e, f, g, h, i, j, k, l, m) \
  NXS_ACCESS_12(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k, l, m)
#define NXS_ACCESS_14(w, a, b, c, d, e, f, g, h, i, j, k, l, m, n) \
  NXS_ACCESS_13(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k, l, m, n)
#define NXS_ACCESS_15(w, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) \
  NXS_ACCESS_14(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k, l, m, n, o)
#define NXS_ACCESS_16(w, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \
  NXS_ACCESS_15(NXS_PASTE(w, NXS_KIND_##a), b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
/* clang-format on */

/* NXS_LIST(NXS_TYPE, ...): the types alone. */
#define NXS_TYPE(i, argument) NXS_TYPE_##argument
#define NXS_TYPE_val(T, name) T
#define NXS_TYPE_in(T, name) T
#define NXS_TYPE_out(T, name) T
#define NXS_TYPE_inout(T, name) T

/* NXS_LIST(NXS_NBYTES, ...) and NXS_LIST(NXS_LETTER, ...): what records say of each argument. */
#define NXS_NBYTES(i, argument) NXS_NBYTES_##argument
#define NXS_NBYTES_val(T, name) sizeof(T)
#define NXS_NBYTES_in(T, name) sizeof(T)
#define NXS_NBYTES_out(T, name) sizeof(T)
#define NXS_NBYTES_inout(T, name) sizeof(T)
#define NXS_LETTER(i, argument) NXS_LETTER_##argument
#define NXS_LETTER_val(T, name) 'v'
#define NXS_LETTER_in(T, name) 'i'
#define NXS_LETTER_out(T, name) 'o'
#define NXS_LETTER_inout(T, name) 'b'

/* NXS_LIST(NXS_PARAMETER, ...): the parameters of a function. NXS_GLOBAL is the language's word
   for device memory; it is empty on the CPU, CUDA and HIP. */
#define NXS_PARAMETER(i, argument) NXS_PARAMETER_##argument
#define NXS_PARAMETER_val(T, name) const T name
#define NXS_PARAMETER_in(T, name) NXS_GLOBAL const T *name
#define NXS_PARAMETER_out(T, name) NXS_GLOBAL T *name
#define NXS_PARAMETER_inout(T, name) NXS_GLOBAL T *name

#endif
