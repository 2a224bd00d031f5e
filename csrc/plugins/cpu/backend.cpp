// The CPU runtime's one device and what it answers of itself, its libraries and kernels.
#include "backend.hpp"

#include <cerrno>

#include "grid.hpp"
#include "pool.hpp"

namespace nxs {
namespace {

constexpr uint32_t kMaxGroup =
    65536;  // work-items; a group is a loop, so the limit is only against nonsense

#if defined(__APPLE__)
constexpr const char *kBinaryKind = "mach-o";
#else
constexpr const char *kBinaryKind = "elf";
#endif

const Processor &processor() {
  static const Processor &cpu = *new Processor(read_processor());
  return cpu;
}

// NEXUS_CPU_THREADS, or the CPUs this process may use.
int64_t threads_wanted() {
  const char *text = std::getenv("NEXUS_CPU_THREADS");
  if (!text || !*text) return os::n_usable_cpus();
  char *end = nullptr;
  errno = 0;
  const long long n = std::strtoll(text, &end, 10);
  if (errno || end == text || *end || n < 1 || n > 4096)
    throw Error(NXS_InvalidValue, std::string("NEXUS_CPU_THREADS=") + text +
                                      ": it is a number from 1 to 4096, or unset");
  return n;
}

std::string memory_name(size_t index) {
  return "L" + std::to_string(processor().caches[index].level);
}

// Ordered from the core outwards, main memory last.
Json memory_types() {
  std::vector<Json> types;
  for (size_t i = 0; i < processor().caches.size(); ++i)
    types.push_back(Json::object({{"Type", memory_name(i)},
                                  {"Size", processor().caches[i].nbytes},
                                  {"CacheLineSize", processor().caches[i].line_nbytes}}));
  types.push_back(Json::object({{"Type", "DRAM"}, {"Size", processor().memory_nbytes}}));
  return Json::array(types);
}

std::vector<std::string> memory_names() {
  std::vector<std::string> names;
  for (size_t i = 0; i < processor().caches.size(); ++i) names.push_back(memory_name(i));
  names.emplace_back("DRAM");
  return names;
}

Value memory_subsystem(const Processor &) {
  std::vector<Json> names;
  for (const std::string &name : memory_names()) names.emplace_back(name);
  return Json::object(
      {{"SupportedMemoryTypes", Json::array(names)}, {"MemoryTypes", memory_types()}});
}

Value core_subsystem(const Processor &cpu) {
  return Json::object({{"Type", "core"}, {"Count", cpu.n_cores}, {"SIMDSize", cpu.simd_lanes}});
}

Value limits(const Processor &) {
  return Json::object(
      {{"MaxThreadsPerBlock", int64_t{kMaxGroup}},
       {"MaxThreadgroupMemorySize", static_cast<int64_t>(Backend::max_group_memory_nbytes())}});
}

Value or_none(std::optional<int64_t> value) { return value ? Value(*value) : Value(); }

Value l1_nbytes(const Processor &cpu) {
  return cpu.caches.empty() ? Value() : Value(cpu.caches[0].nbytes);
}
Value line_nbytes(const Processor &cpu) {
  return cpu.caches.empty() ? Value() : Value(cpu.caches[0].line_nbytes);
}

using Runtime = Property<CpuRuntime>;
using Device = Property<Processor>;
using LibraryProperty = Property<Owned<CpuLibrary>>;
using KernelProperty = Property<Owned<CpuKernel>>;

constexpr std::array kRuntimeProperties{
    Runtime{NP_Name, [](const auto &) -> Value { return std::string("cpu"); }},
    Runtime{NP_Type, [](const auto &) -> Value { return std::string("runtime"); }},
    Runtime{NP_Description,
            [](const auto &) -> Value {
              return std::string("Runs kernels on the threads of the host.");
            }},
    Runtime{NP_Size, [](const auto &) -> Value { return int64_t{1}; }},
    Runtime{NP_Count, [](const auto &) -> Value { return int64_t{1}; }},
    Runtime{NP_Priority,
            [](const auto &) -> Value { return int64_t{1000}; }},  // after every accelerator
    Runtime{NP_DLPackDevice, [](const auto &) -> Value { return int64_t{1}; }},  // kDLCPU
    Runtime{NP_Compiler, [](const auto &) -> Value { return std::string("cc"); }},
    Runtime{NP_BinaryKinds,
            [](const auto &) -> Value { return std::vector<std::string>{kBinaryKind}; }},
    Runtime{NP_ThreadCount, [](const CpuRuntime &runtime) -> Value { return runtime.n_threads; }},
    Runtime{NP_MajorVersion, [](const auto &) -> Value { return int64_t{NXS_API_MAJOR}; }},
    Runtime{NP_MinorVersion, [](const auto &) -> Value { return int64_t{NXS_API_MINOR}; }},
};

constexpr std::array kDeviceProperties{
    Device{NP_Name, [](const Processor &cpu) -> Value { return cpu.name; }},
    Device{NP_Type, [](const auto &) -> Value { return std::string("cpu"); }},
    Device{NP_ID, [](const auto &) -> Value { return int64_t{0}; }},
    Device{NP_Vendor, [](const Processor &cpu) -> Value { return cpu.vendor; }},
    Device{NP_Architecture, [](const Processor &cpu) -> Value { return cpu.architecture; }},
    Device{NP_Features, [](const Processor &cpu) -> Value { return cpu.features; }},
    Device{NP_CoreCount, [](const Processor &cpu) -> Value { return cpu.n_cores; }},
    Device{NP_ThreadCount, [](const auto &) -> Value { return Backend::runtime().n_threads; }},
    Device{NP_NumaNodes, [](const Processor &cpu) -> Value { return cpu.n_numa_nodes; }},
    Device{NP_SIMDSize, [](const Processor &cpu) -> Value { return cpu.simd_lanes; }},
    Device{NP_CoreClockRate, [](const Processor &cpu) -> Value { return or_none(cpu.clock_mhz); }},
    Device{NP_CoreMemorySize, l1_nbytes},
    Device{NP_CacheLineSize, line_nbytes},
    Device{NP_GlobalMemorySize, [](const Processor &cpu) -> Value { return cpu.memory_nbytes; }},
    Device{NP_FreeMemorySize,
           [](const auto &) -> Value { return or_none(os::free_memory_nbytes()); }},
    Device{NP_MaxBufferSize, [](const Processor &cpu) -> Value { return cpu.memory_nbytes; }},
    Device{NP_PageSize, [](const Processor &cpu) -> Value { return cpu.page_nbytes; }},
    Device{NP_UnifiedMemory, [](const auto &) -> Value { return int64_t{1}; }},
    Device{NP_MaxThreadsPerBlock, [](const auto &) -> Value { return int64_t{kMaxGroup}; }},
    Device{NP_MaxThreadsPerThreadgroup, [](const auto &) -> Value { return int64_t{kMaxGroup}; }},
    Device{NP_MaxThreadgroupMemorySize,
           [](const auto &) -> Value {
             return static_cast<int64_t>(Backend::max_group_memory_nbytes());
           }},
    Device{NP_SupportedMemoryTypes, [](const auto &) -> Value { return memory_names(); }},
    Device{NP_MemoryTypes, [](const auto &) -> Value { return memory_types(); }},
    Device{NP_MemorySubsystem, memory_subsystem},
    Device{NP_CoreSubsystem, core_subsystem},
    Device{NP_Limits, limits},
    Device{NP_DataTypes,
           [](const auto &) -> Value {
             return std::vector<std::string>{"F32", "F64", "I8",  "U8",  "I16", "U16",
                                             "I32", "U32", "I64", "U64", "Bool"};
           }},
    Device{NP_DefaultStream, [](const auto &) -> Value { return nxsGetDefaultStream(0); }},
};

Value library_type(const Owned<CpuLibrary> &) { return std::string(kBinaryKind); }

constexpr std::array kOfLibraries =
    both(kLibraryProperties<CpuLibrary>, std::array{LibraryProperty{NP_Type, library_type}});

Value argument_count(const Owned<CpuKernel> &kernel) {
  const auto &info = kernel.object->info();
  return info ? Value(static_cast<int64_t>(info->args.size())) : Value();
}

constexpr std::array kOfKernels =
    both(kKernelProperties<CpuKernel>, std::array{KernelProperty{NP_Count, argument_count}});

CpuRuntime &the_runtime() {
  static CpuRuntime runtime;
  return runtime;
}

}  // namespace

void Backend::start() {
  processor();  // reads files: not under a caller's lock later
  open_images_mutex();
  loader_mutex();
  if (!prepare_group_arenas())
    throw Error(NXS_OutOfResources,
                "the process has no thread-specific key left, or no memory for one");
  the_runtime().n_threads = threads_wanted();
  Pool::instance().start(the_runtime().n_threads);
}

const CpuRuntime &Backend::runtime() { return the_runtime(); }

const Processor &Backend::device(nxs_int ordinal) {
  if (ordinal != 0)
    throw Error(NXS_InvalidDevice,
                "device " + std::to_string(ordinal) + "; there is only device 0");
  return processor();
}

std::span<const Runtime> Backend::runtime_properties() { return kRuntimeProperties; }
std::span<const Device> Backend::device_properties() { return kDeviceProperties; }
std::span<const LibraryProperty> Backend::library_properties() { return kOfLibraries; }
std::span<const KernelProperty> Backend::kernel_properties() { return kOfKernels; }

std::shared_ptr<HostBuffer> Backend::create_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                                   const void *host_ptr) {
  return create_host_buffer(device, nbytes, flags, host_ptr,
                            static_cast<size_t>(processor().memory_nbytes));
}

void Backend::check_launch(const CpuKernel &, nxs_dim3 group, nxs_dim3) {
  const uint64_t items = uint64_t{group.x} * group.y;
  if (group.x > kMaxGroup || group.y > kMaxGroup || group.z > kMaxGroup)
    throw Error(NXS_InvalidWorkItemSize, "group size " + to_text(group) +
                                             "; a dimension has at most " +
                                             std::to_string(kMaxGroup) + " work-items");
  if (items * group.z > kMaxGroup)
    throw Error(NXS_InvalidWorkGroupSize, "a group of " + std::to_string(items * group.z) +
                                              " work-items; the device takes " +
                                              std::to_string(kMaxGroup));
}

}  // namespace nxs
