/* Numbers of 16 bits on the CPU for compilers that have none: gcc before 12, clang before 15.
 * Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_CPU_HALF_H
#define NEXUS_KERNEL_CPU_HALF_H

typedef nxs_uint16 nxs_half_bits;

namespace nxs::cpu {

NXS_INLINE float float_of(nxs_uint32 bits) {
  float v;
  __builtin_memcpy(&v, &bits, sizeof v);
  return v;
}
NXS_INLINE nxs_uint32 bits_of(float v) {
  nxs_uint32 bits;
  __builtin_memcpy(&bits, &v, sizeof bits);
  return bits;
}

}  // namespace nxs::cpu

/* A half has 5 bits of exponent and 10 of fraction, a float 8 and 23. Moved by 13 places the number
   is too small by 2^112, so that a multiplication puts denormal numbers right as well. */
NXS_FUNC float nxs_float_of(nxs_half_bits bits) {
  const nxs_uint32 magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
  const nxs_uint32 scaled = nxs::cpu::bits_of(nxs::cpu::float_of(magnitude) * 0x1p112f);
  const nxs_uint32 infinite = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;  // or not a number
  return nxs::cpu::float_of(sign | scaled | infinite);
}

/* Rounded to the nearest, of two to the even one. */
NXS_FUNC nxs_half_bits nxs_half_of(float v) {
  const nxs_uint32 bits = nxs::cpu::bits_of(v), magnitude = bits & 0x7fffffffu;
  /* Below 2^-14 the last place of a half is 2^-24, as of a float at 0.5. */
  const nxs_uint32 small =
      nxs::cpu::bits_of(nxs::cpu::float_of(magnitude) + 0.5f) - nxs::cpu::bits_of(0.5f);
  const nxs_uint32 normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  const nxs_uint32 special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;  // not a number, infinite
  const nxs_uint32 rounded = magnitude >= 0x47800000u  ? special
                             : magnitude < 0x38800000u ? small
                                                       : normal;
  return nxs_half_bits(rounded | ((bits >> 16) & 0x8000u));
}

#include <nexus/kernel/half.h>

#endif
