/* The mathematical functions of AMD's device library, for clang without the headers of ROCm.
 * Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_OCML_H
#define NEXUS_KERNEL_OCML_H

#define NXS_OCML_1(fn)                                  \
  extern "C" __device__ float __ocml_##fn##_f32(float); \
  extern "C" __device__ double __ocml_##fn##_f64(double);
#define NXS_OCML_2(fn)                                         \
  extern "C" __device__ float __ocml_##fn##_f32(float, float); \
  extern "C" __device__ double __ocml_##fn##_f64(double, double);
NXS_OCML_1(sqrt)
NXS_OCML_1(rsqrt)
NXS_OCML_1(exp)
NXS_OCML_1(exp2)
NXS_OCML_1(log)
NXS_OCML_1(log2)
NXS_OCML_1(log10)
NXS_OCML_1(sin)
NXS_OCML_1(cos)
NXS_OCML_1(tan)
NXS_OCML_1(asin)
NXS_OCML_1(acos)
NXS_OCML_1(atan)
NXS_OCML_1(sinh)
NXS_OCML_1(cosh)
NXS_OCML_1(tanh)
NXS_OCML_1(floor)
NXS_OCML_1(ceil)
NXS_OCML_1(trunc)
NXS_OCML_1(round)
NXS_OCML_1(fabs)
NXS_OCML_2(atan2)
NXS_OCML_2(pow)
NXS_OCML_2(fmod)
NXS_OCML_2(copysign)
extern "C" __device__ float __ocml_fma_f32(float, float, float);
extern "C" __device__ double __ocml_fma_f64(double, double, double);

#endif
