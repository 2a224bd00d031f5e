// Heat in a chip: each launch takes STEPS steps of time on a tile that shrinks by one cell a step.
#define TILE 16
#define STEPS 2
#define INNER (TILE - 2 * STEPS)

// rates: how fast a cell follows its power, its neighbours left and right, those above and below,
// and the air.
kernel __attribute__((reqd_work_group_size(TILE, TILE, 1))) void hotspot(
    global const float *power, global const float *now, global float *next, int columns, int rows,
    float4 rates, float air) {
  local float tile[TILE][TILE];
  const int tx = get_local_id(0), ty = get_local_id(1);
  const int x = (int)get_group_id(0) * INNER - STEPS + tx;
  const int y = (int)get_group_id(1) * INNER - STEPS + ty;
  const bool is_inside = x >= 0 && x < columns && y >= 0 && y < rows;
  const int at = clamp(y, 0, rows - 1) * columns + clamp(x, 0, columns - 1);
  tile[ty][tx] = now[at];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int step = 0; step < STEPS; ++step) {
    const int last = TILE - 2 - step;
    const bool is_valid = is_inside && tx > step && tx <= last && ty > step && ty <= last;
    const float here = tile[ty][tx];
    float then = here;
    if (is_valid) {
      const float left = x > 0 ? tile[ty][tx - 1] : here;
      const float right = x < columns - 1 ? tile[ty][tx + 1] : here;
      const float above = y > 0 ? tile[ty - 1][tx] : here;
      const float below = y < rows - 1 ? tile[ty + 1][tx] : here;
      then += dot(rates, (float4)(power[at], left + right - 2 * here, above + below - 2 * here,
                                  air - here));
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    tile[ty][tx] = then;
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  const bool is_result = tx >= STEPS && tx < STEPS + INNER && ty >= STEPS && ty < STEPS + INNER;
  if (is_inside && is_result) next[at] = tile[ty][tx];
}
