// Splits a matrix into a lower and an upper triangle, in its place, a block of rows after the other.
#define TILE 16

// Beyond the matrix it goes on as the unit matrix, which changes nothing.
float load(global const float *a, int row, int column, int n) {
  return row < n && column < n ? a[row * n + column] : row == column;
}

void store(global float *a, int row, int column, int n, float value) {
  if (row < n && column < n) a[row * n + column] = value;
}

kernel __attribute__((reqd_work_group_size(TILE, 1, 1))) void diagonal(global float *a, int n,
                                                                      int at) {
  local float tile[TILE][TILE];
  const int item = get_local_id(0);
  for (int row = 0; row < TILE; ++row) tile[row][item] = load(a, at + row, at + item, n);
  for (int k = 0; k < TILE - 1; ++k) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item <= k) continue;
    const float factor = tile[item][k] / tile[k][k];
    tile[item][k] = factor;
    for (int column = k + 1; column < TILE; ++column)
      tile[item][column] -= factor * tile[k][column];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int row = 0; row < TILE; ++row) store(a, at + row, at + item, n, tile[row][item]);
}

// A group takes one tile right of the diagonal one and, below it, that tile's mirror image.
kernel __attribute__((reqd_work_group_size(TILE, 1, 1))) void perimeter(global float *a, int n,
                                                                       int at) {
  local float tile[TILE][TILE];
  const int item = get_local_id(0), there = at + TILE * (1 + (int)get_group_id(0));
  for (int row = 0; row < TILE; ++row) tile[row][item] = load(a, at + row, at + item, n);
  barrier(CLK_LOCAL_MEM_FENCE);
  float right[TILE], below[TILE];  // a column of the one, a row of the other
  for (int k = 0; k < TILE; ++k) {
    right[k] = load(a, at + k, there + item, n);
    for (int j = 0; j < k; ++j) right[k] -= tile[k][j] * right[j];
    below[k] = load(a, there + item, at + k, n);
    for (int j = 0; j < k; ++j) below[k] -= below[j] * tile[j][k];
    below[k] /= tile[k][k];
  }
  for (int k = 0; k < TILE; ++k) {
    store(a, at + k, there + item, n, right[k]);
    store(a, there + item, at + k, n, below[k]);
  }
}

kernel __attribute__((reqd_work_group_size(TILE, TILE, 1))) void internal(global float *a, int n,
                                                                         int at) {
  local float left[TILE][TILE], top[TILE][TILE];
  const int x = get_local_id(0), y = get_local_id(1);
  const int column = at + TILE * (1 + (int)get_group_id(0)) + x;
  const int row = at + TILE * (1 + (int)get_group_id(1)) + y;
  left[y][x] = load(a, row, at + x, n);
  top[y][x] = load(a, at + y, column, n);
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = 0;
  for (int k = 0; k < TILE; ++k) sum += left[y][k] * top[k][x];
  if (row < n && column < n) a[row * n + column] -= sum;
}
