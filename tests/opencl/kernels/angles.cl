// How many pairs of directions in the sky are how far apart: a histogram of their cosines.
#define MOST_BINS 32

// edges: n_bins - 1 cosines, falling; a pair goes to the first bin whose edge is not above it.
kernel void angles(global const float *x, global const float *y, global const float *z, int n,
                   constant float *edges, int n_bins, global uint *histogram) {
  local uint bins[MOST_BINS];
  for (int bin = get_local_id(0); bin < n_bins; bin += get_local_size(0)) bins[bin] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int i = get_global_id(0);
  for (int j = i + 1; j < n; ++j) {
    const float cosine = x[i] * x[j] + y[i] * y[j] + z[i] * z[j];
    int low = 0, high = n_bins - 1;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (cosine >= edges[middle])
        high = middle;
      else
        low = middle + 1;
    }
    atomic_inc(&bins[low]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int bin = get_local_id(0); bin < n_bins; bin += get_local_size(0))
    atomic_add(&histogram[bin], bins[bin]);
}
