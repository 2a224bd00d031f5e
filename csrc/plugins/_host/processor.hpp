// What the host's processor is: vendor, architecture in the compilers' names, lanes, caches.
#pragma once

#include <string>
#include <vector>

#include "sdk/os.hpp"

namespace nxs {

struct Processor {
  std::string name, vendor, architecture, features;
  int64_t simd_lanes = 1;  // lanes of 32 bits in one vector register
  int64_t n_cores = 1, n_numa_nodes = 1, memory_nbytes = 0, page_nbytes = 0;
  std::optional<int64_t> clock_mhz;
  std::vector<os::Cache> caches;  // from the core outwards
};

Processor read_processor();

}  // namespace nxs
