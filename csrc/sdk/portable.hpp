// What a launcher must know of kernels made with <nexus/kernel.h>: docs/launch_portable_kernels.md.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "sdk/kernel_info.hpp"

namespace nxs::portable {

// Passed after the user's arguments: the grid in items, as three uint32.
constexpr std::array<std::string_view, 3> kHiddenArguments{"nxs_grid_x", "nxs_grid_y",
                                                           "nxs_grid_z"};

constexpr std::string_view kInfoSuffix = "__nxs_info";
constexpr size_t kMaxArguments = 16;
constexpr size_t kMaxRecordNbytes = 4096;

// Bytes of a type by its name in the source; 0: not known, as of a struct.
inline size_t nbytes_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, size_t>, 15> kTypes{{{"float", 4},
                                                                        {"double", 8},
                                                                        {"nxs_half", 2},
                                                                        {"nxs_int8", 1},
                                                                        {"nxs_uint8", 1},
                                                                        {"nxs_int16", 2},
                                                                        {"nxs_uint16", 2},
                                                                        {"nxs_int32", 4},
                                                                        {"nxs_uint32", 4},
                                                                        {"nxs_int64", 8},
                                                                        {"nxs_uint64", 8},
                                                                        {"int", 4},
                                                                        {"unsigned int", 4},
                                                                        {"short", 2},
                                                                        {"char", 1}}};
  for (const auto &[name, nbytes] : kTypes)
    if (name == type) return nbytes;
  return 0;
}

// 'v', 'i', 'o' or 'b' for the word that the source has; 0 for any other.
inline char access_of(std::string_view word) {
  if (word == "val") return 'v';
  if (word == "in") return 'i';
  if (word == "out") return 'o';
  return word == "inout" ? 'b' : '\0';
}

// The access of each argument, from "saxpy__nxs_val_in_inout"; empty when the text is another.
inline std::vector<char> parse_access(std::string_view kernel, std::string_view type_name) {
  constexpr std::string_view kMark = "__nxs";
  if (!type_name.starts_with(kernel)) return {};
  type_name.remove_prefix(kernel.size());
  if (!type_name.starts_with(kMark)) return {};
  type_name.remove_prefix(kMark.size());
  std::vector<char> accesses;
  while (type_name.starts_with('_')) {
    const size_t end = std::min(type_name.find('_', 1), type_name.size());
    accesses.push_back(access_of(type_name.substr(1, end - 1)));
    type_name.remove_prefix(end);
  }
  const bool whole = type_name.empty() && std::ranges::find(accesses, '\0') == accesses.end();
  return whole && accesses.size() <= kMaxArguments ? accesses : std::vector<char>{};
}

// The next of "val(float, a), in(float, x)", taken off `text`; nothing when it is none.
inline std::optional<ArgumentInfo> next_argument(std::string_view &text) {
  const size_t open = text.find('('), comma = text.find(',', open), end = text.find(')', open);
  if (end == text.npos || comma > end) return {};
  const auto trimmed = [](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return std::string(part);
  };
  const char access = access_of(trimmed(text.substr(0, open)));
  ArgumentInfo info{trimmed(text.substr(comma + 1, end - comma - 1)),
                    trimmed(text.substr(open + 1, comma - open - 1)), 0, access};
  text.remove_prefix(end + 1);
  if (text.starts_with(',')) text.remove_prefix(1);
  if (!access || info.name.empty() || info.type.empty()) return {};
  return info;
}

// The constant NAME__nxs_info; nothing when the bytes are no such record.
inline std::optional<KernelInfo> parse_record(std::span<const std::byte> record) {
  constexpr size_t kHeadWords = 5 + kMaxArguments, kHeadNbytes = 4 * kHeadWords;
  constexpr uint32_t kVersion = 1;
  if (record.size() <= kHeadNbytes || record.size() > kMaxRecordNbytes) return {};
  std::array<uint32_t, kHeadWords> head;
  std::memcpy(head.data(), record.data(), kHeadNbytes);
  const uint32_t n_args = head[1];
  if (head[0] != kVersion || n_args < 1 || n_args > kMaxArguments) return {};
  KernelInfo info;
  std::copy_n(head.begin() + 2, 3, info.group.begin());
  std::string_view text(reinterpret_cast<const char *>(record.data()) + kHeadNbytes,
                        record.size() - kHeadNbytes);
  text = text.substr(0, text.find('\0'));
  for (uint32_t i = 0; i < n_args; ++i) {
    auto argument = next_argument(text);
    if (!argument) return {};
    argument->nbytes = head[5 + i];
    info.args.push_back(*std::move(argument));
  }
  if (!text.empty()) return {};
  return info;
}

}  // namespace nxs::portable
