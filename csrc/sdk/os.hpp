// What differs between operating systems: the host's processor, caches, memory and threads.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#else
#include <sched.h>
#endif

namespace nxs::os {

// Closes a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// read(2), gone on with after a signal.
inline ssize_t read_some(int fd, void *data, size_t nbytes) {
  for (;;) {
    const ssize_t n = ::read(fd, data, nbytes);
    if (n >= 0 || errno != EINTR) return n;
  }
}

struct Cache {
  int64_t level = 0, nbytes = 0, line_nbytes = 0;
};

inline std::string trimmed(const std::string &text) {
  const auto first = text.find_first_not_of(" \t\n"), last = text.find_last_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

inline int64_t page_nbytes() { return sysconf(_SC_PAGESIZE); }
inline int64_t memory_nbytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * page_nbytes();
}
inline int64_t n_cpus() { return sysconf(_SC_NPROCESSORS_ONLN); }

#if defined(__APPLE__)

inline std::optional<int64_t> sysctl_int(const char *name) {
  int64_t value = 0;
  size_t nbytes = sizeof value;
  if (sysctlbyname(name, &value, &nbytes, nullptr, 0) != 0) return std::nullopt;
  return value;
}

inline std::string sysctl_text(const char *name) {
  char text[256] = {};
  size_t nbytes = sizeof text - 1;
  return sysctlbyname(name, text, &nbytes, nullptr, 0) == 0 ? text : "";
}

inline int64_t n_usable_cpus() { return n_cpus(); }  // macOS has no affinity mask
inline int64_t n_cores() { return sysctl_int("hw.physicalcpu").value_or(n_cpus()); }
inline std::string cpu_name() { return sysctl_text("machdep.cpu.brand_string"); }
inline std::string cpu_features() { return "neon"; }
inline std::string cpu_field(const char *) { return ""; }
inline std::optional<int64_t> max_clock_mhz() { return std::nullopt; }  // not told on Apple silicon
inline int64_t n_numa_nodes() { return 1; }
inline std::optional<int64_t> free_memory_nbytes() { return std::nullopt; }

inline std::vector<Cache> caches() {
  std::vector<Cache> found;
  const int64_t line = sysctl_int("hw.cachelinesize").value_or(0);
  static constexpr const char *kNames[] = {"hw.l1dcachesize", "hw.l2cachesize", "hw.l3cachesize"};
  for (int level = 1; level <= 3; ++level)
    if (const auto nbytes = sysctl_int(kNames[level - 1])) found.push_back({level, *nbytes, line});
  return found;
}

#else

// Shows each line of a text file to `found` until it answers true. Files of /proc and /sys tell no
// size, and one that cannot be read has no lines.
template <class Found>
void look_through(const std::string &path, Found found) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return;
  std::string text;
  char part[4096];
  for (ssize_t n; (n = read_some(file.get(), part, sizeof part)) > 0;) {
    text.append(part, static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (found(text.substr(begin, end - begin))) return;
    text.erase(0, begin);
  }
  if (!text.empty()) found(text);
}

inline std::string first_line(const std::string &path) {
  std::string first;
  look_through(path, [&](const std::string &line) { return first = trimmed(line), true; });
  return first;
}

// The value of the first "key : value" line of a file such as /proc/cpuinfo; empty: none.
inline std::string field(const std::string &path, const std::string &key) {
  std::string value;
  look_through(path, [&](const std::string &line) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || trimmed(line.substr(0, colon)) != key) return false;
    value = trimmed(line.substr(colon + 1));
    return true;
  });
  return value;
}

inline std::string cpu_field(const char *key) { return field("/proc/cpuinfo", key); }

inline std::string cpu_features() {
  const std::string flags = cpu_field("flags");  // x86
  return flags.empty() ? cpu_field("Features") : flags;
}

inline std::string cpu_name() { return cpu_field("model name"); }

// CPUs that this process may run on; a container or taskset may leave fewer than there are.
inline int64_t n_usable_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return n_cpus();
  return CPU_COUNT(&set);
}

// Cores of the machine: CPUs that are threads of one core count once.
inline int64_t n_cores() {
  std::set<std::string> siblings;
  for (int64_t i = 0; i < sysconf(_SC_NPROCESSORS_CONF); ++i) {
    const std::string cpu = "/sys/devices/system/cpu/cpu" + std::to_string(i);
    const std::string list = first_line(cpu + "/topology/thread_siblings_list");
    if (!list.empty()) siblings.insert(list);  // one that is offline has none
  }
  return siblings.empty() ? n_cpus() : static_cast<int64_t>(siblings.size());
}

// A virtual machine does not tell: "cpu MHz" of /proc/cpuinfo is the clock of its time stamps.
inline std::optional<int64_t> max_clock_mhz() {
  const std::string khz = first_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  if (khz.empty()) return std::nullopt;
  return std::atoll(khz.c_str()) / 1000;
}

inline std::optional<int64_t> free_memory_nbytes() {
  const std::string kib = field("/proc/meminfo", "MemAvailable");
  if (kib.empty()) return std::nullopt;
  return std::atoll(kib.c_str()) * 1024;
}

// Counts what a list such as "0-3,8" names.
inline int64_t count_of_list(const std::string &list) {
  int64_t n = 0;
  for (const char *at = list.c_str(); *at;) {
    char *end = nullptr;
    const long first = std::strtol(at, &end, 10);
    const long last = *end == '-' ? std::strtol(end + 1, &end, 10) : first;
    if (end == at || last < first) break;
    n += last - first + 1;
    at = *end == ',' ? end + 1 : end;
  }
  return n;
}

inline int64_t n_numa_nodes() {
  const int64_t n = count_of_list(first_line("/sys/devices/system/node/online"));
  return n ? n : 1;
}

// Data and unified caches of CPU 0, from the core outwards.
inline std::vector<Cache> caches() {
  std::vector<Cache> found;
  for (int index = 0; index < 16; ++index) {
    const std::string folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string level = first_line(folder + "level"), type = first_line(folder + "type");
    if (level.empty()) break;
    if (type == "Instruction") continue;
    const std::string size = first_line(folder + "size");  // "32K", "1024K", "2M"
    const int64_t unit = size.ends_with('M') ? 1 << 20 : size.ends_with('K') ? 1 << 10 : 1;
    found.push_back({std::atoll(level.c_str()), std::atoll(size.c_str()) * unit,
                     std::atoll(first_line(folder + "coherency_line_size").c_str())});
  }
  return found;
}

#endif

}  // namespace nxs::os
