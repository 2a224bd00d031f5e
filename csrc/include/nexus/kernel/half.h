/* A number of 16 bits where the language has none, over nxs_half_bits, nxs_float_of(bits) and
 * nxs_half_of(float). Include <nexus/kernel.h>, not this file.
 *
 * Each operation is done in float and rounded once, which gives the same as an operation of 16
 * bits: the 24 bits of a float are enough for two of 11. */
#ifndef NEXUS_KERNEL_HALF_H
#define NEXUS_KERNEL_HALF_H

struct nxs_half {
  nxs_half_bits bits;
  nxs_half() = default;
  NXS_DEVICE explicit nxs_half(float v) : bits(nxs_half_of(v)) {}
  NXS_DEVICE explicit nxs_half(double v) : bits(nxs_half_of(float(v))) {}
  NXS_DEVICE explicit nxs_half(int v) : bits(nxs_half_of(float(v))) {}
  NXS_DEVICE nxs_half &operator=(float v) {
    bits = nxs_half_of(v);
    return *this;
  }
  NXS_DEVICE operator float() const { return nxs_float_of(bits); }
};

#define NXS_HALF_OPERATOR(op)                                                                      \
  NXS_FUNC nxs_half operator op(nxs_half a, nxs_half b) { return nxs_half(float(a) op float(b)); } \
  NXS_FUNC nxs_half &operator op## = (nxs_half & a, nxs_half b) { return a = a op b; }
NXS_HALF_OPERATOR(+)
NXS_HALF_OPERATOR(-)
NXS_HALF_OPERATOR(*)
NXS_HALF_OPERATOR(/)
NXS_FUNC nxs_half operator-(nxs_half a) { return nxs_half(-float(a)); }

#endif
