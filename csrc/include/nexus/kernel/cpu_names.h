/* Names that no portable kernel can have: functions of OpenCL, CUDA or Metal. Include
 * <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_CPU_NAMES_H
#define NEXUS_KERNEL_CPU_NAMES_H

/* 0 for a name that is listed below, 1 for any other: a listed one becomes two words, of which the
   second is the 0. */
#define NXS_CPU_IS_FREE(...) NXS_CPU_SECOND(__VA_ARGS__, 1, )
#define NXS_CPU_SECOND(first, second, ...) second

#define NXS_CPU_TAKEN_abs , 0
#define NXS_CPU_TAKEN_acos , 0
#define NXS_CPU_TAKEN_acosh , 0
#define NXS_CPU_TAKEN_all , 0
#define NXS_CPU_TAKEN_any , 0
#define NXS_CPU_TAKEN_asin , 0
#define NXS_CPU_TAKEN_asinh , 0
#define NXS_CPU_TAKEN_atan , 0
#define NXS_CPU_TAKEN_atan2 , 0
#define NXS_CPU_TAKEN_atanh , 0
#define NXS_CPU_TAKEN_barrier , 0
#define NXS_CPU_TAKEN_bitselect , 0
#define NXS_CPU_TAKEN_cbrt , 0
#define NXS_CPU_TAKEN_ceil , 0
#define NXS_CPU_TAKEN_clamp , 0
#define NXS_CPU_TAKEN_clz , 0
#define NXS_CPU_TAKEN_convert , 0
#define NXS_CPU_TAKEN_copysign , 0
#define NXS_CPU_TAKEN_cos , 0
#define NXS_CPU_TAKEN_cosh , 0
#define NXS_CPU_TAKEN_cospi , 0
#define NXS_CPU_TAKEN_cross , 0
#define NXS_CPU_TAKEN_degrees , 0
#define NXS_CPU_TAKEN_determinant , 0
#define NXS_CPU_TAKEN_distance , 0
#define NXS_CPU_TAKEN_dot , 0
#define NXS_CPU_TAKEN_erf , 0
#define NXS_CPU_TAKEN_erfc , 0
#define NXS_CPU_TAKEN_exp , 0
#define NXS_CPU_TAKEN_exp10 , 0
#define NXS_CPU_TAKEN_exp2 , 0
#define NXS_CPU_TAKEN_expm1 , 0
#define NXS_CPU_TAKEN_fabs , 0
#define NXS_CPU_TAKEN_fdim , 0
#define NXS_CPU_TAKEN_floor , 0
#define NXS_CPU_TAKEN_fma , 0
#define NXS_CPU_TAKEN_fmax , 0
#define NXS_CPU_TAKEN_fmin , 0
#define NXS_CPU_TAKEN_fmod , 0
#define NXS_CPU_TAKEN_fract , 0
#define NXS_CPU_TAKEN_frexp , 0
#define NXS_CPU_TAKEN_hadd , 0
#define NXS_CPU_TAKEN_half_cos , 0
#define NXS_CPU_TAKEN_half_sin , 0
#define NXS_CPU_TAKEN_hypot , 0
#define NXS_CPU_TAKEN_ilogb , 0
#define NXS_CPU_TAKEN_isequal , 0
#define NXS_CPU_TAKEN_isfinite , 0
#define NXS_CPU_TAKEN_isinf , 0
#define NXS_CPU_TAKEN_isnan , 0
#define NXS_CPU_TAKEN_isnormal , 0
#define NXS_CPU_TAKEN_ldexp , 0
#define NXS_CPU_TAKEN_length , 0
#define NXS_CPU_TAKEN_lgamma , 0
#define NXS_CPU_TAKEN_log , 0
#define NXS_CPU_TAKEN_log10 , 0
#define NXS_CPU_TAKEN_log1p , 0
#define NXS_CPU_TAKEN_log2 , 0
#define NXS_CPU_TAKEN_logb , 0
#define NXS_CPU_TAKEN_mad , 0
#define NXS_CPU_TAKEN_main , 0
#define NXS_CPU_TAKEN_max , 0
#define NXS_CPU_TAKEN_maxmag , 0
#define NXS_CPU_TAKEN_min , 0
#define NXS_CPU_TAKEN_minmag , 0
#define NXS_CPU_TAKEN_mix , 0
#define NXS_CPU_TAKEN_modf , 0
#define NXS_CPU_TAKEN_mul24 , 0
#define NXS_CPU_TAKEN_mul_hi , 0
#define NXS_CPU_TAKEN_nan , 0
#define NXS_CPU_TAKEN_native_cos , 0
#define NXS_CPU_TAKEN_native_sin , 0
#define NXS_CPU_TAKEN_nextafter , 0
#define NXS_CPU_TAKEN_normalize , 0
#define NXS_CPU_TAKEN_popcount , 0
#define NXS_CPU_TAKEN_pow , 0
#define NXS_CPU_TAKEN_pown , 0
#define NXS_CPU_TAKEN_powr , 0
#define NXS_CPU_TAKEN_prefetch , 0
#define NXS_CPU_TAKEN_printf , 0
#define NXS_CPU_TAKEN_radians , 0
#define NXS_CPU_TAKEN_reflect , 0
#define NXS_CPU_TAKEN_refract , 0
#define NXS_CPU_TAKEN_remainder , 0
#define NXS_CPU_TAKEN_rhadd , 0
#define NXS_CPU_TAKEN_rint , 0
#define NXS_CPU_TAKEN_rootn , 0
#define NXS_CPU_TAKEN_rotate , 0
#define NXS_CPU_TAKEN_round , 0
#define NXS_CPU_TAKEN_rsqrt , 0
#define NXS_CPU_TAKEN_saturate , 0
#define NXS_CPU_TAKEN_select , 0
#define NXS_CPU_TAKEN_shuffle , 0
#define NXS_CPU_TAKEN_shuffle2 , 0
#define NXS_CPU_TAKEN_sign , 0
#define NXS_CPU_TAKEN_signbit , 0
#define NXS_CPU_TAKEN_sin , 0
#define NXS_CPU_TAKEN_sincos , 0
#define NXS_CPU_TAKEN_sinh , 0
#define NXS_CPU_TAKEN_sinpi , 0
#define NXS_CPU_TAKEN_smoothstep , 0
#define NXS_CPU_TAKEN_sqrt , 0
#define NXS_CPU_TAKEN_step , 0
#define NXS_CPU_TAKEN_tan , 0
#define NXS_CPU_TAKEN_tanh , 0
#define NXS_CPU_TAKEN_tanpi , 0
#define NXS_CPU_TAKEN_tgamma , 0
#define NXS_CPU_TAKEN_transpose , 0
#define NXS_CPU_TAKEN_trunc , 0
#define NXS_CPU_TAKEN_upsample , 0

#endif
