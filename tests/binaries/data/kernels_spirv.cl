// The source of kernels.spv; README.md has the command.
typedef int int4 __attribute__((ext_vector_type(4)));
struct Pair { float a; int b; };

kernel void saxpy(float a, global const float *x, global float *y, int n) {
  if (n) y[0] = a * x[0] + y[0];
}

__attribute__((reqd_work_group_size(8, 4, 1))) kernel void tiled(
    global struct Pair *p, struct Pair q, local float *scratch, constant int *table, int4 v,
    read_only image2d_t picture, sampler_t s, long l, char c) {
  scratch[0] = q.a + table[0] + v.x + l + c;
  p[0].a = scratch[0];
}

kernel void none(void) {}
