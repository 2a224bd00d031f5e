// What the CPU runtime is made of, in the words of the SDK.
#pragma once

#include <span>

#include "library.hpp"
#include "processor.hpp"
#include "sdk/host_buffer.hpp"
#include "sdk/stream.hpp"

namespace nxs {

class Grid;

struct CpuRuntime {
  int64_t n_threads = 1;  // threads that run groups, a blocking caller included
};

struct Backend {
  using Buffer = HostBuffer;
  using Library = CpuLibrary;
  using Kernel = CpuKernel;
  struct RunState {};
  struct StreamState {
    std::shared_ptr<Grid> grid;  // kept for the next dispatch of the stream
  };

  static void start();
  static const CpuRuntime &runtime();
  static const Processor &device(nxs_int ordinal);  // throws InvalidDevice

  static std::span<const Property<CpuRuntime>> runtime_properties();
  static std::span<const Property<Processor>> device_properties();
  static std::span<const Property<Owned<Buffer>>> buffer_properties() {
    return kBufferProperties<Buffer>;
  }
  static std::span<const Property<Owned<Library>>> library_properties();
  static std::span<const Property<Owned<Kernel>>> kernel_properties();

  static std::shared_ptr<Buffer> create_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                               const void *host_ptr);
  static std::shared_ptr<Buffer> create_view(const Buffer &root, size_t offset, size_t nbytes) {
    return nxs::create_view(root, offset, nbytes);
  }
  static void copy_host(const Buffer &buffer, void *host_ptr, nxs_copy_flags direction) {
    copy_host_buffer(buffer, host_ptr, direction);
  }
  static std::shared_ptr<Library> load_library(nxs_int device, const void *data, size_t nbytes) {
    return load_cpu_library(device, data, nbytes);
  }
  static std::shared_ptr<Library> load_library(nxs_int device, const char *path) {
    return load_cpu_library(device, path);
  }
  static std::shared_ptr<Kernel> get_kernel(const std::shared_ptr<Library> &library,
                                            const char *name, nxs_flags flags) {
    return std::make_shared<CpuKernel>(library, name, flags & NXS_KernelFlags_Unchecked);
  }

  // Runs in flight, so that a host copy on an idle runtime looks at no stream.
  static void started_one();
  static void finished_one();
  static bool any_in_flight();
  static void prepare(Run<Backend> &) {}          // makes what the run needs
  static void prepare_to_run(Stream<Backend> &);  // what could refuse a run, before it is submitted

  static void ready(const StreamPtr<Backend> &stream) noexcept;
  static void drain_on_caller(const StreamPtr<Backend> &stream, Budget &budget);
  static bool join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline);
  static Progress execute(const StreamPtr<Backend> &stream, Run<Backend> &run,
                          const Step<Backend> &step, Budget &budget);

  // Around a fork: locks that are held while others are taken, and locks that are not. That of the
  // pool is not among them: the child begins with a fresh one.
  static void lock_outermost();
  static void unlock_outermost();
  static void lock_innermost();
  static void unlock_innermost();
  static void begin_child();

  static size_t max_group_memory_nbytes(nxs_int = 0) { return size_t{1} << 20; }
  static void check_launch(const Kernel &kernel, nxs_dim3 group, nxs_dim3 grid);
  static void check_arguments(const Step<Backend> &) {}
};

}  // namespace nxs
