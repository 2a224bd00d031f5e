// A sparse matrix, row by row, times a vector: LANES items add up each row.
#define LANES 16

kernel void spmv(global const float *values, global const int *columns, global const int *starts,
                 global const float *x, global float *y, int n_rows, local float *partial) {
  const int item = get_local_id(0), lane = item % LANES;
  const int row = get_global_id(0) / LANES;
  float sum = 0;
  if (row < n_rows)
    for (int i = starts[row] + lane; i < starts[row + 1]; i += LANES)
      sum = mad(values[i], x[columns[i]], sum);
  partial[item] = sum;
  for (int half_size = LANES / 2; half_size > 0; half_size /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < half_size) partial[item] += partial[item + half_size];
  }
  if (lane == 0 && row < n_rows) y[row] = partial[item];
}
