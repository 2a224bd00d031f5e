// Alignment of two sequences: a launch fills one diagonal of tiles, a group fills one tile of them.
#define TILE 16

// scores: (rows + 1) x (columns + 1), with first row and column filled; likeness: rows x columns.
kernel __attribute__((reqd_work_group_size(TILE, 1, 1))) void needle(
    global const int *likeness, global int *scores, int columns, int rows, int penalty,
    int diagonal, int first) {
  local int tile[TILE + 1][TILE + 1];
  const int item = get_local_id(0);
  const int tile_x = first + (int)get_group_id(0), tile_y = diagonal - tile_x;
  const int x0 = tile_x * TILE, y0 = tile_y * TILE, width = columns + 1;
  const int x = x0 + item;
  if (x < columns) tile[0][item + 1] = scores[y0 * width + x + 1];
  if (y0 + item < rows) tile[item + 1][0] = scores[(y0 + item + 1) * width + x0];
  if (item == 0) tile[0][0] = scores[y0 * width + x0];
  for (int step = 0; step < 2 * TILE - 1; ++step) {
    barrier(CLK_LOCAL_MEM_FENCE);
    const int j = step - item, y = y0 + j;
    if (j < 0 || j >= TILE || x >= columns || y >= rows) continue;
    const int gap = max(tile[j][item + 1], tile[j + 1][item]) - penalty;
    tile[j + 1][item + 1] = max(gap, tile[j][item] + likeness[y * columns + x]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int j = 0; j < TILE && y0 + j < rows && x < columns; ++j)
    scores[(y0 + j + 1) * width + x + 1] = tile[j + 1][item + 1];
}
