// The C functions of the runtime and its devices; include it in one .cpp of a plugin.
#pragma once

#include <cstddef>

#include "backend.hpp"
#include "sdk/entry/demangle.hpp"
#include "sdk/fork.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

NXS_API nxs_uint nxsGetApiVersion(void) noexcept { return NXS_API_VERSION; }

NXS_API const char *nxsGetLastError(void) noexcept { return nxs::LastError::get(); }

namespace nxs::entry {

// Makes what no later call may fail to make. May be called again after it failed.
inline void make_ready() {
  if (!LastError::prepare())
    throw Error(NXS_OutOfResources,
                "the process has no thread-specific key left, or no memory for one");
  out_of_memory();
  nobody_signals();
  lock_banks();
  tables<Backend>();
  Streams<Backend>::instance();
}

}  // namespace nxs::entry

NXS_API nxs_status nxsInitialize(const nxs_init *init) noexcept {
  return guard([&] {
    // As version 1.0 has it: a later caller's is larger, never smaller.
    constexpr size_t kInitNbytes = offsetof(nxs_init, runtime) + sizeof(uint32_t);
    if (!init || init->struct_size < kInitNbytes)
      throw Error(NXS_InvalidValue, "nxs_init is NULL or its struct_size is not set");
    if (init->api_version >> 16 != NXS_API_MAJOR)
      throw Error(NXS_IncompatibleVersion, "the caller speaks API version " +
                                               std::to_string(init->api_version >> 16) +
                                               " and this plugin " + std::to_string(NXS_API_MAJOR));
    if (init->runtime >= NXS_MAX_RUNTIMES)
      throw Error(NXS_InvalidValue,
                  "runtime number " + std::to_string(init->runtime) + " is above 127");
    nxs::runtime_number() = init->runtime;
    nxs::entry::make_ready();
    Backend::start();
    nxs::ForkGuard<Backend>::install();
  });
}

NXS_API nxs_status nxsGetPropertyInfo(nxs_uint property, nxs_property_info *info) noexcept {
  return guard([&] { nxs::get_property_info(property, info); });
}

NXS_API nxs_status nxsGetRuntimeProperty(nxs_uint property, void *value, size_t *nbytes) noexcept {
  return guard([&] {
    nxs::get_property(Backend::runtime_properties(), Backend::runtime(), property, value, nbytes);
  });
}

NXS_API nxs_status nxsGetDeviceProperty(nxs_int device, nxs_uint property, void *value,
                                        size_t *nbytes) noexcept {
  return guard([&] {
    nxs::get_property(Backend::device_properties(), Backend::device(device), property, value,
                      nbytes);
  });
}
