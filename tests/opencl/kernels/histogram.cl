// How often each colour is in a picture, where 255 stands for all that is more.
#define N_BINS 256

kernel void count(global const ushort *picture, global uint *counts, int columns, int rows) {
  local uint bins[N_BINS];
  const int item = get_local_id(1) * get_local_size(0) + get_local_id(0);
  const int n_items = get_local_size(0) * get_local_size(1);
  for (int bin = item; bin < N_BINS; bin += n_items) bins[bin] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int x = get_global_id(0), y = get_global_id(1);
  if (x < columns && y < rows) atomic_inc(&bins[min((int)picture[y * columns + x], N_BINS - 1)]);
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int bin = item; bin < N_BINS; bin += n_items)
    if (bins[bin]) atomic_add(&counts[bin], bins[bin]);
}

kernel void saturate(global const uint4 *counts, global uchar4 *bins) {
  const size_t i = get_global_id(0);
  bins[i] = convert_uchar4_sat(counts[i]);
}
