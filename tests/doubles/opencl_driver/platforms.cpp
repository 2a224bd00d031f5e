// Platforms, devices and contexts.
#include <algorithm>
#include <cstring>

#include "objects.hpp"

using fake::options;

namespace fake {
namespace {

constexpr cl_int kInvalidValue = -30;

const std::vector<cl_platform_id> &platforms() {
  static const auto &all = *[] {
    auto *made = new std::vector<cl_platform_id>;
    int ordinal = 0;
    for (int i = 0; i < options().platforms; ++i) {
      auto *platform = new _cl_platform_id{i, {}};
      for (int d = 0; d < options().devices; ++d)
        platform->devices.push_back(new _cl_device_id{ordinal++, platform});
      made->push_back(platform);
    }
    return made;
  }();
  return all;
}

template <class T>
cl_int list(const std::vector<T> &all, cl_uint room, T *out, cl_uint *n) {
  if (n) *n = static_cast<cl_uint>(all.size());
  if (out) std::copy_n(all.begin(), std::min<size_t>(room, all.size()), out);
  return CL_SUCCESS;
}

cl_int answer_text(const _cl_device_id &device, cl_uint what, const Answer &answer) {
  const Options &now = options();
  switch (what) {
    case CL_DEVICE_NAME:
      return answer.text("Double " + std::to_string(device.ordinal));
    case CL_DEVICE_VENDOR:
      return answer.text("nexus");
    case CL_DRIVER_VERSION:
      return answer.text("1");
    case CL_DEVICE_VERSION:
      return answer.text("OpenCL " + now.version + " double");
    case CL_DEVICE_OPENCL_C_VERSION:
      return answer.text("OpenCL C " + now.version);
    case CL_DEVICE_EXTENSIONS:
      return answer.text("cl_khr_fp64 ");
    case CL_DEVICE_IL_VERSION:
      return answer.text(now.spirv ? "SPIR-V_1.0" : "");
    default:
      return kInvalidValue;
  }
}

cl_int answer_number(cl_uint what, const Answer &answer) {
  const Options &now = options();
  switch (what) {
    case CL_DEVICE_TYPE:
      return answer.number<cl_ulong>(CL_DEVICE_TYPE_GPU);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
      return answer.number<cl_uint>(2);
    case CL_DEVICE_MAX_CLOCK_FREQUENCY:
      return answer.number<cl_uint>(1000);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE:
      return answer.number<size_t>(1024);
    case CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT:
      return answer.number<cl_uint>(4);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
    case CL_DEVICE_GLOBAL_MEM_SIZE:
      return answer.number<cl_ulong>(now.memory);
    case CL_DEVICE_LOCAL_MEM_SIZE:
      return answer.number<cl_ulong>(64 << 10);
    case CL_DEVICE_GLOBAL_MEM_CACHE_SIZE:
      return answer.number<cl_ulong>(1 << 20);
    case CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE:
      return answer.number<cl_uint>(64);
    case CL_DEVICE_MEM_BASE_ADDR_ALIGN:  // in bits
      return answer.number(static_cast<cl_uint>(8 * now.alignment));
    case CL_DEVICE_HOST_UNIFIED_MEMORY:
      return answer.number(static_cast<cl_uint>(now.unified));
    case CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT:
      return answer.number(static_cast<cl_uint>(now.uneven));
    case CL_DEVICE_SVM_CAPABILITIES: {
      constexpr cl_ulong kCapabilities[] = {
          0, CL_DEVICE_SVM_FINE_GRAIN_BUFFER,
          CL_DEVICE_SVM_FINE_GRAIN_BUFFER | CL_DEVICE_SVM_FINE_GRAIN_SYSTEM};
      return answer.number(kCapabilities[now.svm]);
    }
    default:
      return kInvalidValue;
  }
}

// What an older driver does not know.
bool is_known(cl_uint what) {
  const int version = options().version_number();
  if (what == CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT) return version >= 300;
  if (what == CL_DEVICE_IL_VERSION) return version >= 210;
  return what != CL_DEVICE_SVM_CAPABILITIES || version >= 200;
}

}  // namespace

cl_int Answer::bytes(const void *data, size_t n) const {
  if (nbytes) *nbytes = n;
  if (!value) return CL_SUCCESS;
  if (room < n) return kInvalidValue;
  std::memcpy(value, data, n);
  return CL_SUCCESS;
}

}  // namespace fake

FAKE_API cl_int clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *n) {
  FAKE_CALL();
  if (options().platforms == 0) return CL_PLATFORM_NOT_FOUND_KHR;
  return fake::list(fake::platforms(), room, platforms, n);
}

FAKE_API cl_int clGetPlatformInfo(cl_platform_id platform, cl_uint what, size_t room, void *value,
                                  size_t *nbytes) {
  FAKE_CALL();
  const fake::Answer answer{room, value, nbytes};
  if (what == CL_PLATFORM_NAME)
    return answer.text("Double platform " + std::to_string(platform->ordinal));
  if (what == CL_PLATFORM_VERSION) return answer.text("OpenCL " + options().version + " double");
  return fake::kInvalidValue;
}

FAKE_API cl_int clGetDeviceIDs(cl_platform_id platform, cl_bitfield, cl_uint room,
                               cl_device_id *devices, cl_uint *n) {
  FAKE_CALL();
  if (platform->devices.empty()) return CL_DEVICE_NOT_FOUND;
  return fake::list(platform->devices, room, devices, n);
}

FAKE_API cl_int clGetDeviceInfo(cl_device_id device, cl_uint what, size_t room, void *value,
                                size_t *nbytes) {
  FAKE_CALL();
  const fake::Answer answer{room, value, nbytes};
  if (!fake::is_known(what)) return fake::kInvalidValue;
  if (what == CL_DEVICE_MAX_WORK_ITEM_SIZES) {
    constexpr size_t kMost[3] = {1024, 1024, 64};
    return answer.bytes(kMost, sizeof kMost);
  }
  const cl_int status = fake::answer_number(what, answer);
  return status == fake::kInvalidValue ? fake::answer_text(*device, what, answer) : status;
}

FAKE_API cl_context clCreateContext(const cl_context_properties *, cl_uint,
                                    const cl_device_id *devices,
                                    void (*)(const char *, const void *, size_t, void *), void *,
                                    cl_int *status) {
  FAKE_CREATE(status);
  *status = CL_SUCCESS;
  return fake::Object::make<_cl_context>(devices[0]);
}
