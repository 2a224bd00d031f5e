// The cheapest way down a wall: each launch adds up to HALO rows to the costs of the row above.
#define HALO 5

// `tile` has a number for each item of a group; the outer HALO at both ends only feed the others.
kernel void pathfinder(global const int *wall, global const int *above, global int *below,
                       int columns, int first_row, int n_rows, local int *tile) {
  const int item = get_local_id(0), n_items = get_local_size(0);
  const int column = (int)get_group_id(0) * (n_items - 2 * HALO) - HALO + item;
  const bool is_inside = column >= 0 && column < columns;
  tile[item] = is_inside ? above[column] : INT_MAX;
  for (int row = 0; row < n_rows; ++row) {
    barrier(CLK_LOCAL_MEM_FENCE);
    int cost = tile[item];
    if (item > 0) cost = min(cost, tile[item - 1]);
    if (item < n_items - 1) cost = min(cost, tile[item + 1]);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (is_inside) tile[item] = cost + wall[(first_row + row) * columns + column];
  }
  if (is_inside && item >= HALO && item < n_items - HALO) below[column] = tile[item];
}
