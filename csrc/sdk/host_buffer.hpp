// Buffers in memory of the host: allocated, wrapped, viewed, copied and filled.
#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "sdk/buffer.hpp"

namespace nxs {

inline constexpr size_t kBufferAlignment = 64;        // bytes; one cache line, one AVX-512 register
inline constexpr size_t kHugePage = size_t{2} << 20;  // bytes; of x86-64 and most arm64 Linux
inline constexpr size_t kHugePageFrom =
    size_t{4} << 20;  // bytes; smaller buffers would waste too much of one

// The bytes under one buffer and all its views. Frees them unless they are somebody else's.
struct HostMemory {
  std::byte *data = nullptr;
  void *allocation = nullptr;  // what to free; NULL: wrapped

  bool host_reaches() const { return true; }

  HostMemory() = default;
  HostMemory(const HostMemory &) = delete;
  HostMemory &operator=(const HostMemory &) = delete;
  ~HostMemory() { std::free(allocation); }
};

using HostBuffer = BufferView<HostMemory>;

[[noreturn]] inline void refuse_allocation(size_t nbytes) {
  throw Error(NXS_MemObjectAllocationFailure,
              "cannot allocate " + std::to_string(nbytes) +
                  " bytes of host memory: free buffers or allocate less");
}

// Aligned by hand: posix_memalign costs 50 ns where malloc costs 15 (4 KiB, glibc 2.36).
inline void allocate_small(HostMemory &memory, size_t nbytes) {
  memory.allocation = std::malloc(nbytes + kBufferAlignment);
  if (!memory.allocation) refuse_allocation(nbytes);
  const auto address = reinterpret_cast<uintptr_t>(memory.allocation);
  memory.data = static_cast<std::byte *>(memory.allocation) + (-address & (kBufferAlignment - 1));
}

inline void allocate_host(HostMemory &memory, size_t nbytes) {
  if (nbytes < kHugePageFrom) return allocate_small(memory, nbytes);
  if (posix_memalign(&memory.allocation, kHugePage, nbytes) != 0) refuse_allocation(nbytes);
#if defined(MADV_HUGEPAGE)
  madvise(memory.allocation, nbytes, MADV_HUGEPAGE);  // advice: page faults cost a seventh then
#endif
  memory.data = static_cast<std::byte *>(memory.allocation);
}

// The body of nxsCreateBuffer; `max_nbytes` is the device's limit.
inline std::shared_ptr<HostBuffer> create_host_buffer(nxs_int device, size_t nbytes,
                                                      nxs_flags flags, const void *host_ptr,
                                                      size_t max_nbytes) {
  const bool wrap = check_new_buffer(nbytes, flags, host_ptr, max_nbytes);
  auto buffer = std::make_shared<HostBuffer>();
  buffer->device = device;
  buffer->nbytes = nbytes;
  buffer->memory = std::make_shared<HostMemory>();
  if (wrap)
    buffer->memory->data = static_cast<std::byte *>(const_cast<void *>(host_ptr));
  else
    allocate_host(*buffer->memory, nbytes);
  if (host_ptr && !wrap) std::memcpy(buffer->memory->data, host_ptr, nbytes);
  return buffer;
}

// memmove, because wrapped memory may be the host's side of its own copy, or be wrapped twice.
inline void copy_host_buffer(const HostBuffer &buffer, void *host_ptr, nxs_copy_flags direction) {
  if (direction == NXS_CopyFlags_HostToDevice)
    std::memmove(buffer.data(), host_ptr, buffer.nbytes);
  else
    std::memmove(host_ptr, buffer.data(), buffer.nbytes);
}

// Repeats a pattern of 1, 2, 4, 8 or 16 bytes.
inline void fill_host(std::byte *to, size_t nbytes, std::span<const std::byte> pattern) {
  if (pattern.size() == 1) {
    std::memset(to, static_cast<int>(pattern[0]), nbytes);
    return;
  }
  std::memcpy(to, pattern.data(), pattern.size());
  for (size_t done = pattern.size();
       done < nbytes;) {  // doubles what is there, so memcpy does the work
    const size_t step = std::min(done, std::min(nbytes - done, size_t{1} << 16));
    std::memcpy(to + done, to, step);
    done += step;
  }
}

// A copy or fill step between host buffers.
template <class Step>
void copy_or_fill(const Step &step) {
  std::byte *to = step.dst->data() + step.dst_offset;
  if (step.type == NXS_CommandType_Copy)
    std::memmove(to, step.src->data() + step.src_offset, step.nbytes);
  else
    fill_host(to, step.nbytes, std::span(step.pattern).first(step.pattern_nbytes));
}

}  // namespace nxs
