// Launches through the C API of the cpu plugin, as bench_launch.py asks: prints `name p50 p99` in
// ns, a line each.
#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/plugin.hpp"

namespace {

constexpr const char *kKernel = R"(
#include <nexus/cpu_kernel.h>
NXS_CPU_KERNEL(add, inout(float, x)) {
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) x[i] += 1;
}
)";

template <class Call>
double ns_of(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

void print(const char *name, std::vector<double> ns) {
  std::sort(ns.begin(), ns.end());
  std::printf("%s %.0f %.0f\n", name, ns[ns.size() / 2], ns[ns.size() * 99 / 100]);
}

}  // namespace

int main(int, char **argv) {
  const nxs_table &api = nxs::test::plugin(argv[1], "cpu");
  const std::string path = nxs::test::build(kKernel, "launch");
  const nxs_handle library = api.CreateLibraryFromFile(0, path.c_str());
  const nxs_handle kernel = api.GetKernel(library, "add", 0),
                   buffer = api.CreateBuffer(0, 4096, 0, nullptr);
  std::remove(path.c_str());
  const auto schedule_of = [&](uint32_t group, uint32_t grid) {
    const nxs_handle schedule = api.CreateSchedule(0, 0),
                     command = api.CreateCommand(schedule, kernel);
    api.SetCommandArgument(command, 0, buffer);
    api.FinalizeCommand(command, {group, 1, 1}, {grid, 1, 1});
    return schedule;
  };
  const nxs_handle one = schedule_of(1, 1), four = schedule_of(256, 1024),
                   stream = api.GetDefaultStream(0);
  const nxs_flags blocking = NXS_RunFlags_Blocking | NXS_RunFlags_Bounded;
  std::vector<double> sync_one, sync_four, pipelined, woken;
  for (int round = 0; round < 50; ++round) {  // interleaved: all see the same machine
    for (int i = 0; i < 400; ++i)
      sync_one.push_back(ns_of([&] { api.RunSchedule(one, 0, blocking); }));
    for (int i = 0; i < 400; ++i)
      sync_four.push_back(ns_of([&] { api.RunSchedule(four, 0, blocking); }));
    pipelined.push_back(ns_of([&] {
                          int64_t ticket = 0;
                          for (int i = 0; i < 1000; ++i) ticket = api.RunSchedule(four, 0, 0);
                          api.WaitRun(stream, ticket, NXS_WAIT_FOREVER);
                        }) /
                        1000);
    woken.push_back(
        ns_of([&] { api.WaitRun(stream, api.RunSchedule(one, 0, 0), NXS_WAIT_FOREVER); }));
  }
  print("sync_1_group", sync_one);
  print("sync_4_groups", sync_four);
  print("pipelined_4_groups", pipelined);
  print("non_blocking_and_wait_1_group", woken);
}
