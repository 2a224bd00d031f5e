// Allocates, wraps, and copies to and from the host.
#include "buffer.hpp"

#include <cstring>

namespace nxs {
namespace {

constexpr size_t kAlignment = 128;  // bytes; of the widest type of OpenCL C, double16

[[noreturn]] void refuse_allocation(const ClDevice &device, size_t nbytes, cl_int status) {
  throw Error(NXS_MemObjectAllocationFailure,
              "cannot allocate " + std::to_string(nbytes) + " bytes on " + device.name +
                  ": the driver answers " + cl_name(status) + "; free buffers or allocate less");
}

ClMem make_object(const ClDevice &device, cl_bitfield flags, size_t nbytes, void *host_ptr) {
  cl_int status = CL_SUCCESS;
  ClMem made(
      cl().clCreateBuffer(device.context(), CL_MEM_READ_WRITE | flags, nbytes, host_ptr, &status));
  if (status != CL_SUCCESS) refuse_allocation(device, nbytes, status);
  return made;
}

// An address range of its own, so that two buffers are told apart as those of the host are.
std::byte *reserve_place(size_t nbytes) {
  static std::atomic<uintptr_t> next{uintptr_t{1} << 62};  // no address of a process
  const uintptr_t room = (nbytes + kAlignment) & ~(kAlignment - 1);
  return reinterpret_cast<std::byte *>(next.fetch_add(room, std::memory_order_relaxed));
}

}  // namespace

ClMemory::ClMemory(const ClDevice &device, size_t nbytes, nxs_flags flags)
    : device_(device), nbytes_(nbytes), kind_(device.shares_buffers ? kShared : kOfDevice) {
  if (kind_ == kShared) {
    data = static_cast<std::byte *>(cl().clSVMAlloc(
        device.context(), CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, nbytes, kAlignment));
    if (!data) refuse_allocation(device, nbytes, CL_MEM_OBJECT_ALLOCATION_FAILURE);
    return;
  }
  const bool on_host = flags & NXS_BufferFlags_OnHost;
  object_.get(
      [&] { return make_object(device, on_host ? CL_MEM_ALLOC_HOST_PTR : 0, nbytes, nullptr); });
  data = reserve_place(nbytes);
}

ClMemory::ClMemory(const ClDevice &device, size_t nbytes, void *host_ptr)
    : data(static_cast<std::byte *>(host_ptr)), device_(device), nbytes_(nbytes), kind_(kWrapped) {}

ClMemory::~ClMemory() {
  object_.reset();
  if (kind_ == kShared && data && !is_forked()) cl().clSVMFree(device_.context(), data);
}

cl_mem ClMemory::object() {
  return object_.get([&] { return make_object(device_, CL_MEM_USE_HOST_PTR, nbytes_, data); });
}

cl_mem ClBuffer::object() const {
  if (offset == 0) return memory->object();  // a view from the start on may know of the rest
  if (offset % memory->device().view_alignment != 0) return nullptr;
  return part_.get([&] {
    const cl_buffer_region region{offset, nbytes};
    cl_int status = CL_SUCCESS;
    ClMem made(cl().clCreateSubBuffer(memory->object(), CL_MEM_READ_WRITE,
                                      CL_BUFFER_CREATE_TYPE_REGION, &region, &status));
    check_cl(status, [&] {
      return "cannot make a sub-buffer of " + std::to_string(nbytes) + " bytes from offset " +
             std::to_string(offset);
    });
    return made;
  });
}

std::shared_ptr<ClBuffer> create_cl_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                           const void *host_ptr) {
  const ClDevice &where = device_at(device);
  refuse_forked();
  const bool wraps =
      check_new_buffer(nbytes, flags, host_ptr, static_cast<size_t>(where.max_buffer_nbytes));
  auto buffer = std::make_shared<ClBuffer>();
  buffer->device = device;
  buffer->nbytes = nbytes;
  buffer->memory = wraps ? std::make_shared<ClMemory>(where, nbytes, const_cast<void *>(host_ptr))
                         : std::make_shared<ClMemory>(where, nbytes, flags);
  if (host_ptr && !wraps)
    copy_cl_buffer(*buffer, const_cast<void *>(host_ptr), NXS_CopyFlags_HostToDevice);
  return buffer;
}

void copy_cl_buffer(const ClBuffer &buffer, void *host_ptr, nxs_copy_flags direction) {
  const bool to_device = direction == NXS_CopyFlags_HostToDevice;
  if (buffer.memory->host_reaches()) {
    std::memmove(to_device ? buffer.data() : host_ptr, to_device ? host_ptr : buffer.data(),
                 buffer.nbytes);
    return;
  }
  refuse_forked();
  const cl_command_queue queue = buffer.memory->device().transfers();
  const cl_mem object = buffer.memory->object();
  constexpr cl_bool kBlocking = 1;
  const cl_int status =
      to_device ? cl().clEnqueueWriteBuffer(queue, object, kBlocking, buffer.offset, buffer.nbytes,
                                            host_ptr, 0, nullptr, nullptr)
                : cl().clEnqueueReadBuffer(queue, object, kBlocking, buffer.offset, buffer.nbytes,
                                           host_ptr, 0, nullptr, nullptr);
  check_cl(status, [&] {
    return "cannot copy " + std::to_string(buffer.nbytes) +
           (to_device ? " bytes to " : " bytes from ") + buffer.memory->device().name;
  });
}

}  // namespace nxs
