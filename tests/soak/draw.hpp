// Draws the arguments of one call, good and bad ones, and remembers what they say of its answer.
#pragma once

#include "thread.hpp"

namespace soak {

inline constexpr size_t kInfoGuard = 16;  // bytes behind an nxs_property_info

struct HostMemory {
  void *pointer;
  size_t nbytes;
};

struct Room {
  void *pointer;
  size_t *nbytes;
};

// A part of a buffer that was drawn.
struct Range {
  bool is_known = false;  // nbytes is surely the size of the buffer
  uint64_t nbytes = 64, offset = 0;
};

// What the arguments promise: as soon as one is surely bad the call must fail; when all are surely
// good it must succeed; else either may come.
struct Promise {
  int n_bad = 0;
  bool unsure = false;
  nxs_status refusal = NXS_Success;  // of the first that is bad
};

class Draw {
 public:
  Draw(Thread &thread, FunctionId function, uint64_t number);

  Thread &thread() const { return thread_; }
  World &world() const { return thread_.world; }
  const nxs_table &table() const { return *world().table; }
  FunctionId function() const { return function_; }
  const FunctionInfo &info() const { return kFunctions[function_]; }
  uint64_t number() const { return number_; }
  uint64_t state() const { return random_.state(); }
  bool can_fail() const {
    return info().returns != Returns::kText && info().returns != Returns::kNumber;
  }
  const Promise &promise() const { return promise_; }
  const Words &words() const { return words_; }

  // ---- one method for each type of argument in api.toml; those of several meanings by their name
  nxs_handle handle(int kind, nxs_status refusal, bool nullable);
  nxs_int device();
  nxs_flags flags(nxs_flags known);
  nxs_int enum_value(int n);
  nxs_uint property();
  nxs_int index();
  int64_t int64();
  int64_t ticket();
  uint64_t value();
  uint64_t timeout_ns();
  size_t offset();
  size_t nbytes();
  nxs_dim3 group_size();
  nxs_dim3 grid_size();
  const char *name();
  const char *path();
  HostMemory host_in(bool nullable);
  HostMemory host_out();
  Room value_out();
  const ::nxs_init *nxs_init();
  ::nxs_property_info *nxs_property_info();

  // Calls, checks what comes back, and keeps the objects that were made.
  template <class Result, class... Parameters, class... Values>
  void call(Result (*pointer)(Parameters...), Values... values);

  // ---- what was drawn, for the checks and for who keeps the objects
  Slot *slot_of(int kind) const { return slots_[static_cast<size_t>(kind)]; }
  bool is_own(const Slot *slot) const;
  nxs_handle handle_of(int kind) const { return handles_[static_cast<size_t>(kind)]; }
  uint64_t drawn_nbytes() const { return nbytes_; }
  int drawn_kernel() const { return kernel_; }
  nxs_uint drawn_property() const { return property_; }
  bool has_property() const { return property_drawn_; }
  const Room &room() const { return room_; }
  size_t room_claimed() const { return room_claimed_; }
  const HostMemory &written_memory() const { return written_; }
  const ::nxs_property_info *drawn_info() const { return info_drawn_; }

 private:
  void good() {}
  void unsure() { promise_.unsure = true; }
  void bad(nxs_status refusal) {
    if (promise_.n_bad++ == 0) promise_.refusal = refusal;
  }

  nxs_handle living_or_dead(int kind, nxs_status refusal, bool nullable);
  Slot *special_slot(int kind) const;
  void add_range(const Slot *slot);
  void judge_ranges();
  nxs_handle stranger(int kind, nxs_status refusal, bool nullable);
  HostMemory library_bytes();
  HostMemory new_contents();
  size_t size_of_pattern();
  size_t size_of_scalar();

  Thread &thread_;
  const FunctionId function_;
  const uint64_t number_;
  Random random_;
  Promise promise_;
  Words words_{};

  std::array<Slot *, kKinds> slots_{};
  std::array<nxs_handle, kKinds> handles_{};
  uint64_t buffer_nbytes_ = 64;  // of the smallest buffer drawn
  std::array<Range, 2> ranges_{};
  size_t n_ranges_ = 0;
  uint64_t nbytes_ = 0;
  nxs_flags flags_ = 0;
  nxs_uint property_ = 0;
  bool property_drawn_ = false;
  int kernel_ = 0;
  Room room_{nullptr, nullptr};
  size_t room_claimed_ = 0;
  HostMemory written_{nullptr, 0};
  ::nxs_init init_{};
  struct {
    ::nxs_property_info info;
    unsigned char more[kInfoGuard];
  } info_room_{};
  const ::nxs_property_info *info_drawn_ = nullptr;
};

}  // namespace soak
