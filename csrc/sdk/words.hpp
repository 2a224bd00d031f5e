// Names in messages.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace nxs {

// Of a list for a message.
inline std::string joined(const std::vector<std::string> &names) {
  constexpr size_t kMost = 32;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kMost) text += " and " + std::to_string(names.size() - kMost) + " more";
  return text.empty() ? "none" : text;
}

// A name for a message; it may be anything, and longer than any line.
inline std::string shortened(const std::string &name) {
  constexpr size_t kMost = 80;
  return name.size() <= kMost ? name : name.substr(0, kMost) + "...";
}

}  // namespace nxs
