// Buffers in memory of the host: allocated, wrapped, viewed, copied and filled.
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "sdk/property.hpp"

namespace nxs {

inline constexpr size_t kBufferAlignment = 64;        // bytes; one cache line, one AVX-512 register
inline constexpr size_t kHugePage = size_t{2} << 20;  // bytes; of x86-64 and most arm64 Linux
inline constexpr size_t kHugePageFrom =
    size_t{4} << 20;  // bytes; smaller buffers would waste too much of one

// The bytes under one buffer and all its views. Frees them unless they are somebody else's.
struct HostMemory {
  std::byte *data = nullptr;
  void *allocation = nullptr;  // what to free; NULL: wrapped

  HostMemory() = default;
  HostMemory(const HostMemory &) = delete;
  HostMemory &operator=(const HostMemory &) = delete;
  ~HostMemory() { std::free(allocation); }
};

// A buffer, or a view of a part of one: they share the memory.
struct HostBuffer {
  nxs_int device = 0;
  std::shared_ptr<HostMemory> memory;
  size_t offset = 0, nbytes = 0;

  std::byte *data() const { return memory->data + offset; }
  const void *identity() const { return memory.get(); }  // equal for all views of one memory
};

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
  constexpr nxs_flags kKnown =
      NXS_BufferFlags_OnHost | NXS_BufferFlags_OnDevice | NXS_BufferFlags_Wrap;
  if (flags & ~kKnown)
    throw Error(NXS_InvalidValue, "buffer flags " + std::to_string(flags) + " has unknown bits");
  const bool wrap = flags & NXS_BufferFlags_Wrap;
  if (wrap && !host_ptr)
    throw Error(NXS_InvalidHostPtr, "wrapping needs the memory to wrap; host_ptr is NULL");
  const size_t most = wrap ? UINTPTR_MAX - reinterpret_cast<uintptr_t>(host_ptr) : max_nbytes;
  if (nbytes == 0 || nbytes > most)
    throw Error(NXS_InvalidBufferSize, "a buffer of " + std::to_string(nbytes) +
                                           " bytes; the device takes 1 to " + std::to_string(most));
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

// Throws unless [offset, offset + nbytes) lies in a buffer of `size` bytes; no sum that could wrap.
inline void check_range(const char *what, size_t offset, size_t nbytes, size_t size) {
  if (nbytes == 0 || offset > size || nbytes > size - offset)
    throw Error(NXS_InvalidBufferSize, std::string(what) + ": " + std::to_string(nbytes) +
                                           " bytes from offset " + std::to_string(offset) +
                                           " of a buffer of " + std::to_string(size) + " bytes");
}

inline std::shared_ptr<HostBuffer> create_host_view(const HostBuffer &root, size_t offset,
                                                    size_t nbytes) {
  check_range("a sub-buffer", offset, nbytes, root.nbytes);
  return std::make_shared<HostBuffer>(
      HostBuffer{root.device, root.memory, root.offset + offset, nbytes});
}

// Owners besides the handle: recorded commands and runs in flight, and views of the same memory.
inline int64_t use_count(const std::shared_ptr<HostBuffer> &buffer) {
  constexpr long kTableAndCaller = 2;  // the handle table, and the getter that looked it up
  const long owners = buffer.use_count() - kTableAndCaller + buffer->memory.use_count() - 1;
  // What a gone owner wrote is seen by who reads 0 here. The thread sanitizer knows no fences.
#if !defined(__SANITIZE_THREAD__)
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
  return owners;
}

inline constexpr std::array kHostBufferProperties{
    Property<Owned<HostBuffer>>{NP_Type,
                                [](const auto &) -> Value { return std::string("buffer"); }},
    Property<Owned<HostBuffer>>{NP_ID, [](const auto &buffer) -> Value { return buffer.handle; }},
    Property<Owned<HostBuffer>>{
        NP_Device, [](const auto &buffer) -> Value { return int64_t{buffer.object->device}; }},
    Property<Owned<HostBuffer>>{
        NP_Size,
        [](const auto &buffer) -> Value { return static_cast<int64_t>(buffer.object->nbytes); }},
    Property<Owned<HostBuffer>>{
        NP_Offset,
        [](const auto &buffer) -> Value { return static_cast<int64_t>(buffer.object->offset); }},
    Property<Owned<HostBuffer>>{NP_HostPointer,
                                [](const auto &buffer) -> Value {
                                  return static_cast<int64_t>(
                                      reinterpret_cast<intptr_t>(buffer.object->data()));
                                }},
    Property<Owned<HostBuffer>>{
        NP_UseCount, [](const auto &buffer) -> Value { return use_count(buffer.object); }},
};

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
