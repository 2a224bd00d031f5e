// What is known of a kernel's arguments, in one form for every backend.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sdk/json.hpp"

namespace nxs {

struct ArgumentInfo {
  std::string name, type;
  size_t nbytes = 0;  // of the value, or of one element of the buffer; 0: not known
  char access = 'b';  // 'v' value, 'i' in, 'o' out, 'b' in and out
  bool is_value() const { return access == 'v'; }
};

struct KernelInfo {
  std::vector<ArgumentInfo> args;
  std::array<uint32_t, 3> group{};  // the fixed group size, or zeros
};

inline const char *access_name(char access) {
  switch (access) {
    case 'v':
      return "value";
    case 'i':
      return "in";
    case 'o':
      return "out";
    default:
      return "inout";
  }
}

// The property ArgumentInfo.
inline Json to_json(const KernelInfo &info) {
  std::vector<Json> args;
  for (const ArgumentInfo &arg : info.args)
    args.push_back(Json::object({{"name", arg.name},
                                 {"type", arg.type},
                                 {"nbytes", static_cast<int64_t>(arg.nbytes)},
                                 {"access", access_name(arg.access)}}));
  return Json::array(args);
}

}  // namespace nxs
