// Buffers and their views, whatever memory they are of: sizes, owners, properties.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "sdk/property.hpp"

namespace nxs {

// A buffer, or a view of a part of one: they share the memory. Memory has `data`, an address of the
// host or one that only tells memories apart, and says whether the host may use it.
template <class M>
struct BufferView {
  using Memory = M;
  nxs_int device = 0;
  std::shared_ptr<Memory> memory;
  size_t offset = 0, nbytes = 0;

  std::byte *data() const { return memory->data + offset; }
  const void *identity() const { return memory.get(); }  // equal for all views of one memory
};

// The checks of nxsCreateBuffer; `max_nbytes` is the device's limit. Answers whether it wraps.
inline bool check_new_buffer(size_t nbytes, nxs_flags flags, const void *host_ptr,
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
  return wrap;
}

// Throws unless [offset, offset + nbytes) lies in a buffer of `size` bytes; no sum that could wrap.
inline void check_range(const char *what, size_t offset, size_t nbytes, size_t size) {
  if (nbytes == 0 || offset > size || nbytes > size - offset)
    throw Error(NXS_InvalidBufferSize, std::string(what) + ": " + std::to_string(nbytes) +
                                           " bytes from offset " + std::to_string(offset) +
                                           " of a buffer of " + std::to_string(size) + " bytes");
}

template <class Buffer>
std::shared_ptr<Buffer> create_view(const Buffer &root, size_t offset, size_t nbytes) {
  check_range("a sub-buffer", offset, nbytes, root.nbytes);
  auto view = std::make_shared<Buffer>();
  view->device = root.device;
  view->memory = root.memory;
  view->offset = root.offset + offset;
  view->nbytes = nbytes;
  return view;
}

// Owners besides the handle: recorded commands and runs in flight, and views of the same memory.
template <class Buffer>
int64_t use_count(const std::shared_ptr<Buffer> &buffer) {
  constexpr long kTableAndCaller = 2;  // the handle table, and the getter that looked it up
  const long owners = buffer.use_count() - kTableAndCaller + buffer->memory.use_count() - 1;
  // What a gone owner wrote is seen by who reads 0 here. The thread sanitizer knows no fences.
#if !defined(__SANITIZE_THREAD__)
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
  return owners;
}

template <class Buffer>
inline constexpr std::array kBufferProperties{
    Property<Owned<Buffer>>{NP_Type, [](const auto &) -> Value { return std::string("buffer"); }},
    Property<Owned<Buffer>>{NP_ID, [](const auto &buffer) -> Value { return buffer.handle; }},
    Property<Owned<Buffer>>{
        NP_Device, [](const auto &buffer) -> Value { return int64_t{buffer.object->device}; }},
    Property<Owned<Buffer>>{
        NP_Size,
        [](const auto &buffer) -> Value { return static_cast<int64_t>(buffer.object->nbytes); }},
    Property<Owned<Buffer>>{
        NP_Offset,
        [](const auto &buffer) -> Value { return static_cast<int64_t>(buffer.object->offset); }},
    Property<Owned<Buffer>>{NP_HostPointer,
                            [](const auto &buffer) -> Value {
                              if (!buffer.object->memory->host_reaches()) return int64_t{0};
                              return static_cast<int64_t>(
                                  reinterpret_cast<intptr_t>(buffer.object->data()));
                            }},
    Property<Owned<Buffer>>{NP_UseCount,
                            [](const auto &buffer) -> Value { return use_count(buffer.object); }},
};

}  // namespace nxs
