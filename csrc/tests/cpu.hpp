// For tests of the cpu plugin: its kernels, a buffer with a host copy, a recorded dispatch.
#pragma once

#include <unistd.h>

#include <chrono>
#include <vector>

#include "plugin.hpp"

namespace nxs::test {

inline constexpr const char *kKernels = R"(
#include <nexus/cpu_kernel.h>
#include <stdexcept>
#include <unistd.h>
NXS_CPU_KERNEL(add_one, inout(int, y)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) y[i] += 1;
}
NXS_CPU_KERNEL(fails, inout(int, y)) {
  if (launch->begin <= 2 && 2 < launch->end) throw std::runtime_error("no good");
  y[0] = y[0];
}
NXS_CPU_KERNEL(slow100, inout(int, y)) {
  usleep(100000);
  y[0] = y[0];
}
struct alignas(64) Wide { int v[16]; };
NXS_CPU_KERNEL_INFO(wide, val(Wide, w), out(int, y));
NXS_CPU_EXPORT void wide(void *const *args, const nxs_cpu_launch *) {
  **static_cast<int **>(args[1]) = static_cast<int>(reinterpret_cast<unsigned long>(args[0]) % 64);
}
NXS_CPU_KERNEL(slow, inout(int, y)) {
  for (int64_t g = launch->begin; g < launch->end; ++g) usleep(1000);
  y[0] = y[0];
}
)";

inline const nxs_table *api;
inline nxs_handle library;

struct Buffer {
  std::vector<int> host;
  nxs_handle handle;
  explicit Buffer(size_t n)
      : host(n), handle(api->CreateBuffer(0, n * sizeof(int), 0, host.data())) {
    CHECK(handle > 0);
  }
  ~Buffer() { api->ReleaseBuffer(handle); }
  const std::vector<int> &read() {
    CHECK(api->CopyBuffer(handle, host.data(), 0, host.size() * sizeof(int), NXS_WAIT_FOREVER) ==
          NXS_Success);
    return host;
  }
  bool all(int value) {
    for (const int found : read())
      if (found != value) return false;
    return true;
  }
};

inline nxs_handle kernel(const char *name) { return api->GetKernel(library, name, 0); }

inline nxs_handle dispatch(nxs_handle schedule, const char *name, const Buffer &buffer,
                           uint32_t group, uint32_t grid) {
  const nxs_handle found = kernel(name), command = api->CreateCommand(schedule, found);
  CHECK(api->SetCommandArgument(command, 0, buffer.handle) == NXS_Success);
  CHECK(api->FinalizeCommand(command, {group, 1, 1}, {grid, 1, 1}) == NXS_Success);
  api->ReleaseKernel(found);
  return command;
}

// Opens the plugin and builds the kernels.
inline void start(const std::string &folder) {
  api = &plugin(folder, "cpu");
  const std::string path = build(kKernels, "kernels");
  library = api->CreateLibraryFromFile(0, path.c_str());
  std::remove(path.c_str());  // the library is a private copy
  if (library < 0) std::fprintf(stderr, "%s\n", api->GetLastError());
  CHECK(library > 0);
}

inline double ms_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

}  // namespace nxs::test
