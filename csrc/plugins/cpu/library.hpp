// Libraries and kernels of the CPU runtime: shared objects with the ABI of <nexus/cpu_kernel.h>.
#pragma once

#include <nexus/cpu_kernel.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sdk/dylib.hpp"
#include "sdk/kernel_info.hpp"

namespace nxs {

struct CpuLibrary {
  nxs_int device = 0;
  std::shared_ptr<const Dylib> dylib;
  std::string path;  // empty: from memory
  std::vector<std::string> kernel_names() const;
};

class CpuKernel {
 public:
  CpuKernel(std::shared_ptr<CpuLibrary> library, std::string name, bool unchecked);
  const std::string &name() const { return name_; }
  nxs_int device() const { return library_->device; }
  const std::optional<KernelInfo> &info() const {
    return info_;
  }  // none: an unchecked kernel without a record
  nxs_cpu_kernel *function() const { return function_; }

 private:
  const std::shared_ptr<CpuLibrary> library_;
  const std::string name_;
  nxs_cpu_kernel *function_ = nullptr;
  std::optional<KernelInfo> info_;
};

// What nxsInitialize asks for, so that no later call fails to make it; and the lock that a fork
// holds.
std::mutex &open_images_mutex();

std::shared_ptr<CpuLibrary> load_cpu_library(nxs_int device, const char *path);
std::shared_ptr<CpuLibrary> load_cpu_library(nxs_int device, const void *data, size_t nbytes);

}  // namespace nxs
