// What the OpenCL runtime, its devices, libraries and kernels answer of themselves.
#include "backend.hpp"

#include <cstdlib>

namespace nxs {
namespace {

using Runtime = Property<ClRuntime>;
using Device = Property<ClDevice>;
using LibraryProperty = Property<Owned<ClLibrary>>;
using KernelProperty = Property<Owned<ClKernel>>;

int64_t n_devices() { return static_cast<int64_t>(devices().size()); }

bool any_takes_spirv() {
  for (const auto &device : devices())
    if (!device->il_version.empty()) return true;
  return false;
}

std::vector<std::string> binary_kinds() {
  std::vector<std::string> kinds{"opencl-c", "opencl-binary"};
  if (any_takes_spirv()) kinds.emplace_back("spir-v");
  return kinds;
}

constexpr std::array kRuntimeProperties{
    Runtime{NP_Name, [](const auto &) -> Value { return std::string("opencl"); }},
    Runtime{NP_Type, [](const auto &) -> Value { return std::string("runtime"); }},
    Runtime{NP_Description,
            [](const auto &) -> Value {
              return std::string("Runs kernels on the devices of every OpenCL driver.");
            }},
    Runtime{NP_Size, [](const auto &) -> Value { return n_devices(); }},
    Runtime{NP_Count, [](const auto &) -> Value { return n_devices(); }},
    Runtime{NP_Priority, [](const auto &) -> Value { return int64_t{1100}; }},   // after the host
    Runtime{NP_DLPackDevice, [](const auto &) -> Value { return int64_t{4}; }},  // kDLOpenCL
    Runtime{NP_Compiler, [](const auto &) -> Value { return std::string("opencl"); }},
    Runtime{NP_BinaryKinds, [](const auto &) -> Value { return binary_kinds(); }},
    Runtime{NP_MajorVersion, [](const auto &) -> Value { return int64_t{NXS_API_MAJOR}; }},
    Runtime{NP_MinorVersion, [](const auto &) -> Value { return int64_t{NXS_API_MINOR}; }},
};

Value number(int64_t n) { return n > 0 ? Value(n) : Value(); }

int64_t ordinal_of(const ClDevice &wanted) {
  int64_t ordinal = 0;
  while (devices()[static_cast<size_t>(ordinal)].get() != &wanted) ++ordinal;
  return ordinal;
}

std::vector<Json> memories(const ClDevice &device) {
  std::vector<Json> types;
  if (device.group_memory_nbytes)
    types.push_back(Json::object(
        {{"Type", "group"}, {"Size", static_cast<int64_t>(device.group_memory_nbytes)}}));
  if (device.cache_nbytes && device.line_nbytes)
    types.push_back(Json::object(
        {{"Type", "cache"}, {"Size", device.cache_nbytes}, {"CacheLineSize", device.line_nbytes}}));
  types.push_back(Json::object({{"Type", "global"}, {"Size", device.memory_nbytes}}));
  return types;
}

std::vector<std::string> memory_names(const ClDevice &device) {
  std::vector<std::string> names;
  if (device.group_memory_nbytes) names.emplace_back("group");
  if (device.cache_nbytes && device.line_nbytes) names.emplace_back("cache");
  names.emplace_back("global");
  return names;
}

Value memory_subsystem(const ClDevice &device) {
  std::vector<Json> names;
  for (const std::string &name : memory_names(device)) names.emplace_back(name);
  return Json::object({{"SupportedMemoryTypes", Json::array(names)},
                       {"MemoryTypes", Json::array(memories(device))}});
}

Value limits(const ClDevice &device) {
  return Json::object(
      {{"MaxThreadsPerBlock", static_cast<int64_t>(device.max_group)},
       {"MaxThreadgroupMemorySize", static_cast<int64_t>(device.group_memory_nbytes)}});
}

Value core_subsystem(const ClDevice &device) {
  return Json::object(
      {{"Type", "core"}, {"Count", device.n_cores}, {"SIMDSize", device.simd_lanes}});
}

Value data_types(const ClDevice &device) {
  std::vector<std::string> types{"F32", "I32", "U32", "I16", "U16", "I8", "U8", "I64", "U64"};
  if (device.has_extension("cl_khr_fp64")) types.emplace_back("F64");
  if (device.has_extension("cl_khr_fp16")) types.emplace_back("F16");
  return types;
}

constexpr std::array kDeviceProperties{
    Device{NP_Name, [](const ClDevice &device) -> Value { return device.name; }},
    Device{NP_Type, [](const ClDevice &device) -> Value { return device.type; }},
    Device{NP_ID, [](const ClDevice &device) -> Value { return ordinal_of(device); }},
    Device{NP_Vendor, [](const ClDevice &device) -> Value { return device.vendor; }},
    Device{NP_Architecture, [](const ClDevice &device) -> Value { return device.architecture; }},
    Device{NP_Platform, [](const ClDevice &device) -> Value { return device.platform; }},
    Device{NP_Version, [](const ClDevice &device) -> Value { return device.version; }},
    Device{NP_DriverVersion, [](const ClDevice &device) -> Value { return device.driver_version; }},
    Device{NP_Features, [](const ClDevice &device) -> Value { return device.extensions; }},
    Device{NP_DataTypes, data_types},
    Device{NP_GlobalMemorySize,
           [](const ClDevice &device) -> Value { return device.memory_nbytes; }},
    Device{NP_MaxBufferSize,
           [](const ClDevice &device) -> Value { return device.max_buffer_nbytes; }},
    Device{NP_UnifiedMemory,
           [](const ClDevice &device) -> Value { return int64_t{device.is_unified}; }},
    Device{NP_CacheLineSize,
           [](const ClDevice &device) -> Value { return number(device.line_nbytes); }},
    Device{NP_CoreCount, [](const ClDevice &device) -> Value { return number(device.n_cores); }},
    Device{NP_CoreClockRate,
           [](const ClDevice &device) -> Value { return number(device.clock_mhz); }},
    Device{NP_SIMDSize, [](const ClDevice &device) -> Value { return number(device.simd_lanes); }},
    Device{NP_MaxThreadsPerBlock,
           [](const ClDevice &device) -> Value { return static_cast<int64_t>(device.max_group); }},
    Device{NP_MaxThreadsPerThreadgroup,
           [](const ClDevice &device) -> Value { return static_cast<int64_t>(device.max_group); }},
    Device{NP_MaxThreadgroupMemorySize,
           [](const ClDevice &device) -> Value {
             return static_cast<int64_t>(device.group_memory_nbytes);
           }},
    Device{NP_MemorySubsystem, memory_subsystem},
    Device{NP_MemoryTypes,
           [](const ClDevice &device) -> Value { return Json::array(memories(device)); }},
    Device{NP_SupportedMemoryTypes,
           [](const ClDevice &device) -> Value { return memory_names(device); }},
    Device{NP_CoreSubsystem, core_subsystem},
    Device{NP_Limits, limits},
    Device{NP_DefaultStream,
           [](const ClDevice &device) -> Value {
             return nxsGetDefaultStream(static_cast<nxs_int>(ordinal_of(device)));
           }},
};

constexpr std::array kOfLibraries = both(
    kLibraryProperties<ClLibrary>,
    std::array{
        LibraryProperty{NP_Type, [](const auto &library) -> Value { return library.object->kind; }},
        LibraryProperty{NP_Log, [](const auto &library) -> Value { return library.object->log; }},
    });

constexpr std::array kOfKernels =
    both(kKernelProperties<ClKernel>,
         std::array{
             KernelProperty{NP_Count,
                            [](const auto &kernel) -> Value {
                              return static_cast<int64_t>(kernel.object->arguments().places.size());
                            }},
             KernelProperty{NP_MaxThreadsPerBlock,
                            [](const auto &kernel) -> Value {
                              return static_cast<int64_t>(kernel.object->max_group());
                            }},
             KernelProperty{NP_GroupMemorySize,
                            [](const auto &kernel) -> Value {
                              return static_cast<int64_t>(kernel.object->group_memory_nbytes());
                            }},
         });

}  // namespace

void Backend::start() {
  open_driver();
  find_devices();
  // Drivers end with the destructors of their libraries, which run after this: they were opened
  // before. (In a library this is __cxa_atexit.)
  std::atexit([] { Reaper<Backend>::instance().stop(); });
}

const ClRuntime &Backend::runtime() {
  static constexpr ClRuntime kRuntime;
  return kRuntime;
}

std::span<const Runtime> Backend::runtime_properties() { return kRuntimeProperties; }
std::span<const Device> Backend::device_properties() { return kDeviceProperties; }
std::span<const LibraryProperty> Backend::library_properties() { return kOfLibraries; }
std::span<const KernelProperty> Backend::kernel_properties() { return kOfKernels; }

}  // namespace nxs
