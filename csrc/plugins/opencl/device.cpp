// Asks every device of every platform what it is.
#include "device.hpp"

#include <algorithm>
#include <cstdio>

#include "processor.hpp"

namespace nxs {
namespace {

// "OpenCL 3.0 PoCL 3.1+debian": 300; what cannot be read: 0.
int version_number(const std::string &text) {
  int major = 0, minor = 0;
  return std::sscanf(text.c_str(), "OpenCL %d.%d", &major, &minor) == 2 ? 100 * major + minor : 0;
}

constexpr int kOldest = 102;  // OpenCL 1.2

std::string platform_text(cl_platform_id platform, cl_uint what) {
  return cl_text([&](size_t room, void *value, size_t *nbytes) {
    return cl().clGetPlatformInfo(platform, what, room, value, nbytes);
  });
}

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

// As the device library spells them.
std::string vendor_name(const std::string &vendor) {
  static constexpr const char *kKnown[][2] = {
      {"NVIDIA", "NVIDIA"}, {"Advanced Micro Devices", "AMD"}, {"AMD", "AMD"}, {"Intel", "Intel"},
      {"Apple", "Apple"},   {"QUALCOMM", "Qualcomm"},          {"ARM", "Arm"}};
  for (const auto &[part, name] : kKnown)
    if (contains(vendor, part)) return name;
  return vendor;
}

std::string type_name(cl_ulong type) {
  return type & CL_DEVICE_TYPE_CPU ? "cpu" : type & CL_DEVICE_TYPE_GPU ? "gpu" : "accelerator";
}

// What stands in the way of a device, for the case that none is left.
struct Search {
  std::vector<std::unique_ptr<ClDevice>> found;
  std::string problems;

  void note(const std::string &problem) { problems += (problems.empty() ? "" : "; ") + problem; }

  void look_at(cl_platform_id platform) {
    const std::string name = platform_text(platform, CL_PLATFORM_NAME);
    const std::string version = platform_text(platform, CL_PLATFORM_VERSION);
    if (version_number(version) < kOldest)
      return note("platform " + name + " is too old: it has " + version +
                  " and nexus needs OpenCL 1.2");
    cl_uint n = 0;
    cl_int status = cl().clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &n);
    if (status == CL_DEVICE_NOT_FOUND || (status == CL_SUCCESS && n == 0))
      return note("platform " + name + " has no device on this machine");
    std::vector<cl_device_id> ids(n);
    if (status == CL_SUCCESS)
      status = cl().clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, n, ids.data(), nullptr);
    if (status != CL_SUCCESS)
      return note("platform " + name + " does not list its devices: it answers " + cl_name(status));
    for (const cl_device_id id : ids) take(platform, id);
  }

  // A driver that answers nothing leaves the devices of others as they are.
  void try_platform(cl_platform_id platform) {
    try {
      look_at(platform);
    } catch (const Error &error) {
      note("a platform does not tell what it has: " + error.message());
    }
  }

  void take(cl_platform_id platform, cl_device_id id) {
    auto device = std::make_unique<ClDevice>(platform, id);
    if (version_number(device->version) < kOldest)
      return note("device " + device->name + " is too old: it has " + device->version +
                  " and nexus needs OpenCL 1.2");
    found.push_back(std::move(device));
  }
};

std::vector<std::unique_ptr<ClDevice>> &all_devices() {
  static auto &devices = *new std::vector<std::unique_ptr<ClDevice>>;
  return devices;
}

}  // namespace

ClDevice::ClDevice(cl_platform_id platform, cl_device_id id) : platform_(platform), id_(id) {
  this->platform = platform_text(platform, CL_PLATFORM_NAME) + ", " +
                   platform_text(platform, CL_PLATFORM_VERSION);
  read_identity();
  read_memory();
  read_limits();
}

std::string ClDevice::text(cl_uint what) const {
  return cl_text([&](size_t room, void *value, size_t *nbytes) {
    return cl().clGetDeviceInfo(id_, what, room, value, nbytes);
  });
}

bool ClDevice::has_extension(const char *extension) const {
  return contains(" " + extensions + " ", (" " + std::string(extension) + " ").c_str());
}

void ClDevice::read_identity() {
  name = os::trimmed(text(CL_DEVICE_NAME));
  version = text(CL_DEVICE_VERSION);
  driver_version = text(CL_DRIVER_VERSION);
  c_version = text(CL_DEVICE_OPENCL_C_VERSION);
  extensions = os::trimmed(text(CL_DEVICE_EXTENSIONS));
  const cl_ulong kind = info<cl_ulong>(CL_DEVICE_TYPE).value_or(0);
  type = type_name(kind);
  is_unified = kind & CL_DEVICE_TYPE_CPU;
  vendor = vendor_name(text(CL_DEVICE_VENDOR));
  architecture = name.substr(0, name.find(':'));  // AMD: gfx90a:sramecc+:xnack-
  if (is_unified) {
    const Processor host = read_processor();
    vendor = host.vendor;
    architecture = host.architecture;
  }
  const auto major = info<cl_uint>(CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV);
  const auto minor = info<cl_uint>(CL_DEVICE_COMPUTE_CAPABILITY_MINOR_NV);
  if (vendor == "NVIDIA" && major && minor)
    architecture = "sm_" + std::to_string(*major) + std::to_string(*minor);
}

void ClDevice::read_memory() {
  is_unified |= info<cl_uint>(CL_DEVICE_HOST_UNIFIED_MEMORY).value_or(0) != 0;
  const cl_ulong svm = info<cl_ulong>(CL_DEVICE_SVM_CAPABILITIES).value_or(0);
  const bool has_svm = cl().clSVMAlloc && cl().clSVMFree && cl().clSetKernelArgSVMPointer;
  // Elsewhere such memory is the host's, behind a bus: kernels would be slow.
  shares_buffers = is_unified && has_svm && (svm & CL_DEVICE_SVM_FINE_GRAIN_BUFFER);
  shares_host = is_unified && has_svm && (svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM);
  memory_nbytes = static_cast<int64_t>(info<cl_ulong>(CL_DEVICE_GLOBAL_MEM_SIZE).value_or(0));
  max_buffer_nbytes =
      static_cast<int64_t>(info<cl_ulong>(CL_DEVICE_MAX_MEM_ALLOC_SIZE).value_or(0));
  cache_nbytes = static_cast<int64_t>(info<cl_ulong>(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE).value_or(0));
  line_nbytes = info<cl_uint>(CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE).value_or(0);
  group_memory_nbytes = info<cl_ulong>(CL_DEVICE_LOCAL_MEM_SIZE).value_or(0);
  view_alignment =
      std::max<cl_uint>(8, info<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN).value_or(1024)) / 8;
}

void ClDevice::read_limits() {
  n_cores = info<cl_uint>(CL_DEVICE_MAX_COMPUTE_UNITS).value_or(0);
  clock_mhz = info<cl_uint>(CL_DEVICE_MAX_CLOCK_FREQUENCY).value_or(0);
  simd_lanes =
      info<cl_uint>(CL_DEVICE_WARP_SIZE_NV)
          .value_or(info<cl_uint>(CL_DEVICE_WAVEFRONT_WIDTH_AMD)
                        .value_or(info<cl_uint>(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT).value_or(1)));
  max_group = info<size_t>(CL_DEVICE_MAX_WORK_GROUP_SIZE).value_or(1);
  cl().clGetDeviceInfo(id_, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof max_items, max_items, nullptr);
  // A question of OpenCL 3; every 2.x has them.
  const int number = version_number(version);
  has_uneven_groups = number >= 300
                          ? info<cl_uint>(CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT).value_or(0)
                          : number >= 200;
  il_version = cl().clCreateProgramWithIL ? text(CL_DEVICE_IL_VERSION) : "";
}

void ClDevice::make_context() const {
  std::lock_guard lock(making_);
  if (is_made_.load(std::memory_order_relaxed)) return;
  cl_int status = CL_SUCCESS;
  const cl_context_properties wanted[] = {CL_CONTEXT_PLATFORM,
                                          reinterpret_cast<cl_context_properties>(platform_), 0};
  if (!context_) context_ = cl().clCreateContext(wanted, 1, &id_, nullptr, nullptr, &status);
  check_cl(status, "cannot make an OpenCL context on " + name);
  transfers_ = open_queue(false).release();
  is_made_.store(true, std::memory_order_release);
}

cl_context ClDevice::context() const {
  refuse_forked();
  if (!is_made_.load(std::memory_order_acquire)) make_context();
  return context_;
}

cl_command_queue ClDevice::transfers() const {
  context();
  return transfers_;
}

ClQueue ClDevice::make_queue(bool takes_times) const {
  context();
  return open_queue(takes_times);
}

ClQueue ClDevice::open_queue(bool takes_times) const {
  const cl_bitfield flags = takes_times ? CL_QUEUE_PROFILING_ENABLE : 0;
  cl_int status = CL_SUCCESS;
  cl_command_queue queue = nullptr;
  if (cl().clCreateCommandQueueWithProperties && version_number(version) >= 200) {
    const cl_queue_properties wanted[] = {CL_QUEUE_PROPERTIES, flags, 0};
    queue = cl().clCreateCommandQueueWithProperties(context_, id_, wanted, &status);
  } else {
    queue = cl().clCreateCommandQueue(context_, id_, flags, &status);
  }
  check_cl(status, "cannot make a command queue on " + name);
  return ClQueue(queue);
}

void find_devices() {
  if (!all_devices().empty()) return;
  cl_uint n = 0;
  const cl_int status = cl().clGetPlatformIDs(0, nullptr, &n);
  if (status == CL_PLATFORM_NOT_FOUND_KHR || (status == CL_SUCCESS && n == 0))
    throw Error(NXS_DeviceNotFound,
                "the OpenCL loader is here and knows no platform: install a driver (Debian: "
                "pocl-opencl-icd; PyPI: intel-opencl-rt), or see that OCL_ICD_VENDORS and "
                "OCL_ICD_FILENAMES name one");
  check_cl(status, "cannot list the OpenCL platforms");
  std::vector<cl_platform_id> platforms(n);
  check_cl(cl().clGetPlatformIDs(n, platforms.data(), nullptr), "cannot list the OpenCL platforms");
  Search search;
  for (const cl_platform_id platform : platforms) search.try_platform(platform);
  if (search.found.empty()) throw Error(NXS_DeviceNotFound, "no OpenCL device: " + search.problems);
  all_devices() = std::move(search.found);
}

const std::vector<std::unique_ptr<ClDevice>> &devices() { return all_devices(); }

const ClDevice &device_at(nxs_int ordinal) {
  const auto &all = all_devices();
  if (ordinal < 0 || static_cast<size_t>(ordinal) >= all.size())
    throw Error(NXS_InvalidDevice, "device " + std::to_string(ordinal) +
                                       "; there are devices 0 to " +
                                       std::to_string(all.size() - 1));
  return *all[static_cast<size_t>(ordinal)];
}

}  // namespace nxs
