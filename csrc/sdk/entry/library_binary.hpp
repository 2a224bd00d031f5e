// The C function of libraries that can be given out as bytes, for a runtime whose driver compiles:
// its Library has `const std::string &binary()`. Include it in one .cpp of a plugin.
#pragma once

#include "sdk/entry/library.hpp"

namespace nxs::entry {

template <class Library>
const std::string &binary_of(Library &library) {
  if constexpr (requires { library.binary(); })
    return library.binary();
  else
    throw Error(NXS_NotSupported, "this runtime gives no bytes of its libraries");
}

}  // namespace nxs::entry

NXS_API nxs_status nxsGetLibraryBinary(nxs_handle library, void *value, size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::libraries().find(library);
    const std::string &binary = nxs::entry::binary_of(*found);
    nxs::write_bytes(binary.data(), binary.size(), value, nbytes);
  });
}
