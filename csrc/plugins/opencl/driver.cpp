// Opens the ICD loader and names its statuses.
#include "driver.hpp"

#include <dlfcn.h>

#include <algorithm>

namespace nxs {
namespace {

ClDriver driver;

struct StatusName {
  cl_int status;
  const char *name;
};

// OpenCL 3.0 API specification, appendix F; the extensions for the last.
constexpr StatusName kNames[] = {
    {-1, "CL_DEVICE_NOT_FOUND"},
    {-2, "CL_DEVICE_NOT_AVAILABLE"},
    {-3, "CL_COMPILER_NOT_AVAILABLE"},
    {-4, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
    {-5, "CL_OUT_OF_RESOURCES"},
    {-6, "CL_OUT_OF_HOST_MEMORY"},
    {-7, "CL_PROFILING_INFO_NOT_AVAILABLE"},
    {-8, "CL_MEM_COPY_OVERLAP"},
    {-11, "CL_BUILD_PROGRAM_FAILURE"},
    {-12, "CL_MAP_FAILURE"},
    {-13, "CL_MISALIGNED_SUB_BUFFER_OFFSET"},
    {-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
    {-19, "CL_KERNEL_ARG_INFO_NOT_AVAILABLE"},
    {-30, "CL_INVALID_VALUE"},
    {-32, "CL_INVALID_PLATFORM"},
    {-33, "CL_INVALID_DEVICE"},
    {-34, "CL_INVALID_CONTEXT"},
    {-35, "CL_INVALID_QUEUE_PROPERTIES"},
    {-36, "CL_INVALID_COMMAND_QUEUE"},
    {-37, "CL_INVALID_HOST_PTR"},
    {-38, "CL_INVALID_MEM_OBJECT"},
    {-42, "CL_INVALID_BINARY"},
    {-43, "CL_INVALID_BUILD_OPTIONS"},
    {-44, "CL_INVALID_PROGRAM"},
    {-45, "CL_INVALID_PROGRAM_EXECUTABLE"},
    {-46, "CL_INVALID_KERNEL_NAME"},
    {-47, "CL_INVALID_KERNEL_DEFINITION"},
    {-48, "CL_INVALID_KERNEL"},
    {-49, "CL_INVALID_ARG_INDEX"},
    {-50, "CL_INVALID_ARG_VALUE"},
    {-51, "CL_INVALID_ARG_SIZE"},
    {-52, "CL_INVALID_KERNEL_ARGS"},
    {-53, "CL_INVALID_WORK_DIMENSION"},
    {-54, "CL_INVALID_WORK_GROUP_SIZE"},
    {-55, "CL_INVALID_WORK_ITEM_SIZE"},
    {-56, "CL_INVALID_GLOBAL_OFFSET"},
    {-57, "CL_INVALID_EVENT_WAIT_LIST"},
    {-58, "CL_INVALID_EVENT"},
    {-59, "CL_INVALID_OPERATION"},
    {-61, "CL_INVALID_BUFFER_SIZE"},
    {-63, "CL_INVALID_GLOBAL_WORK_SIZE"},
    {-64, "CL_INVALID_PROPERTY"},
    {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
};

void *open_loader() {
#if defined(__APPLE__)
  static constexpr const char *kFiles[] = {"/System/Library/Frameworks/OpenCL.framework/OpenCL"};
#else
  static constexpr const char *kFiles[] = {"libOpenCL.so.1", "libOpenCL.so"};
#endif
  std::string why;
  for (const char *file : kFiles) {
    if (void *loader = ::dlopen(file, RTLD_NOW | RTLD_LOCAL)) return loader;
    const char *words = ::dlerror();
    why += (why.empty() ? "" : "; ") + std::string(words ? words : file);
  }
  throw Error(NXS_DeviceNotAvailable,
              "the OpenCL loader is absent: " + why +
                  "; install a driver and its loader (Debian: ocl-icd-libopencl1 and "
                  "pocl-opencl-icd; PyPI: intel-opencl-rt)");
}

}  // namespace

const ClDriver &cl() { return driver; }

void open_driver() {
  if (driver.clFinish) return;
  void *const loader = open_loader();  // never closed: drivers keep threads
  ClDriver found;
  std::string missing;
  const auto find = [&](const char *name, auto *function) {
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(::dlsym(loader, name));
    return *function != nullptr;
  };
#define NXS_CL_FIND(name, returns, parameters) \
  if (!find(#name, &found.name)) missing += std::string(missing.empty() ? "" : ", ") + #name;
  NXS_CL_REQUIRED(NXS_CL_FIND)
#undef NXS_CL_FIND
  if (!missing.empty())
    throw Error(NXS_DeviceNotAvailable, "the OpenCL loader is too old: it lacks " + missing +
                                            "; nexus needs OpenCL 1.2 or newer");
#define NXS_CL_FIND(name, returns, parameters) find(#name, &found.name);
  NXS_CL_OPTIONAL(NXS_CL_FIND)
#undef NXS_CL_FIND
  driver = found;
}

std::string cl_name(cl_int status) {
  const auto *end = std::end(kNames);
  const auto *found = std::find_if(std::begin(kNames), end,
                                   [&](const StatusName &known) { return known.status == status; });
  return (found == end ? "status" : found->name) + (" (" + std::to_string(status) + ")");
}

nxs_status cl_status(cl_int status) {
  switch (status) {
    case CL_OUT_OF_HOST_MEMORY:
      return NXS_OutOfHostMemory;
    case CL_OUT_OF_RESOURCES:
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
      return NXS_OutOfResources;
    case CL_DEVICE_NOT_AVAILABLE:
      return NXS_DeviceLost;
    default:
      return NXS_NotSupported;
  }
}

bool is_shortage(cl_int status) {
  return status == CL_MEM_OBJECT_ALLOCATION_FAILURE || status == CL_OUT_OF_RESOURCES ||
         status == CL_OUT_OF_HOST_MEMORY;
}

void check_shortage(cl_int status, const std::string &tried) {
  if (is_shortage(status)) refuse_cl(status, tried);
}

void refuse_cl(cl_int status, const std::string &tried) {
  throw Error(cl_status(status), tried + ": the driver answers " + cl_name(status));
}

void refuse_forked() {
  if (is_forked())
    throw Error(NXS_DeviceLost,
                "this process was forked after the OpenCL driver was started, and no driver "
                "survives that; start processes in another way (multiprocessing: spawn), or load "
                "the runtime in the child only");
}

}  // namespace nxs
