// Runs portable kernels on heap blocks of exactly the right size, for a build with sanitizers.
#include <nexus/cpu_kernel.h>

#include <cstdio>
#include <vector>

#define TILE 16

extern "C" nxs_cpu_kernel stencil5, item_ids, group_ids, block_sum, matmul_tiled, histogram;

namespace {

struct Sizes {
  int x, y, z;
};

int groups_of(int grid, int group) { return (grid + group - 1) / group; }

// Calls the kernel with `at_a_time` groups at a time.
void run(nxs_cpu_kernel *function, std::vector<void *> values, Sizes grid, Sizes group,
         int at_a_time) {
  std::vector<void *> args(values.size());
  for (size_t i = 0; i < values.size(); ++i) args[i] = &values[i];
  nxs_cpu_launch launch = {};
  launch.struct_size = sizeof launch;
  const int grids[3] = {grid.x, grid.y, grid.z}, sizes[3] = {group.x, group.y, group.z};
  long long total = 1;
  for (int d = 0; d < 3; ++d) {
    launch.grid[d] = grids[d];
    launch.group[d] = sizes[d];
    launch.groups[d] = groups_of(grids[d], sizes[d]);
    total *= launch.groups[d];
  }
  for (long long begin = 0; begin < total; begin += at_a_time) {
    launch.begin = begin;
    launch.end = begin + at_a_time < total ? begin + at_a_time : total;
    function(args.data(), &launch);
  }
}

// A value of at most 8 bytes, as the pointer-sized slot that `run` points at.
template <class T>
void *value(T v) {
  void *slot = nullptr;
  __builtin_memcpy(&slot, &v, sizeof v);
  return slot;
}

int check(bool right, const char *what) {
  if (!right) std::printf("wrong: %s\n", what);
  return right ? 0 : 1;
}

int check_stencil(int n) {
  std::vector<float> x(n, 1.0f), y(n);
  run(stencil5, {x.data(), y.data()}, {n, 1, 1}, {16, 1, 1}, 2);
  bool right = true;
  for (float v : y) right = right && v == 1.0f;
  return check(right, "stencil5");
}

int check_ids(nxs_cpu_kernel *function, Sizes grid, int expected) {
  std::vector<int> ids(6 * grid.x * grid.y * grid.z), visits(1);
  run(function, {ids.data(), visits.data()}, grid, {4, 4, 2}, 3);
  return check(visits[0] == expected, "ids");
}

int check_block_sum(int n) {
  std::vector<float> x(n, 1.0f), sums(groups_of(n, 256));
  run(block_sum, {x.data(), sums.data()}, {n, 1, 1}, {256, 1, 1}, 1);
  float sum = 0.0f;
  for (float part : sums) sum += part;
  return check(sum == static_cast<float>(n), "block_sum");
}

int check_matmul(int n) {
  std::vector<float> a(n * n, 1.0f), b(n * n, 2.0f), c(n * n);
  run(matmul_tiled, {a.data(), b.data(), c.data(), value(n)}, {n, n, 1}, {TILE, TILE, 1}, 2);
  bool right = true;
  for (float v : c) right = right && v == 2.0f * static_cast<float>(n);
  return check(right, "matmul_tiled");
}

int check_histogram(int n) {
  std::vector<unsigned char> x(n, 255);
  std::vector<int> bins(256);
  run(histogram, {x.data(), bins.data()}, {n, 1, 1}, {256, 1, 1}, 3);
  return check(bins[255] == n, "histogram");
}

}  // namespace

int main() {
  int wrong = 0;
  for (int n : {1, 2, 3, 15, 16, 17, 1000}) wrong += check_stencil(n);
  wrong += check_ids(item_ids, {13, 7, 5}, 13 * 7 * 5);
  wrong += check_ids(group_ids, {13, 7, 5}, 12 * 7 * 5);
  wrong += check_ids(item_ids, {1, 1, 1}, 1);
  for (int n : {1, 255, 256, 257, 1000}) wrong += check_block_sum(n);
  wrong += check_matmul(3 * TILE);
  wrong += check_histogram(5 * 256);
  std::puts(wrong == 0 ? "right" : "wrong");
  return wrong;
}

#include "portable.nxs"  // last: what follows it is no C++
