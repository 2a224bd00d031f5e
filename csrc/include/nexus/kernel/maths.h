/* The portable names of mathematical functions that a language has for float and double under one
 * name: NXS_MATHS(fn) is that name. Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_MATHS_H
#define NEXUS_KERNEL_MATHS_H

#define nxs_sqrt(x) NXS_MATHS(sqrt)(x)
#define nxs_rsqrt(x) NXS_MATHS(rsqrt)(x)
#define nxs_exp(x) NXS_MATHS(exp)(x)
#define nxs_exp2(x) NXS_MATHS(exp2)(x)
#define nxs_log(x) NXS_MATHS(log)(x)
#define nxs_log2(x) NXS_MATHS(log2)(x)
#define nxs_log10(x) NXS_MATHS(log10)(x)
#define nxs_sin(x) NXS_MATHS(sin)(x)
#define nxs_cos(x) NXS_MATHS(cos)(x)
#define nxs_tan(x) NXS_MATHS(tan)(x)
#define nxs_asin(x) NXS_MATHS(asin)(x)
#define nxs_acos(x) NXS_MATHS(acos)(x)
#define nxs_atan(x) NXS_MATHS(atan)(x)
#define nxs_sinh(x) NXS_MATHS(sinh)(x)
#define nxs_cosh(x) NXS_MATHS(cosh)(x)
#define nxs_tanh(x) NXS_MATHS(tanh)(x)
#define nxs_floor(x) NXS_MATHS(floor)(x)
#define nxs_ceil(x) NXS_MATHS(ceil)(x)
#define nxs_trunc(x) NXS_MATHS(trunc)(x)
#define nxs_round(x) NXS_MATHS(round)(x)
#define nxs_fabs(x) NXS_MATHS(fabs)(x)
#define nxs_atan2(y, x) NXS_MATHS(atan2)(y, x)
#define nxs_pow(x, y) NXS_MATHS(pow)(x, y)
#define nxs_fmod(x, y) NXS_MATHS(fmod)(x, y)
#define nxs_copysign(x, y) NXS_MATHS(copysign)(x, y)
#define nxs_fma(a, b, c) NXS_MATHS(fma)(a, b, c)

#endif
