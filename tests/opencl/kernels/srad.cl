// Takes the speckle out of a picture: sums over it, how much each pixel may flow, and the flow.

// Of each group: the sum of its pixels, and the sum of their squares.
kernel void sums(global const float *picture, global float2 *partial, int n, local float2 *kept) {
  const int item = get_local_id(0), i = get_global_id(0);
  const float value = i < n ? picture[i] : 0;
  kept[item] = (float2)(value, value * value);
  for (int half_size = get_local_size(0) / 2; half_size > 0; half_size /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_size) kept[item] += kept[item + half_size];
  }
  if (item == 0) partial[get_group_id(0)] = kept[0];
}

// The differences of a pixel to those above, below, left and right; none beyond the border.
float4 slopes(global const float *picture, int x, int y, int columns, int rows) {
  const float here = picture[y * columns + x];
  return (float4)(picture[max(y - 1, 0) * columns + x], picture[min(y + 1, rows - 1) * columns + x],
                  picture[y * columns + max(x - 1, 0)],
                  picture[y * columns + min(x + 1, columns - 1)]) -
         here;
}

kernel void coefficients(global const float *picture, global float *flow, int columns, int rows,
                         float speckle) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= columns || y >= rows) return;
  const float here = picture[y * columns + x];
  const float4 slope = slopes(picture, x, y, columns, rows) / here;
  const float laplacian = slope.x + slope.y + slope.z + slope.w;
  const float steepness = 0.5f * dot(slope, slope) - laplacian * laplacian / 16;
  const float q = steepness / ((1 + laplacian / 4) * (1 + laplacian / 4));
  flow[y * columns + x] = clamp(1 / (1 + (q - speckle) / (speckle * (1 + speckle))), 0.0f, 1.0f);
}

kernel void update(global float *next, global const float *picture, global const float *flow,
                   int columns, int rows, float rate) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= columns || y >= rows) return;
  const float here = flow[y * columns + x];
  const float below = flow[min(y + 1, rows - 1) * columns + x];
  const float right = flow[y * columns + min(x + 1, columns - 1)];
  const float4 weights = (float4)(here, below, here, right);
  next[y * columns + x] = picture[y * columns + x] +
                          rate / 4 * dot(weights, slopes(picture, x, y, columns, rows));
}
