// The objects that the calls meet: slots that hold the newest handle made for them, dead or alive.
#pragma once

#include <nexus/nxs.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace soak {

inline constexpr int kKinds = 8;  // numbers of kinds begin with 1

// Numbers from a seed. What a call draws depends on the seed, the thread and the number of the call
// alone, so the same sequence comes again whatever the other threads do.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;  // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint64_t below(uint64_t n) { return next() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T, size_t N>
  const T &pick(const T (&values)[N]) {
    return values[below(N)];
  }
  template <class Container>
  auto &pick(Container &values) {
    return values[below(values.size())];
  }
  uint64_t state() const { return state_; }

 private:
  uint64_t state_;
};

// What is remembered beside the handle is a hint for drawing fitting numbers. All is relaxed: the
// driver must not order the threads that it wants to see race.
struct Slot {
  std::atomic<nxs_handle> handle{0};
  std::atomic<uint64_t> nbytes{0};     // of a buffer
  std::atomic<int64_t> ticket{0};      // the newest of a stream
  std::atomic<int32_t> n_commands{0};  // of a schedule
  std::atomic<int32_t> kernel{0};      // place in Pools::kernels
  std::atomic<bool> alive{false};      // of a slot that one thread alone uses: surely so

  nxs_handle get() const { return handle.load(std::memory_order_relaxed); }
};

// Slots by kind. Few streams and schedules, so that each of them sees many runs.
template <size_t N>
using Slots = std::array<std::array<Slot, N>, kKinds>;
inline constexpr size_t kOwnSlots = 10, kSharedSlots = 4;
inline constexpr size_t kOwnUsed[kKinds] = {1, 10, 3, 8, 3, 5, 4, 10};
inline constexpr size_t kSharedUsed[kKinds] = {1, 4, 1, 3, 2, 3, 2, 4};

// A kernel by name, and what its arguments are: b a buffer, v a value of 4 bytes.
struct KernelName {
  const char *name, *arguments;
};

// What strings, files and bytes are drawn from.
struct Pools {
  std::vector<KernelName> kernels{{"touch", "b"},
                                  {"mix", "vbb"},
                                  {"fails", "vb"},
                                  {"works", "vb"},
                                  {"fails_strangely", "v"},
                                  {"fails", "vb"},
                                  {"fills_group_memory", "b"},
                                  {"by_eight", "b"},
                                  {"without_record", "bvbvbvbvbvbvbvbvbvb"},
                                  {"six", "bbvvbb"}};
  std::vector<std::string> names{"no_such_kernel", "malloc",   "tou",
                                 "touch\x01",      "\xff\xfe", std::string(10000, 'k')};
  std::vector<std::string> good_files, bad_files;
  std::vector<std::string> good_libraries, bad_libraries;  // their bytes
};

// All that the threads share.
struct World {
  const nxs_table *table = nullptr;
  nxs_uint runtime = 0;
  Pools pools;
  std::vector<int32_t> property_types;  // by id
  Slots<kSharedSlots> shared;
  Slot default_stream, failed_event;  // never released; the event fails who waits for it
  std::mutex resetting;  // an event is not reset between its last signal and its release
  std::atomic<bool> stop{false};
};

}  // namespace soak
