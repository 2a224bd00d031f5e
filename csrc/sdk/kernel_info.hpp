// What is known of a kernel's arguments, in one form for every backend; what kernels and libraries
// answer of themselves in all of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sdk/property.hpp"

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

// Group memory that every group of the kernel has, whatever the dispatch asks for.
template <class Kernel>
size_t own_group_memory(const Kernel &kernel) {
  if constexpr (requires { kernel.group_memory_nbytes(); }) return kernel.group_memory_nbytes();
  return 0;
}

template <class Kernel>
Value argument_info(const Owned<Kernel> &kernel) {
  const std::optional<KernelInfo> &info = kernel.object->info();
  return info ? Value(to_json(*info)) : Value();
}

template <class Kernel>
Value fixed_group(const Owned<Kernel> &kernel) {
  const std::optional<KernelInfo> &info = kernel.object->info();
  return info ? Value(std::vector<int64_t>(info->group.begin(), info->group.end())) : Value();
}

template <class Kernel>
inline constexpr std::array kKernelProperties{
    Property<Owned<Kernel>>{NP_Type, [](const auto &) -> Value { return std::string("kernel"); }},
    Property<Owned<Kernel>>{NP_Name,
                            [](const auto &kernel) -> Value { return kernel.object->name(); }},
    Property<Owned<Kernel>>{NP_ID, [](const auto &kernel) -> Value { return kernel.handle; }},
    Property<Owned<Kernel>>{
        NP_Device, [](const auto &kernel) -> Value { return int64_t{kernel.object->device()}; }},
    Property<Owned<Kernel>>{NP_ArgumentInfo, argument_info<Kernel>},
    Property<Owned<Kernel>>{NP_GroupSize, fixed_group<Kernel>},
};

// A path that is empty: from memory.
template <class Library>
inline constexpr std::array kLibraryProperties{
    Property<Owned<Library>>{NP_ID, [](const auto &library) -> Value { return library.handle; }},
    Property<Owned<Library>>{
        NP_Device, [](const auto &library) -> Value { return int64_t{library.object->device}; }},
    Property<Owned<Library>>{NP_Count,
                             [](const auto &library) -> Value {
                               return static_cast<int64_t>(library.object->kernel_names().size());
                             }},
    Property<Owned<Library>>{NP_Location,
                             [](const auto &library) -> Value {
                               return library.object->path.empty() ? Value()
                                                                   : Value(library.object->path);
                             }},
};

}  // namespace nxs
