// Buffers, and what is done with their bytes.
// size-waiver: the parameters of entry points are OpenCL's
#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <set>

#include "objects.hpp"

using fake::Given;
using fake::hold;

namespace {

constexpr cl_int kInvalidValue = -30, kInvalidContext = -34, kInvalidHostPtr = -37,
                 kMisaligned = -13, kOverlap = -8;
constexpr std::align_val_t kAlignment{128};

// New memory is full of something that nobody may rely on.
std::shared_ptr<std::byte> allocate(size_t nbytes) {
  auto *const data = static_cast<std::byte *>(::operator new(nbytes, kAlignment, std::nothrow));
  if (!data) return nullptr;
  std::memset(data, 0xA5, nbytes);
  return {data, [](std::byte *bytes) { ::operator delete(bytes, kAlignment); }};
}

// What commands do with the contents of memory; tests/soak/tsan_suppressions.txt names it.
cl_int move_bytes(void *to, const void *from, size_t nbytes) {
  std::memcpy(to, from, nbytes);
  return CL_SUCCESS;
}

struct Svm {
  std::mutex mutex;
  std::map<const std::byte *, std::shared_ptr<std::byte>> parts;
};

Svm &svm() {
  static Svm &svm = *new Svm;
  return svm;
}

bool is_svm(const void *address) {
  std::lock_guard lock(svm().mutex);
  return svm().parts.contains(static_cast<const std::byte *>(address));
}

// Callers that know nothing of a kernel's arguments pass numbers for buffers.
struct Living {
  std::mutex mutex;
  std::set<cl_mem> memories;
};

Living &living() {
  static Living &living = *new Living;
  return living;
}

bool is_inside(cl_mem memory, size_t offset, size_t nbytes) {
  return nbytes > 0 && offset <= memory->nbytes && nbytes <= memory->nbytes - offset;
}

cl_int check(cl_command_queue queue, cl_mem memory, size_t offset, size_t nbytes) {
  if (queue->context != memory->context) return kInvalidContext;
  return is_inside(memory, offset, nbytes) ? CL_SUCCESS : kInvalidValue;
}

}  // namespace

_cl_mem::_cl_mem(cl_context context) : Object(fake::kMemory), context(context) {
  std::lock_guard lock(living().mutex);
  living().memories.insert(this);
}

_cl_mem::~_cl_mem() {
  std::lock_guard lock(living().mutex);
  living().memories.erase(this);
}

bool _cl_mem::is_alive(cl_mem memory) {
  std::lock_guard lock(living().mutex);
  return living().memories.contains(memory);
}

void *fake::allocate_svm(size_t nbytes) {
  const auto made = allocate(nbytes);
  if (!made) return nullptr;
  std::lock_guard lock(svm().mutex);
  svm().parts[made.get()] = made;
  n_alive[kSvm].fetch_add(1);
  return made.get();
}

void fake::free_svm(void *memory) {
  std::lock_guard lock(svm().mutex);
  svm().parts.erase(static_cast<std::byte *>(memory));
  n_alive[kSvm].fetch_sub(1);
}

FAKE_API cl_mem clCreateBuffer(cl_context context, cl_bitfield flags, size_t nbytes, void *host,
                               cl_int *status) {
  FAKE_CREATE(status);
  const auto refuse = [&](cl_int why) { return *status = why, cl_mem{}; };
  if (nbytes == 0 || nbytes > fake::options().memory) return refuse(CL_INVALID_BUFFER_SIZE);
  const bool uses_host = flags & CL_MEM_USE_HOST_PTR;
  if (uses_host != (host != nullptr)) return refuse(kInvalidHostPtr);
  std::shared_ptr<std::byte> own;
  if (!uses_host || (fake::options().shadow && !is_svm(host))) {
    own = allocate(nbytes);
    if (!own) return refuse(CL_MEM_OBJECT_ALLOCATION_FAILURE);
  }
  auto *memory = fake::Object::make<_cl_mem>(context);
  memory->nbytes = nbytes;
  memory->own = std::move(own);
  memory->data = memory->own ? memory->own.get() : static_cast<std::byte *>(host);
  if (uses_host && memory->own) memory->host = static_cast<std::byte *>(host);
  if (memory->host) move_bytes(memory->data, host, nbytes);
  *status = CL_SUCCESS;
  return memory;
}

FAKE_API cl_mem clCreateSubBuffer(cl_mem whole, cl_bitfield, cl_uint, const void *given,
                                  cl_int *status) {
  FAKE_CREATE(status);
  const auto &region = *static_cast<const cl_buffer_region *>(given);
  const auto refuse = [&](cl_int why) { return *status = why, cl_mem{}; };
  if (!is_inside(whole, region.origin, region.size) || whole->whole) return refuse(kInvalidValue);
  if (region.origin % static_cast<size_t>(fake::options().alignment)) return refuse(kMisaligned);
  auto *part = fake::Object::make<_cl_mem>(whole->context);
  part->nbytes = region.size;
  part->data = whole->data + region.origin;
  part->whole = hold(whole);
  *status = CL_SUCCESS;
  return part;
}

FAKE_API cl_int clReleaseMemObject(cl_mem memory) { return memory->release(), CL_SUCCESS; }

FAKE_API cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks,
                                    size_t offset, size_t nbytes, void *host, cl_uint n_waits,
                                    const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (const cl_int why = check(queue, memory, offset, nbytes)) return why;
  return queue->add(
      {n_waits, waits, event},
      [from = hold(memory), offset, nbytes, host] {
        return move_bytes(host, from->data + offset, nbytes);
      },
      blocks);
}

FAKE_API cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks,
                                     size_t offset, size_t nbytes, const void *host,
                                     cl_uint n_waits, const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (const cl_int why = check(queue, memory, offset, nbytes)) return why;
  return queue->add(
      {n_waits, waits, event},
      [to = hold(memory), offset, nbytes, host] {
        return move_bytes(to->data + offset, host, nbytes);
      },
      blocks);
}

FAKE_API cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem src, cl_mem dst,
                                    size_t src_offset, size_t dst_offset, size_t nbytes,
                                    cl_uint n_waits, const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (const cl_int why = check(queue, src, src_offset, nbytes)) return why;
  if (const cl_int why = check(queue, dst, dst_offset, nbytes)) return why;
  const std::byte *from = src->data + src_offset, *to = dst->data + dst_offset;
  if (from < to + nbytes && to < from + nbytes) return kOverlap;
  return queue->add({n_waits, waits, event},
                    [src = hold(src), dst = hold(dst), src_offset, dst_offset, nbytes] {
                      return move_bytes(dst->data + dst_offset, src->data + src_offset, nbytes);
                    });
}

FAKE_API cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem memory, const void *pattern,
                                    size_t width, size_t offset, size_t nbytes, cl_uint n_waits,
                                    const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (const cl_int why = check(queue, memory, offset, nbytes)) return why;
  if (width == 0 || offset % width || nbytes % width) return kInvalidValue;
  const auto *bytes = static_cast<const std::byte *>(pattern);
  return queue->add(
      {n_waits, waits, event},
      [to = hold(memory), pattern = std::vector(bytes, bytes + width), offset, nbytes] {
        for (size_t at = 0; at < nbytes; at += pattern.size())
          move_bytes(to->data + offset + at, pattern.data(), pattern.size());
        return CL_SUCCESS;
      });
}
