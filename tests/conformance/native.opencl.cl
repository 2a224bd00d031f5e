// Kernels that the portable header has no words for, for runtimes whose compiler is OpenCL's.

// Fails where it is given no group memory: what else a kernel of OpenCL C could do no driver reports.
kernel void fails(int at, global int *counter, local int *teapot) {
  teapot[get_local_id(0)] = at;
  barrier(CLK_LOCAL_MEM_FENCE);
  atomic_add(counter, teapot[get_local_id(0)] == at);
}

kernel void fails_strangely(global int *counter, local int *teapot) {
  teapot[0] = 1;
  barrier(CLK_LOCAL_MEM_FENCE);
  atomic_add(counter, teapot[0]);
}

// Adds up, for each group, its numbers, which it keeps in group memory meanwhile.
kernel void sum_in_group_memory(global const long *x, global long *sums, local long *kept) {
  const size_t item = get_local_id(0), n_items = get_local_size(0);
  kept[item] = x[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item > 0) return;
  long sum = 0;
  for (size_t i = 0; i < n_items; ++i) sum += kept[i];
  sums[get_group_id(0)] = sum;
}

// Data, with the name of a symbol that is data in libraries of other runtimes.
constant int fails__nxs_info[2] = {1, 2};
kernel void reads_data(global int *y) { y[0] = fails__nxs_info[get_local_id(0)]; }
