// One recorded command, as a run executes it.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "sdk/event.hpp"
#include "sdk/kernel_info.hpp"

namespace nxs {

inline constexpr int kMaxArguments = 1024;

inline std::string to_text(nxs_dim3 size) {
  return "[" + std::to_string(size.x) + ", " + std::to_string(size.y) + ", " +
         std::to_string(size.z) + "]";
}

// Bytes at the alignment of the widest vector register, as a struct by value may ask for.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  AlignedBytes(const void *bytes, size_t nbytes)
      : data_(static_cast<std::byte *>(::operator new(nbytes, kAlignment))), nbytes_(nbytes) {
    std::memcpy(data_, bytes, nbytes);
  }
  AlignedBytes(const AlignedBytes &other)
      : AlignedBytes(other.data_ ? AlignedBytes(other.data_, other.nbytes_) : AlignedBytes()) {}
  AlignedBytes(AlignedBytes &&other) noexcept
      : data_(std::exchange(other.data_, nullptr)), nbytes_(other.nbytes_) {}
  AlignedBytes &operator=(AlignedBytes other) noexcept {
    std::swap(data_, other.data_);
    std::swap(nbytes_, other.nbytes_);
    return *this;
  }
  ~AlignedBytes() { ::operator delete(data_, kAlignment); }
  std::byte *data() const { return data_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  std::byte *data_ = nullptr;
  size_t nbytes_ = 0;
};

// An argument of a dispatch: a buffer (its bytes are then the address), or a value.
template <class Buffer>
class ArgumentValue {
 public:
  void set(std::shared_ptr<Buffer> buffer, const void *address) {
    set(&address, sizeof address);
    buffer_ = std::move(buffer);
  }
  void set(const void *bytes, size_t nbytes) {
    if (nbytes > sizeof small_)
      large_ = AlignedBytes(bytes, nbytes);
    else
      std::memcpy(small_.data(), bytes, nbytes);
    nbytes_ = nbytes;
    buffer_.reset();
  }
  bool is_set() const { return nbytes_ != 0; }
  size_t nbytes() const { return nbytes_; }
  const std::shared_ptr<Buffer> &buffer() const { return buffer_; }
  std::shared_ptr<Buffer> take_buffer() { return std::move(buffer_); }
  void *data() const {
    return nbytes_ > sizeof small_ ? large_.data() : const_cast<std::byte *>(small_.data());
  }

 private:
  alignas(16) std::array<std::byte, 16> small_;
  AlignedBytes large_;
  size_t nbytes_ = 0;
  std::shared_ptr<Buffer> buffer_;
};

// Of what a step says. No two that differ have the same, so a backend can tell what it has already
// told its driver.
inline uint64_t new_version() {
  static std::atomic<uint64_t> newest{0};
  return newest.fetch_add(1, std::memory_order_relaxed) + 1;
}

// A dispatch uses kernel to group_memory, signal and wait use event and value, copy and fill the
// rest. Immutable while a run that holds it is in flight: `Schedule::edit` works on a copy then.
template <class B>
struct Step {
  using Buffer = typename B::Buffer;
  explicit Step(nxs_command_type type) : type(type) {}
  nxs_command_type type;
  bool timing = false;
  uint64_t version = new_version();  // another one after each edit

  std::shared_ptr<typename B::Kernel> kernel;
  std::vector<ArgumentValue<Buffer>> args;
  nxs_dim3 group{0, 0, 0}, grid{0, 0, 0};  // all zero: not finalized
  size_t group_memory_nbytes = 0;

  std::shared_ptr<Event> event;
  uint64_t value = 0;

  std::shared_ptr<Buffer> src, dst;
  size_t src_offset = 0, dst_offset = 0, nbytes = 0;
  std::array<std::byte, 16> pattern{};
  size_t pattern_nbytes = 0;

  bool finalized() const { return group.x != 0; }
};

inline void check_groups(nxs_dim3 group, nxs_dim3 grid) {
  constexpr uint32_t kMax = 0x7fffffff;  // items per dimension; ids are int in kernels
  if (group.x == 0 || group.y == 0 || group.z == 0)
    throw Error(NXS_InvalidWorkGroupSize,
                "group size " + to_text(group) + ": every dimension is at least 1");
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > kMax || grid.y > kMax || grid.z > kMax)
    throw Error(NXS_InvalidGlobalWorkSize,
                "grid size " + to_text(grid) + ": every dimension is 1 to 2^31-1 work-items");
}

inline uint64_t groups_in(uint32_t grid, uint32_t group) {
  return (uint64_t{grid} + group - 1) / group;
}

// Groups of a dispatch. Each dimension has at most 2^31-1, so two fit 64 bits and the third must be
// checked.
inline int64_t count_groups(nxs_dim3 group, nxs_dim3 grid) {
  const uint64_t plane = groups_in(grid.x, group.x) * groups_in(grid.y, group.y),
                 z = groups_in(grid.z, group.z);
  if (plane > (uint64_t{1} << 62) / z)
    throw Error(NXS_InvalidGlobalWorkSize, "grid size " + to_text(grid) + " in groups of " +
                                               to_text(group) + " is more than 2^62 groups");
  return static_cast<int64_t>(plane * z);
}

}  // namespace nxs
