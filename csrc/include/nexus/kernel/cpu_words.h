/* Words that the CPU's compiler would take and another device's would not: each is an error from
 * here on. What the macros above are made of is not looked at. Include <nexus/kernel.h>, not this
 * file. */
#ifndef NEXUS_KERNEL_CPU_WORDS_H
#define NEXUS_KERNEL_CPU_WORDS_H

/* Names that another language keeps for itself. */
#pragma GCC poison half kernel global local constant device thread threadgroup
#pragma GCC poison uchar ushort uint ulong vertex fragment
#pragma GCC poison read_only write_only read_write pipe image2d_t sampler_t event_t

/* Types of its own. */
#pragma GCC poison char2 char3 char4 char8 char16 uchar2 uchar3 uchar4 uchar8 uchar16
#pragma GCC poison short2 short3 short4 short8 short16 ushort2 ushort3 ushort4 ushort8 ushort16
#pragma GCC poison int2 int3 int4 int8 int16 uint2 uint3 uint4 uint8 uint16
#pragma GCC poison long2 long3 long4 long8 long16 ulong2 ulong3 ulong4 ulong8 ulong16
#pragma GCC poison float2 float3 float4 float8 float16 double2 double3 double4 double8 double16
#pragma GCC poison half2 half3 half4 half8 half16

/* Types that no kernel language has. */
#pragma GCC poison int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
#pragma GCC poison wchar_t char16_t char32_t

/* Where things live, which each language says with a word of its own. */
#pragma GCC poison static inline extern register thread_local constexpr

/* C++ that is not C. */
#pragma GCC poison auto decltype template typename class namespace using operator virtual friend
#pragma GCC poison explicit mutable this typeid noexcept nullptr alignas alignof static_assert
#pragma GCC poison const_cast static_cast dynamic_cast reinterpret_cast
#pragma GCC poison new delete try catch throw

/* C that is not Metal. */
#pragma GCC poison goto asm

/* A size that is no constant, and a function without NXS_FUNC, which is the host's in CUDA. */
#pragma GCC diagnostic error "-Wvla"
#ifdef __clang__
#pragma GCC diagnostic error "-Wmissing-prototypes"
#else
#pragma GCC diagnostic error "-Wmissing-declarations"
#endif

#endif
