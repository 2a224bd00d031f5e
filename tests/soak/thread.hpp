// One thread of the driver: its own objects, its memory, and what it has seen.
#pragma once

#include <cstring>
#include <memory>

#include "record.hpp"

namespace soak {

inline constexpr size_t kBlock = size_t{128} << 10;  // bytes of host memory behind every pointer
inline constexpr size_t kRoom = size_t{64} << 10;    // bytes of room for a value, at most
inline constexpr size_t kGuard = 64;                 // bytes around memory that must not change
inline constexpr unsigned char kUntouched = 0xa5;

struct Thread {
  Thread(World &world, int number, uint64_t seed) : world(world), number(number), seed(seed) {
    std::memset(scratch.get(), kUntouched, kBlock + kGuard);
    std::memset(room.get(), kUntouched, kRoom + kGuard);
    for (size_t i = 0; i < kBlock; ++i) constant[i] = static_cast<unsigned char>(i * 7 + i / 256);
  }

  World &world;
  const int number;
  const uint64_t seed;

  Slots<kOwnSlots> own;
  std::vector<nxs_handle> given, taken;  // by calls that made, and that released, an object

  using Memory = std::unique_ptr<unsigned char[]>;
  Memory constant{new unsigned char[kBlock]};          // only read
  Memory scratch{new unsigned char[kBlock + kGuard]};  // read and written by this thread
  Memory wrapped{new unsigned char[kBlock]()};         // written by runs
  Memory room{new unsigned char[kRoom + kGuard]};
  size_t room_nbytes = 0;

  uint64_t n_calls = 0;   // drawn ones
  uint64_t sequence = 0;  // of what was drawn, as one number
  Counts counts{};
  std::string last_error;
  CallRecord record;
};

}  // namespace soak
