// Finds plugins by their file names, without opening one. Header-only, C++17; part of the loader.
#ifndef NEXUS_SEARCH_HPP_
#define NEXUS_SEARCH_HPP_

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace nxs::loader {

#if defined(__APPLE__)
inline constexpr const char *kSuffix = ".dylib";
#else
inline constexpr const char *kSuffix = ".so";
#endif
inline constexpr const char *kPrefix = "libnexus_";
inline constexpr const char *kPathVariable = "NEXUS_RUNTIME_PATH";

// A plugin that was found, or an entry that could not be searched: then `problem` says why, and
// `name` is the entry.
struct Candidate {
  std::string name, path, problem;
};

// `/a/libnexus_mine.so` -> `mine`.
inline std::string plugin_name_of(const std::string &path) {
  std::string name = std::filesystem::path(path).filename().string();
  const std::string prefix = kPrefix;
  if (name.compare(0, prefix.size(), prefix) == 0) name.erase(0, prefix.size());
  return name.substr(0, name.find('.'));
}

// The plugins in one folder, by name, and why it cannot be read, if so. A folder that is not there
// has none.
inline std::vector<Candidate> search_folder(const std::string &folder) {
  std::vector<Candidate> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path &path = entry->path();
    const std::string file = path.filename().string();
    if (file.compare(0, std::string(kPrefix).size(), kPrefix) == 0 && path.extension() == kSuffix)
      found.push_back({plugin_name_of(path.string()), path.string(), {}});
  }
  std::sort(found.begin(), found.end(),
            [](const Candidate &a, const Candidate &b) { return a.path < b.path; });
  if (error && error != std::errc::no_such_file_or_directory)
    found.push_back({folder, {}, folder + " cannot be searched: " + error.message()});
  return found;
}

// One entry of a search path: a file, or a folder.
inline std::vector<Candidate> search_entry(const std::string &entry) {
  const std::string variable = kPathVariable;
  const std::filesystem::path path(entry);
  if (!path.is_absolute())
    return {{entry,
             {},
             std::string(entry.empty() ? "empty" : "relative") + " entries of " + variable +
                 " are refused, because what they name depends on the current folder; give "
                 "absolute paths"}};
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::directory) return search_folder(entry);
  if (kind == std::filesystem::file_type::not_found)
    return {{entry, {}, entry + " is not there; mend " + variable}};
  if (kind == std::filesystem::file_type::none)
    return {{entry, {}, entry + " cannot be looked at: " + error.message() + "; mend " + variable}};
  return {{plugin_name_of(entry), entry, {}}};
}

// Everything that a value of NEXUS_RUNTIME_PATH names, in its order; an empty value names nothing.
inline std::vector<Candidate> search_path(const std::string &value) {
  std::vector<Candidate> found;
  for (size_t begin = 0; !value.empty() && begin <= value.size();) {
    const size_t end = std::min(value.find(':', begin), value.size());
    for (Candidate &candidate : search_entry(value.substr(begin, end - begin)))
      found.push_back(std::move(candidate));
    begin = end + 1;
  }
  return found;
}

}  // namespace nxs::loader

#endif  // NEXUS_SEARCH_HPP_
