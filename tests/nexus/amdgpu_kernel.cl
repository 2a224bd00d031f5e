// A kernel that needs about N registers and, where LDS is not 0, that many bytes of group memory.
__attribute__((reqd_work_group_size(SIZE, 1, 1))) kernel void uses(global float *p) {
  float a[N];
  int item = __builtin_amdgcn_workitem_id_x();
  for (int i = 0; i < N; i++) a[i] = p[i * SIZE + item];
  for (int r = 0; r < 50; r++)
    for (int i = 0; i < N; i++) a[i] = a[i] * a[(i + 7) % N] + r;
#if LDS
  local float group[LDS / 4];
  group[item] = a[0];
  __builtin_amdgcn_s_barrier();
  a[0] = group[item * 7 % (LDS / 4)];
#endif
  for (int i = 0; i < N; i++) p[i * SIZE + item] = a[i];
}
