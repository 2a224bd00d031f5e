// Hands dispatches to the driver, and the commands of a run in general.
#include <cstring>

#include "transfer.hpp"

namespace nxs {
namespace {

// A buffer that takes part in one dispatch through a copy of its bytes: one of the driver's own, of
// memory of the host, or ours, of a view that the driver can begin no object at.
struct Staged {
  const ClBuffer *view;
  ClMem copy;  // none: the driver's
  bool is_written;
};

class Dispatch {
 public:
  Dispatch(const Target &target, const Step<Backend> &step)
      : target_(target), step_(step), kernel_(*step.kernel) {}

  void enqueue() {
    std::lock_guard lock(kernel_.mutex());
    if (kernel_.set_by() != step_.version) set_arguments();
    launch();
    for (const Staged &staged : staged_)
      if (staged.is_written) write_back(staged);
    if (!staged_.empty() && target_.event)
      check_cl(cl().clEnqueueMarkerWithWaitList(target_.queue, 0, nullptr, target_.event),
               "cannot put a marker into a stream");
  }

 private:
  void check_set(cl_int status, size_t i) const {
    if (status == CL_SUCCESS) return;
    throw Error(cl_status(status), "cannot set " + kernel_.place(i) + ", of " +
                                       std::to_string(step_.args[i].nbytes()) +
                                       " bytes: the driver answers " + cl_name(status));
  }

  // The driver's object keeps them for the next run of the same step, which sets none then.
  void set_arguments() {
    kernel_.set_by() = 0;
    for (size_t i = 0; i < step_.args.size(); ++i) set_argument(i);
    set_group_memory();
    set_grid();
    if (staged_.empty()) kernel_.set_by() = step_.version;  // else: copies made for this run
  }

  void set_argument(size_t i) {
    const auto &arg = step_.args[i];
    const cl_uint at = kernel_.arguments().places[i];
    if (arg.buffer()) return set_buffer(i, *arg.buffer(), at);
    if (kernel_.arguments().is_local[i]) {
      uint64_t nbytes = 0;
      std::memcpy(&nbytes, arg.data(), sizeof nbytes);
      return check_set(cl().clSetKernelArg(kernel_.object(), at, nbytes, nullptr), i);
    }
    check_set(cl().clSetKernelArg(kernel_.object(), at, arg.nbytes(), arg.data()), i);
  }

  void set_buffer(size_t i, const ClBuffer &buffer, cl_uint at) {
    if (buffer.memory->is_address())
      return check_set(cl().clSetKernelArgSVMPointer(kernel_.object(), at, buffer.data()), i);
    cl_mem object = buffer.object();
    if (!object)
      object = stage(i, buffer);
    else if (buffer.memory->is_wrapped())
      take_in(i, {&buffer, ClMem(), is_written(i)});
    check_set(cl().clSetKernelArg(kernel_.object(), at, sizeof object, &object), i);
  }

  bool is_written(size_t i) const {
    return !kernel_.info() || kernel_.info()->args[i].access != 'i';
  }

  void check_overlap(size_t i, const ClBuffer &view) const {
    for (size_t other = 0; other < step_.args.size(); ++other) {
      const ClBuffer *beside = step_.args[other].buffer().get();
      if (other != i && beside && beside->identity() == view.identity() &&
          beside->offset < view.offset + view.nbytes &&
          view.offset < beside->offset + beside->nbytes)
        throw Error(NXS_MisalignedSubBufferOffset,
                    kernel_.place(i) + " begins at byte " + std::to_string(view.offset) +
                        " of its buffer and overlaps argument " + std::to_string(other) +
                        "; this driver can do that at multiples of " +
                        std::to_string(view.memory->device().view_alignment) + " bytes only");
    }
  }

  cl_mem stage(size_t i, const ClBuffer &view) {
    check_overlap(i, view);
    cl_int status = CL_SUCCESS;
    ClMem copy(cl().clCreateBuffer(view.memory->device().context(), CL_MEM_READ_WRITE, view.nbytes,
                                   nullptr, &status));
    check_cl(status, [&] { return "cannot copy " + kernel_.place(i); });
    const cl_mem object = copy.get();
    take_in(i, {&view, std::move(copy), is_written(i)});
    return object;
  }

  void take_in(size_t i, Staged staged) {
    const ClBuffer &view = *staged.view;
    ClMemory &memory = *view.memory;
    cl_int status = CL_SUCCESS;
    if (!staged.copy)
      status = take_from_host(target_, memory, view.offset, view.nbytes);
    else if (memory.is_wrapped())
      status = cl().clEnqueueWriteBuffer(target_.queue, staged.copy.get(), kNonBlocking, 0,
                                         view.nbytes, view.data(), 0, nullptr, nullptr);
    else
      status = cl().clEnqueueCopyBuffer(target_.queue, memory.object(), staged.copy.get(),
                                        view.offset, 0, view.nbytes, 0, nullptr, nullptr);
    check_cl(status, [&] { return "cannot copy " + kernel_.place(i); });
    staged_.push_back(std::move(staged));
  }

  void write_back(const Staged &staged) {
    const ClBuffer &view = *staged.view;
    ClMemory &memory = *view.memory;
    cl_int status = CL_SUCCESS;
    if (!staged.copy)
      status =
          give_to_host({target_.queue, nullptr, target_.device}, memory, view.offset, view.nbytes);
    else if (memory.is_wrapped())
      status = cl().clEnqueueReadBuffer(target_.queue, staged.copy.get(), kNonBlocking, 0,
                                        view.nbytes, view.data(), 0, nullptr, nullptr);
    else
      status = cl().clEnqueueCopyBuffer(target_.queue, staged.copy.get(), memory.object(), 0,
                                        view.offset, view.nbytes, 0, nullptr, nullptr);
    check_cl(status, [&] { return "cannot copy what kernel " + kernel_.name() + " wrote"; });
  }

  void set_group_memory() {
    const auto &at = kernel_.arguments().group_memory;
    const size_t nbytes = step_.group_memory_nbytes;
    if (!at) return;
    if (nbytes == 0)
      throw Error(NXS_InvalidKernelArgs, "kernel " + kernel_.name() +
                                             " works in group memory and got none; give its size "
                                             "with the dispatch");
    check_cl(cl().clSetKernelArg(kernel_.object(), *at, nbytes, nullptr), [&] {
      return "cannot give kernel " + kernel_.name() + " " + std::to_string(nbytes) +
             " bytes of group memory";
    });
  }

  void set_grid() {
    const auto &at = kernel_.arguments().grid;
    if (!at) return;
    const cl_uint grid[3] = {step_.grid.x, step_.grid.y, step_.grid.z};
    for (cl_uint d = 0; d < 3; ++d)
      check_cl(cl().clSetKernelArg(kernel_.object(), *at + d, sizeof grid[d], &grid[d]),
               [&] { return "cannot set the grid of kernel " + kernel_.name(); });
  }

  void launch() {
    const nxs_dim3 g = step_.group;
    const size_t group[3] = {g.x, g.y, g.z};
    size_t grid[3] = {step_.grid.x, step_.grid.y, step_.grid.z};
    if (kernel_.guards_grid())
      for (size_t d = 0; d < 3; ++d) grid[d] = (grid[d] + group[d] - 1) / group[d] * group[d];
    const cl_uint n_dimensions = grid[2] * group[2] > 1 ? 3 : grid[1] * group[1] > 1 ? 2 : 1;
    check_cl(
        cl().clEnqueueNDRangeKernel(target_.queue, kernel_.object(), n_dimensions, nullptr, grid,
                                    group, 0, nullptr, staged_.empty() ? target_.event : nullptr),
        [&] {
          return "cannot run kernel " + kernel_.name() + " on a grid of " + to_text(step_.grid) +
                 " in groups of " + to_text(g);
        });
  }

  const Target target_;
  const Step<Backend> &step_;
  const ClKernel &kernel_;
  std::vector<Staged> staged_;
};

void hand_over(const Target &target, const Step<Backend> &step) {
  if (step.type == NXS_CommandType_Dispatch) return Dispatch(target, step).enqueue();
  if (step.type == NXS_CommandType_Copy) return copy(target, step);
  fill(target, step);
}

// A run that was accepted fails as one: waiting for it answers no status of a call with bad
// arguments.
nxs_status status_of_run(nxs_status status) {
  if (status == NXS_MemObjectAllocationFailure) return NXS_OutOfResources;
  const bool is_kept =
      status == NXS_OutOfHostMemory || status == NXS_OutOfResources || status == NXS_DeviceLost;
  return is_kept ? status : NXS_ExecutionFailed;
}

}  // namespace

ClEvent Backend::enqueue(Stream<Backend> &stream, Run<Backend> &, const Step<Backend> &step,
                         bool wants_mark) {
  cl_event event = nullptr;
  const Target target{stream.state.queue(), wants_mark ? &event : nullptr,
                      &device_at(stream.device)};
  try {
    hand_over(target, step);
  } catch (const Error &error) {
    throw Error(status_of_run(error.status()), error.message());
  }
  return ClEvent(event);
}

}  // namespace nxs
