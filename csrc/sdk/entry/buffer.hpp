// The C functions of buffers; include it in one .cpp of a plugin.
#pragma once

#include "backend.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

namespace nxs::entry {

inline auto &buffers() { return tables<Backend>().buffers; }

// Two buffers may be one memory without knowing it: two wraps of one array.
inline void check_disjoint(const Backend::Buffer &src, size_t src_offset,
                           const Backend::Buffer &dst, size_t dst_offset, size_t nbytes) {
  const auto from = reinterpret_cast<uintptr_t>(src.data()) + src_offset;
  const auto to = reinterpret_cast<uintptr_t>(dst.data()) + dst_offset;
  if (from < to + nbytes && to < from + nbytes)
    throw Error(NXS_MemCopyOverlap,
                "a copy of " + std::to_string(nbytes) + " bytes from offset " +
                    std::to_string(src_offset) + " to offset " + std::to_string(dst_offset) +
                    " of the same memory overlaps; copy through another buffer");
}

// A copy between buffers as a step, checked.
inline Step<Backend> copy_step(std::shared_ptr<Backend::Buffer> src, size_t src_offset,
                               std::shared_ptr<Backend::Buffer> dst, size_t dst_offset,
                               size_t nbytes) {
  check_range("the source of a copy", src_offset, nbytes, src->nbytes);
  check_range("the destination of a copy", dst_offset, nbytes, dst->nbytes);
  check_disjoint(*src, src_offset, *dst, dst_offset, nbytes);
  Step<Backend> step(NXS_CommandType_Copy);
  step.src = std::move(src);
  step.dst = std::move(dst);
  step.src_offset = src_offset;
  step.dst_offset = dst_offset;
  step.nbytes = nbytes;
  return step;
}

struct Pattern {
  const void *bytes;
  size_t nbytes;
};

// A fill as a step, checked.
inline Step<Backend> fill_step(std::shared_ptr<Backend::Buffer> buffer, size_t offset,
                               size_t nbytes, Pattern pattern) {
  if (!pattern.bytes) throw Error(NXS_InvalidHostPtr, "the pattern of a fill is NULL");
  const size_t width = pattern.nbytes;
  if (width == 0 || width > 16 || (width & (width - 1)) != 0)
    throw Error(NXS_InvalidArgSize,
                "a fill pattern of " + std::to_string(width) + " bytes; it has 1, 2, 4, 8 or 16");
  check_range("a fill", offset, nbytes, buffer->nbytes);
  if (nbytes % width != 0 || offset % width != 0)
    throw Error(NXS_InvalidBufferSize, "a fill of " + std::to_string(nbytes) +
                                           " bytes from offset " + std::to_string(offset) +
                                           ": both are multiples of the pattern's " +
                                           std::to_string(width) + " bytes");
  Step<Backend> step(NXS_CommandType_Fill);
  step.dst = std::move(buffer);
  step.dst_offset = offset;
  step.nbytes = nbytes;
  step.pattern_nbytes = width;
  std::memcpy(step.pattern.data(), pattern.bytes, width);
  return step;
}

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateBuffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                   const void *host_ptr) noexcept {
  return guard([&] {
    Backend::device(device);
    return nxs::entry::buffers().insert(Backend::create_buffer(device, nbytes, flags, host_ptr));
  });
}

NXS_API nxs_handle nxsCreateSubBuffer(nxs_handle buffer, size_t offset, size_t nbytes) noexcept {
  return guard([&] {
    auto &buffers = nxs::entry::buffers();
    return buffers.insert(Backend::create_view(*buffers.find(buffer), offset, nbytes));
  });
}

NXS_API nxs_status nxsGetBufferProperty(nxs_handle buffer, nxs_uint property, void *value,
                                        size_t *nbytes) noexcept {
  return guard([&] {
    const nxs::Owned<Backend::Buffer> found{nxs::entry::buffers().find(buffer), buffer};
    nxs::get_property(Backend::buffer_properties(), found, property, value, nbytes);
  });
}

NXS_API nxs_status nxsCopyBuffer(nxs_handle buffer, void *host_ptr, nxs_flags flags, size_t nbytes,
                                 uint64_t timeout_ns) noexcept {
  return guard([&] {
    const auto found = nxs::entry::buffers().find(buffer);
    if (flags > NXS_CopyFlags_HostToDevice)
      throw Error(NXS_InvalidValue, "copy flags " + std::to_string(flags) + " has unknown bits");
    if (!host_ptr) throw Error(NXS_InvalidHostPtr, "a copy needs host memory; host_ptr is NULL");
    if (nbytes != found->nbytes)
      throw Error(NXS_InvalidBufferSize,
                  "host memory of " + std::to_string(nbytes) + " bytes and a buffer of " +
                      std::to_string(found->nbytes) + ": a whole copy needs the same size");
    if (Backend::any_in_flight())
      nxs::wait_for_memory<Backend>(found->identity(), nxs::Deadline(timeout_ns));
    Backend::copy_host(*found, host_ptr, static_cast<nxs_copy_flags>(flags));
  });
}

NXS_API int64_t nxsCopyBufferRegion(nxs_handle src, size_t src_offset, nxs_handle dst,
                                    size_t dst_offset, size_t nbytes, nxs_handle stream,
                                    nxs_flags flags) noexcept {
  return guard([&] {
    auto &buffers = nxs::entry::buffers();
    auto from = buffers.find(src), to = buffers.find(dst);
    const auto where = nxs::stream_or_default<Backend>(stream, to->device);
    return nxs::submit<Backend>(
        nxs::entry::copy_step(std::move(from), src_offset, std::move(to), dst_offset, nbytes),
        where, flags);
  });
}

NXS_API int64_t nxsFillBuffer(nxs_handle buffer, size_t offset, size_t nbytes, const void *pattern,
                              size_t pattern_nbytes, nxs_handle stream, nxs_flags flags) noexcept {
  return guard([&] {
    auto found = nxs::entry::buffers().find(buffer);
    const auto where = nxs::stream_or_default<Backend>(stream, found->device);
    return nxs::submit<Backend>(
        nxs::entry::fill_step(std::move(found), offset, nbytes, {pattern, pattern_nbytes}), where,
        flags);
  });
}

NXS_API nxs_status nxsWaitBuffer(nxs_handle buffer, uint64_t timeout_ns) noexcept {
  return guard([&] {
    const auto found = nxs::entry::buffers().find(buffer);
    if (Backend::any_in_flight())
      nxs::wait_for_memory<Backend>(found->identity(), nxs::Deadline(timeout_ns));
  });
}

NXS_API nxs_status nxsReleaseBuffer(nxs_handle buffer) noexcept {
  return guard([&] { nxs::entry::buffers().remove(buffer); });
}
