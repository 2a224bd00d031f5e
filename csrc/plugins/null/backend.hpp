// What the null runtime is made of: host memory, kernels that do nothing, streams drained on the
// spot.
#pragma once

#include <span>

#include "sdk/host_buffer.hpp"
#include "sdk/stream.hpp"

namespace nxs {

struct NullRuntime {};
struct NullDevice {};

// Any bytes, any path.
struct NullLibrary {
  nxs_int device = 0;
  std::string path;
  std::vector<std::string> kernel_names() const { return {}; }
};

// Any name; takes any argument and does nothing.
class NullKernel {
 public:
  NullKernel(std::shared_ptr<NullLibrary> library, std::string name)
      : library_(std::move(library)), name_(std::move(name)) {}
  const std::string &name() const { return name_; }
  nxs_int device() const { return library_->device; }
  const std::optional<KernelInfo> &info() const { return info_; }

 private:
  std::shared_ptr<NullLibrary> library_;
  std::string name_;
  std::optional<KernelInfo> info_;
};

struct Backend {
  using Buffer = HostBuffer;
  using Library = NullLibrary;
  using Kernel = NullKernel;
  struct RunState {};
  struct StreamState {};

  static void start() {}
  static const NullRuntime &runtime();
  static const NullDevice &device(nxs_int ordinal);  // throws InvalidDevice

  static std::span<const Property<NullRuntime>> runtime_properties();
  static std::span<const Property<NullDevice>> device_properties();
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
  static std::shared_ptr<Library> load_library(nxs_int device, const void *data, size_t nbytes);
  static std::shared_ptr<Library> load_library(nxs_int device, const char *path);
  static std::shared_ptr<Kernel> get_kernel(const std::shared_ptr<Library> &library,
                                            const char *name, nxs_flags flags);

  // Runs in flight, so that a host copy on an idle runtime looks at no stream.
  static void started_one();
  static void finished_one();
  static bool any_in_flight();
  static void prepare(Run<Backend> &) {}  // makes what the run needs
  static void prepare_to_run(Stream<Backend> &) {
  }  // what could refuse a run, before it is submitted

  // Around a fork: there is no lock here, and no thread.
  static void lock_outermost() {}
  static void unlock_outermost() {}
  static void lock_innermost() {}
  static void unlock_innermost() {}
  static void begin_child();

  static void ready(const StreamPtr<Backend> &stream) noexcept { drain_here<Backend>(stream); }
  static void drain_on_caller(const StreamPtr<Backend> &stream, Budget &) {
    drain_here<Backend>(stream);
  }
  static bool join(const StreamPtr<Backend> &stream, uint64_t ticket, const Deadline &deadline) {
    return stream->queue.finished().wait(ticket, deadline);
  }
  static Progress execute(const StreamPtr<Backend> &stream, Run<Backend> &run,
                          const Step<Backend> &step, Budget &);

  static size_t max_group_memory_nbytes(nxs_int = 0) { return size_t{1} << 20; }
  static void check_launch(const Kernel &, nxs_dim3, nxs_dim3) {}  // what finalizes a dispatch
  static void check_arguments(const Step<Backend> &) {}  // before a run: all are set by then
};

}  // namespace nxs
