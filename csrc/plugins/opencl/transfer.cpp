// Copies and fills, on one device and between two.
#include "transfer.hpp"

#include <algorithm>

namespace nxs {
namespace {

void finish(cl_command_queue queue) {
  check_cl(cl().clFinish(queue), "cannot wait for what comes before a copy to another device");
}

// Through memory of the host, when the stream has come so far, since no driver copies between two
// contexts. Leaves no event: nothing is left to wait for.
void copy_across(const Target &target, const Step<Backend> &step) {
  finish(target.queue);
  std::vector<std::byte> bytes(step.nbytes);
  const auto transfer = [&](const ClBuffer &whole, size_t at, nxs_copy_flags direction) {
    ClBuffer part;
    part.device = whole.device;
    part.memory = whole.memory;
    part.offset = whole.offset + at;
    part.nbytes = step.nbytes;
    copy_cl_buffer(part, bytes.data(), direction);
  };
  transfer(*step.src, step.src_offset, NXS_CopyFlags_DeviceToHost);
  transfer(*step.dst, step.dst_offset, NXS_CopyFlags_HostToDevice);
}

cl_int copy_to_host(const Target &target, const Step<Backend> &step, size_t src_at, size_t dst_at) {
  ClMemory &from = *step.src->memory, &to = *step.dst->memory;
  if (!from.is_wrapped())
    return cl().clEnqueueReadBuffer(target.queue, from.object(), kNonBlocking, src_at, step.nbytes,
                                    to.data + dst_at, 0, nullptr, target.event);
  const cl_int status =
      cl().clEnqueueWriteBuffer(target.queue, to.object(), kNonBlocking, dst_at, step.nbytes,
                                from.data + src_at, 0, nullptr, nullptr);
  return status == CL_SUCCESS ? give_to_host(target, to, dst_at, step.nbytes) : status;
}

// Where the memory begins in the middle of a pattern, the driver fills nothing: the pattern is
// written once, and what is there is copied behind itself until all is full.
void fill_unaligned(const Target &target, const Step<Backend> &step, cl_mem object, size_t at) {
  size_t done = std::min(step.pattern_nbytes, step.nbytes);
  check_cl(
      cl().clEnqueueWriteBuffer(target.queue, object, kNonBlocking, at, done, step.pattern.data(),
                                0, nullptr, done == step.nbytes ? target.event : nullptr),
      "cannot fill");
  while (done < step.nbytes) {
    const size_t n = std::min(done, step.nbytes - done);
    check_cl(cl().clEnqueueCopyBuffer(target.queue, object, object, at, at + done, n, 0, nullptr,
                                      done + n == step.nbytes ? target.event : nullptr),
             "cannot fill");
    done += n;
  }
}

void fill_object(const Target &target, const Step<Backend> &step, cl_mem object, size_t at) {
  if (at % step.pattern_nbytes != 0) return fill_unaligned(target, step, object, at);
  check_cl(cl().clEnqueueFillBuffer(target.queue, object, step.pattern.data(), step.pattern_nbytes,
                                    at, step.nbytes, 0, nullptr, target.event),
           [&] { return "cannot fill " + std::to_string(step.nbytes) + " bytes"; });
}

}  // namespace

cl_int take_from_host(const Target &target, ClMemory &memory, size_t at, size_t nbytes) {
  return cl().clEnqueueWriteBuffer(target.queue, memory.object(), kNonBlocking, at, nbytes,
                                   memory.data + at, 0, nullptr, nullptr);
}

cl_int give_to_host(const Target &target, ClMemory &memory, size_t at, size_t nbytes) {
  return cl().clEnqueueReadBuffer(target.queue, memory.object(), kNonBlocking, at, nbytes,
                                  memory.data + at, 0, nullptr, target.event);
}

void copy(const Target &target, const Step<Backend> &step) {
  ClMemory &from = *step.src->memory, &to = *step.dst->memory;
  if (&from.device() != target.device || &to.device() != target.device)
    return copy_across(target, step);
  const size_t src_at = step.src->offset + step.src_offset;
  const size_t dst_at = step.dst->offset + step.dst_offset;
  cl_int status = CL_SUCCESS;
  if (to.is_wrapped())
    status = copy_to_host(target, step, src_at, dst_at);
  else if (from.is_wrapped())
    status = cl().clEnqueueWriteBuffer(target.queue, to.object(), kNonBlocking, dst_at, step.nbytes,
                                       from.data + src_at, 0, nullptr, target.event);
  else
    status = cl().clEnqueueCopyBuffer(target.queue, from.object(), to.object(), src_at, dst_at,
                                      step.nbytes, 0, nullptr, target.event);
  check_cl(status, [&] { return "cannot copy " + std::to_string(step.nbytes) + " bytes"; });
}

void fill(const Target &target, const Step<Backend> &step) {
  ClMemory &memory = *step.dst->memory;
  const size_t at = step.dst->offset + step.dst_offset;
  if (&memory.device() != target.device) {  // what the schedule's stream has before it comes first
    finish(target.queue);
    const Target there{memory.device().transfers(), nullptr, &memory.device()};
    fill(there, step);
    return finish(there.queue);
  }
  if (!memory.is_wrapped()) return fill_object(target, step, memory.object(), at);
  fill_object({target.queue, nullptr, target.device}, step, memory.object(), at);
  check_cl(give_to_host(target, memory, at, step.nbytes), "cannot fill memory of the host");
}

}  // namespace nxs
