// The devices of every platform: what they are, and the context that what is made on one lives in.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "driver.hpp"

namespace nxs {

// Made once, never destroyed.
class ClDevice {
 public:
  ClDevice(cl_platform_id platform, cl_device_id id);

  cl_device_id id() const { return id_; }
  cl_context context()
      const;  // made when it is first needed: that may take a GPU's driver a second
  cl_command_queue transfers() const;  // for copies to and from the host, beside every stream
  ClQueue make_queue(bool takes_times) const;  // taking them costs each command

  std::string name, vendor, architecture, type, platform, version, driver_version, c_version;
  std::string extensions, il_version;
  bool is_unified = false;      // it computes in memory of the host
  bool shares_buffers = false;  // and the host may look at buffers without asking (SVM)
  bool shares_host = false;     // and it at all memory of the host
  bool has_uneven_groups = false;
  int64_t n_cores = 0, simd_lanes = 0, clock_mhz = 0, memory_nbytes = 0, max_buffer_nbytes = 0;
  int64_t cache_nbytes = 0, line_nbytes = 0;
  size_t max_group = 0, group_memory_nbytes = 0, view_alignment = 1;
  size_t max_items[3] = {};

  template <class T>
  std::optional<T> info(cl_uint what) const {
    T value{};
    const cl_int status = cl().clGetDeviceInfo(id_, what, sizeof value, &value, nullptr);
    return status == CL_SUCCESS ? std::optional<T>(value) : std::nullopt;
  }
  std::string text(cl_uint what) const;
  bool has_extension(const char *extension) const;

 private:
  void read_identity();
  void read_memory();
  void read_limits();
  void make_context() const;
  ClQueue open_queue(bool takes_times) const;

  const cl_platform_id platform_;
  const cl_device_id id_;
  mutable std::mutex making_;  // no child of a fork takes it
  mutable std::atomic<bool> is_made_{false};
  mutable cl_context context_ = nullptr;
  mutable cl_command_queue transfers_ = nullptr;
};

// Looks for them, once; throws DeviceNotFound with what is missing.
void find_devices();
const std::vector<std::unique_ptr<ClDevice>> &devices();
const ClDevice &device_at(nxs_int ordinal);  // throws InvalidDevice

}  // namespace nxs
