// What the OpenCL runtime is made of, in the words of the SDK.
#pragma once

#include <span>

#include "buffer.hpp"
#include "library.hpp"
#include "sdk/driver_queue.hpp"

namespace nxs {

struct ClRuntime {};

struct Backend {
  using Buffer = ClBuffer;
  using Library = ClLibrary;
  using Kernel = ClKernel;
  using Mark = ClEvent;
  using RunState = Issued<Backend>;
  struct StreamState {
    InFlight<Backend> flight;
    ClQueue untimed, timed;                       // made for the first run, the first that is timed
    std::atomic<cl_command_queue> used{nullptr};  // that one of them
    std::mutex making;
    cl_command_queue queue() const { return used.load(std::memory_order_acquire); }
  };

  static void start();
  static const ClRuntime &runtime();
  static const ClDevice &device(nxs_int ordinal) { return device_at(ordinal); }

  static std::span<const Property<ClRuntime>> runtime_properties();
  static std::span<const Property<ClDevice>> device_properties();
  static std::span<const Property<Owned<Buffer>>> buffer_properties() {
    return kBufferProperties<Buffer>;
  }
  static std::span<const Property<Owned<Library>>> library_properties();
  static std::span<const Property<Owned<Kernel>>> kernel_properties();

  static std::shared_ptr<Buffer> create_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                               const void *host_ptr) {
    return create_cl_buffer(device, nbytes, flags, host_ptr);
  }
  static std::shared_ptr<Buffer> create_view(const Buffer &root, size_t offset, size_t nbytes) {
    return nxs::create_view(root, offset, nbytes);
  }
  static void copy_host(const Buffer &buffer, void *host_ptr, nxs_copy_flags direction) {
    copy_cl_buffer(buffer, host_ptr, direction);
  }
  static std::shared_ptr<Library> load_library(nxs_int device, const void *data, size_t nbytes) {
    return load_cl_library(device, data, nbytes);
  }
  static std::shared_ptr<Library> load_library(nxs_int device, const char *path) {
    return load_cl_library(device, path);
  }
  static std::shared_ptr<Kernel> get_kernel(const std::shared_ptr<Library> &library,
                                            const char *name, nxs_flags) {
    return std::make_shared<ClKernel>(library, name);
  }

  // Runs in flight, so that a host copy on an idle runtime looks at no stream.
  static void started_one();
  static void finished_one();
  static bool any_in_flight();
  static void prepare(Run<Backend> &run) { make_points(run); }
  static void prepare_to_run(Stream<Backend> &stream);

  static void ready(const StreamPtr<Backend> &stream) noexcept { issue_here<Backend>(stream); }
  static void drain_on_caller(const StreamPtr<Backend> &stream, Budget &) {
    issue<Backend>(stream);
  }
  static bool join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
    return join_driver<Backend>(stream, ticket, deadline);
  }

  // What sdk/driver_queue.hpp asks for.
  static Mark enqueue(Stream<Backend> &stream, Run<Backend> &run, const Step<Backend> &step,
                      bool wants_mark);
  static Mark mark(Stream<Backend> &stream);
  static Mark wait_for(Stream<Backend> &stream, const Mark &mark);
  static void take_times(Stream<Backend> &stream) noexcept;
  static bool reached(const Mark &mark, Failure *failure) noexcept;
  static std::optional<std::pair<int64_t, int64_t>> times(const Mark &mark) noexcept;
  static void wait(const Mark &mark) noexcept;
  static void finish(Stream<Backend> &stream) noexcept;
  static void flush(Stream<Backend> &stream) noexcept;
  static bool call_back(const Mark &mark, void (*function)(void *), void *data) noexcept;

  // Around a fork: whoever sleeps here is a thread of the parent.
  static void lock_outermost() {}
  static void unlock_outermost() {}
  static void lock_innermost() { Reaper<Backend>::instance().mutex().lock(); }
  static void unlock_innermost() { Reaper<Backend>::instance().mutex().unlock(); }
  static void begin_child();

  static size_t max_group_memory_nbytes(nxs_int device) {
    return device_at(device).group_memory_nbytes;
  }
  static void check_launch(const Kernel &kernel, nxs_dim3 group, nxs_dim3 grid);
  static void check_arguments(const Step<Backend> &step);
};

}  // namespace nxs
