// The C function of libraries that can be given out as bytes, for a runtime whose driver compiles:
// its Library has `const std::string &binary()`. Include it in one .cpp of a plugin.
#pragma once

#include "sdk/entry/library.hpp"

NXS_API nxs_status nxsGetLibraryBinary(nxs_handle library, void *value, size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::libraries().find(library);
    const std::string &binary = found->binary();
    nxs::write_bytes(binary.data(), binary.size(), value, nbytes);
  });
}
