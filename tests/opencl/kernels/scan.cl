// Running sums of any length: of each group's part the sum, sums of the sums, and each part again.

// How many of the four numbers from `i` on there are; the rest count as nothing.
uint4 load4(global const uint *x, int i, int n) {
  if (i + 4 <= n) return vload4(0, x + i);
  return (uint4)(i < n ? x[i] : 0, i + 1 < n ? x[i + 1] : 0, i + 2 < n ? x[i + 2] : 0, 0);
}

// Sums of all before each item of a group; `kept` has two numbers for each, the first ones zeros.
uint before(uint value, local uint *kept) {
  const int item = get_local_id(0), n_items = get_local_size(0);
  kept[item] = 0;
  local uint *sums = kept + n_items;
  sums[item] = value;
  for (int step = 1; step < n_items; step *= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint other = sums[item - step];  // at worst one of the zeros before
    barrier(CLK_LOCAL_MEM_FENCE);
    sums[item] += other;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return sums[item - 1];
}

kernel void part_sums(global const uint *x, global uint *sums, int n, local uint *kept) {
  const int item = get_local_id(0);
  const uint4 four = load4(x, 4 * (int)get_global_id(0), n);
  kept[item] = four.x + four.y + four.z + four.w;
  for (int half_size = get_local_size(0) / 2; half_size > 0; half_size /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_size) kept[item] += kept[item + half_size];
  }
  if (item == 0) sums[get_group_id(0)] = kept[0];
}

// One group, an item for each sum.
kernel void scan_sums(global uint *sums, int n_sums, local uint *kept) {
  const int item = get_local_id(0);
  const uint sum = before(item < n_sums ? sums[item] : 0, kept);
  if (item < n_sums) sums[item] = sum;
}

// Two kinds of group memory, each as large as its argument says.
kernel void scan_parts(global const uint *x, global const uint *sums, global uint *y, int n,
                       local uint *kept, local uint *of_part) {
  const int i = 4 * (int)get_global_id(0);
  uint4 four = load4(x, i, n);
  four.y += four.x;
  four.z += four.y;
  four.w += four.z;
  if (get_local_id(0) == 0) of_part[0] = sums[get_group_id(0)];
  const uint all_before = before(four.w, kept) + of_part[0];
  four += all_before;
  if (i + 4 <= n)
    vstore4(four, 0, y + i);
  else {
    if (i < n) y[i] = four.x;
    if (i + 1 < n) y[i + 1] = four.y;
    if (i + 2 < n) y[i + 2] = four.z;
  }
}
