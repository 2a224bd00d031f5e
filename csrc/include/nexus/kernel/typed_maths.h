/* The portable names of mathematical functions that a language has under two names, one for float
 * and one for double: NXS_FLOAT_FN(fn) and NXS_DOUBLE_FN(fn). Include <nexus/kernel.h>, not this
 * file. */
#ifndef NEXUS_KERNEL_TYPED_MATHS_H
#define NEXUS_KERNEL_TYPED_MATHS_H

#define NXS_MATHS_1(fn)                                            \
  NXS_FUNC float nxs_##fn(float x) { return NXS_FLOAT_FN(fn)(x); } \
  NXS_FUNC double nxs_##fn(double x) { return NXS_DOUBLE_FN(fn)(x); }
#define NXS_MATHS_2(fn)                                                        \
  NXS_FUNC float nxs_##fn(float x, float y) { return NXS_FLOAT_FN(fn)(x, y); } \
  NXS_FUNC double nxs_##fn(double x, double y) { return NXS_DOUBLE_FN(fn)(x, y); }

NXS_MATHS_1(sqrt)
NXS_MATHS_1(exp)
NXS_MATHS_1(exp2)
NXS_MATHS_1(log)
NXS_MATHS_1(log2)
NXS_MATHS_1(log10)
NXS_MATHS_1(sin)
NXS_MATHS_1(cos)
NXS_MATHS_1(tan)
NXS_MATHS_1(asin)
NXS_MATHS_1(acos)
NXS_MATHS_1(atan)
NXS_MATHS_1(sinh)
NXS_MATHS_1(cosh)
NXS_MATHS_1(tanh)
NXS_MATHS_1(floor)
NXS_MATHS_1(ceil)
NXS_MATHS_1(trunc)
NXS_MATHS_1(round)
NXS_MATHS_1(fabs)
NXS_MATHS_2(atan2)
NXS_MATHS_2(pow)
NXS_MATHS_2(fmod)
NXS_MATHS_2(copysign)
NXS_FUNC float nxs_fma(float a, float b, float c) { return NXS_FLOAT_FN(fma)(a, b, c); }
NXS_FUNC double nxs_fma(double a, double b, double c) { return NXS_DOUBLE_FN(fma)(a, b, c); }

#endif
