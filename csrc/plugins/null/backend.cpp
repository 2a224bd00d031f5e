// The null runtime's device, libraries and kernels, and its only real work: copies and fills.
#include "backend.hpp"

#include <atomic>

namespace nxs {
namespace {

constexpr size_t kMaxBufferNbytes = size_t{1} << 40;  // bytes; above any host this runs on

std::atomic<int64_t> n_in_flight{0};

constexpr std::array kRuntimeProperties{
    Property<NullRuntime>{NP_Name, [](const auto &) -> Value { return std::string("null"); }},
    Property<NullRuntime>{NP_Type, [](const auto &) -> Value { return std::string("runtime"); }},
    Property<NullRuntime>{
        NP_Description,
        [](const auto &) -> Value { return std::string("Does nothing, correctly."); }},
    Property<NullRuntime>{NP_Size, [](const auto &) -> Value { return int64_t{1}; }},
    Property<NullRuntime>{NP_Count, [](const auto &) -> Value { return int64_t{1}; }},
    Property<NullRuntime>{NP_Priority,
                          [](const auto &) -> Value { return int64_t{-1}; }},  // loads by name only
    Property<NullRuntime>{NP_DLPackDevice,
                          [](const auto &) -> Value { return int64_t{1}; }},  // kDLCPU
    Property<NullRuntime>{NP_Compiler, [](const auto &) -> Value { return std::string(); }},
    Property<NullRuntime>{NP_BinaryKinds,
                          [](const auto &) -> Value { return std::vector<std::string>{"any"}; }},
    Property<NullRuntime>{NP_MajorVersion,
                          [](const auto &) -> Value { return int64_t{NXS_API_MAJOR}; }},
    Property<NullRuntime>{NP_MinorVersion,
                          [](const auto &) -> Value { return int64_t{NXS_API_MINOR}; }},
};

constexpr std::array kDeviceProperties{
    Property<NullDevice>{NP_Name, [](const auto &) -> Value { return std::string("null"); }},
    Property<NullDevice>{NP_Type, [](const auto &) -> Value { return std::string("accelerator"); }},
    Property<NullDevice>{NP_ID, [](const auto &) -> Value { return int64_t{0}; }},
    Property<NullDevice>{NP_Vendor, [](const auto &) -> Value { return std::string("nexus"); }},
    Property<NullDevice>{NP_Architecture,
                         [](const auto &) -> Value { return std::string("null"); }},
    Property<NullDevice>{NP_UnifiedMemory, [](const auto &) -> Value { return int64_t{1}; }},
    Property<NullDevice>{
        NP_MaxBufferSize,
        [](const auto &) -> Value { return static_cast<int64_t>(kMaxBufferNbytes); }},
    Property<NullDevice>{NP_MaxThreadgroupMemorySize,
                         [](const auto &) -> Value {
                           return static_cast<int64_t>(Backend::max_group_memory_nbytes());
                         }},
    Property<NullDevice>{NP_DefaultStream,
                         [](const auto &) -> Value { return nxsGetDefaultStream(0); }},
};

constexpr std::array kOfLibraries{
    Property<Owned<NullLibrary>>{NP_Type, [](const auto &) -> Value { return std::string("any"); }},
    Property<Owned<NullLibrary>>{NP_ID,
                                 [](const auto &library) -> Value { return library.handle; }},
    Property<Owned<NullLibrary>>{
        NP_Device, [](const auto &library) -> Value { return int64_t{library.object->device}; }},
    Property<Owned<NullLibrary>>{NP_Location,
                                 [](const auto &library) -> Value { return library.object->path; }},
};

}  // namespace

const NullRuntime &Backend::runtime() {
  static constexpr NullRuntime kRuntime;
  return kRuntime;
}

const NullDevice &Backend::device(nxs_int ordinal) {
  static constexpr NullDevice kDevice;
  if (ordinal != 0)
    throw Error(NXS_InvalidDevice,
                "device " + std::to_string(ordinal) + "; there is only device 0");
  return kDevice;
}

std::span<const Property<NullRuntime>> Backend::runtime_properties() { return kRuntimeProperties; }
std::span<const Property<NullDevice>> Backend::device_properties() { return kDeviceProperties; }
std::span<const Property<Owned<NullLibrary>>> Backend::library_properties() { return kOfLibraries; }
std::span<const Property<Owned<NullKernel>>> Backend::kernel_properties() {
  return kKernelProperties<NullKernel>;
}

std::shared_ptr<HostBuffer> Backend::create_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                                   const void *host_ptr) {
  return create_host_buffer(device, nbytes, flags, host_ptr, kMaxBufferNbytes);
}

std::shared_ptr<NullLibrary> Backend::load_library(nxs_int device, const void *, size_t) {
  return std::make_shared<NullLibrary>(NullLibrary{device, "memory"});
}

std::shared_ptr<NullLibrary> Backend::load_library(nxs_int device, const char *path) {
  return std::make_shared<NullLibrary>(NullLibrary{device, path});
}

std::shared_ptr<NullKernel> Backend::get_kernel(const std::shared_ptr<NullLibrary> &library,
                                                const char *name, nxs_flags) {
  return std::make_shared<NullKernel>(library, name);
}

void Backend::started_one() { n_in_flight.fetch_add(1, std::memory_order_relaxed); }
void Backend::finished_one() { n_in_flight.fetch_sub(1, std::memory_order_release); }
void Backend::begin_child() { n_in_flight.store(0, std::memory_order_relaxed); }
bool Backend::any_in_flight() { return n_in_flight.load(std::memory_order_acquire) > 0; }

Progress Backend::execute(const StreamPtr<Backend> &, Run<Backend> &, const Step<Backend> &step,
                          Budget &) {
  if (step.type != NXS_CommandType_Dispatch) copy_or_fill(step);
  return Progress::kDone;
}

}  // namespace nxs
