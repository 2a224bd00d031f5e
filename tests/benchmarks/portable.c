/* The loops of portable.nxs as one writes them by hand, in C with OpenMP. */
#define TILE 16

void saxpy(int n, float a, const float *x, float *y) {
#pragma omp parallel for simd
  for (int i = 0; i < n; ++i) y[i] = a * x[i] + y[i];
}

void stencil(int n, const float *x, float *y) {
  y[0] = x[0];
  y[1] = x[1];
#pragma omp parallel for simd
  for (int i = 2; i < n - 2; ++i)
    y[i] = 0.0625f * (x[i - 2] + x[i + 2]) + 0.25f * (x[i - 1] + x[i + 1]) + 0.375f * x[i];
  y[n - 2] = x[n - 2];
  y[n - 1] = x[n - 1];
}

void mandelbrot(int width, int height, int *count, float x0, float y0, float pixel, int limit) {
#pragma omp parallel for schedule(dynamic, 8)
  for (int py = 0; py < height; ++py)
    for (int px = 0; px < width; ++px) {
      const float cr = x0 + (float)px * pixel, ci = y0 + (float)py * pixel;
      float zr = 0.0f, zi = 0.0f;
      int k = 0;
      while (k < limit && zr * zr + zi * zi < 4.0f) {
        const float t = zr * zr - zi * zi + cr;
        zi = 2.0f * zr * zi + ci;
        zr = t;
        ++k;
      }
      count[py * width + px] = k;
    }
}

void matmul(int n, const float *a, const float *b, float *c) {
#pragma omp parallel for
  for (int row = 0; row < n; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0.0f;
      for (int k = 0; k < n; ++k) sum += a[row * n + k] * b[k * n + column];
      c[row * n + column] = sum;
    }
}

typedef float tile[TILE][TILE];

static inline void read_tile(int n, const float *from, tile to) {
  for (int y = 0; y < TILE; ++y)
    for (int x = 0; x < TILE; ++x) to[y][x] = from[y * n + x];
}

static inline void add_product(tile ta, tile tb, tile sum) {
  for (int y = 0; y < TILE; ++y) {
#pragma omp simd
    for (int x = 0; x < TILE; ++x) {
      float s = sum[y][x];
      for (int k = 0; k < TILE; ++k) s += ta[y][k] * tb[k][x];
      sum[y][x] = s;
    }
  }
}

static inline void write_tile(int n, tile from, float *to) {
  for (int y = 0; y < TILE; ++y)
    for (int x = 0; x < TILE; ++x) to[y * n + x] = from[y][x];
}

void matmul_tiled(int n, const float *a, const float *b, float *c) {
#pragma omp parallel for collapse(2)
  for (int y = 0; y < n; y += TILE)
    for (int x = 0; x < n; x += TILE) {
      tile ta, tb, sum = {{0}};
      for (int t = 0; t < n; t += TILE) {
        read_tile(n, a + y * n + t, ta);
        read_tile(n, b + t * n + x, tb);
        add_product(ta, tb, sum);
      }
      write_tile(n, sum, c + y * n + x);
    }
}
