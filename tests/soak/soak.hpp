// What a run of the random driver is asked for, and what comes of it.
#pragma once

#include <string_view>

#include "world.hpp"

namespace soak {

struct Options {
  std::string plugin, library, folder;
  uint64_t seed = 1, calls = 100000, seconds = 3600, threads = 4, hang = 60;

  uint64_t *by_name(std::string_view name) {
    if (name == "--seed") return &seed;
    if (name == "--calls") return &calls;
    if (name == "--seconds") return &seconds;
    if (name == "--threads") return &threads;
    return name == "--hang" ? &hang : nullptr;
  }
};

struct Outcome {
  int n_epochs = 0;
  int64_t ns = 0;
  size_t first_nbytes = 0, last_nbytes = 0;  // of the heap
};

}  // namespace soak
