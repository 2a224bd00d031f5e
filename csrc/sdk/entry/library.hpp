// The C functions of libraries and kernels; include it in one .cpp of a plugin.
#pragma once

#include "backend.hpp"
#include "sdk/tables.hpp"

using nxs::Backend;
using nxs::Error;
using nxs::guard;

namespace nxs::entry {

inline auto &libraries() { return tables<Backend>().libraries; }
inline auto &kernels() { return tables<Backend>().kernels; }

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateLibrary(nxs_int device, const void *data, size_t nbytes) noexcept {
  return guard([&] {
    Backend::device(device);
    if (!data)
      throw Error(NXS_InvalidHostPtr, "a library from memory needs its bytes; data is NULL");
    return nxs::entry::libraries().insert(Backend::load_library(device, data, nbytes));
  });
}

NXS_API nxs_handle nxsCreateLibraryFromFile(nxs_int device, const char *path) noexcept {
  return guard([&] {
    Backend::device(device);
    if (!path || !*path) throw Error(NXS_InvalidValue, "the path of a library is empty");
    return nxs::entry::libraries().insert(Backend::load_library(device, path));
  });
}

NXS_API nxs_status nxsGetLibraryProperty(nxs_handle library, nxs_uint property, void *value,
                                         size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::libraries().find(library);
    nxs::get_property(Backend::library_properties(), {found, library}, property, value, nbytes);
  });
}

NXS_API nxs_status nxsGetLibraryKernels(nxs_handle library, void *value, size_t *nbytes) noexcept {
  return guard([&] {
    nxs::write_strings(nxs::entry::libraries().find(library)->kernel_names(), value, nbytes);
  });
}

NXS_API nxs_status nxsReleaseLibrary(nxs_handle library) noexcept {
  return guard([&] { nxs::entry::libraries().remove(library); });
}

NXS_API nxs_handle nxsGetKernel(nxs_handle library, const char *name, nxs_flags flags) noexcept {
  return guard([&] {
    const auto found = nxs::entry::libraries().find(library);
    if (!name || !*name) throw Error(NXS_InvalidValue, "the name of a kernel is empty");
    if (flags & ~nxs_flags{NXS_KernelFlags_Unchecked})
      throw Error(NXS_InvalidValue, "kernel flags " + std::to_string(flags) + " has unknown bits");
    return nxs::entry::kernels().insert(Backend::get_kernel(found, name, flags));
  });
}

NXS_API nxs_status nxsGetKernelProperty(nxs_handle kernel, nxs_uint property, void *value,
                                        size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::kernels().find(kernel);
    nxs::get_property(Backend::kernel_properties(), {found, kernel}, property, value, nbytes);
  });
}

NXS_API nxs_status nxsReleaseKernel(nxs_handle kernel) noexcept {
  return guard([&] { nxs::entry::kernels().remove(kernel); });
}
