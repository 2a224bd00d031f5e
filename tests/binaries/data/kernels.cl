// The source of the code objects in this folder; README.md has the commands.
typedef char char4 __attribute__((ext_vector_type(4)));
struct Pair { float a; int b; };

kernel void saxpy(float a, global const float *x, global float *y, int n) {
  int i = __builtin_amdgcn_workgroup_id_x() * 256 + __builtin_amdgcn_workitem_id_x();
  if (i < n) y[i] = a * x[i] + y[i];
}

__attribute__((reqd_work_group_size(64, 2, 1))) kernel void tiled(
    global struct Pair *restrict p, struct Pair q, local float *scratch, constant int *table,
    char4 v, read_only image2d_t picture) {
  local float t[256];
  int i = __builtin_amdgcn_workitem_id_x();
  t[i] = p[i].a + q.a + table[i];
  scratch[i] = v.x;
  __builtin_amdgcn_s_barrier();
  p[i].a = t[i ^ 1] + scratch[i ^ 2];
}

kernel void none(void) {}

kernel void stacked(global float *p, int n) {
  volatile float a[64];
  for (int i = 0; i < n; i++) a[(i * 7) & 63] = p[i];
  p[n] = a[n & 63];
}

kernel void hidden(global int *p) { p[0] = ((constant int *)__builtin_amdgcn_implicitarg_ptr())[0]; }
