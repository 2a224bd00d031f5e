// One symbol that a library file defines for others.
#pragma once

#include <cstdint>
#include <string>

namespace nxs {

struct Symbol {
  enum Kind : uint8_t { kUnknown, kFunction, kData, kOther };  // unknown: the file does not say

  std::string name;
  Kind kind = kUnknown;
  uint64_t nbytes = 0;  // of data

  bool operator<(const Symbol &other) const { return name < other.name; }
};

}  // namespace nxs
