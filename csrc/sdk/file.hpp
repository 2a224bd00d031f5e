// Files, read whole, and what tells two states of one apart.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "sdk/error.hpp"
#include "sdk/os.hpp"

namespace nxs {

inline std::string errno_text() { return std::strerror(errno); }

// What tells two states of a file apart.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t nbytes = 0;
  int64_t modified_s = 0, modified_ns = 0;  // of the contents
  int64_t changed_s = 0, changed_ns = 0;    // of the inode: no copy keeps it
  bool operator==(const FileIdentity &) const = default;
};

// Whether a file that is written to from now on will have another identity. Its times are those of
// a clock that ticks every 10 ms at the slowest (Linux with HZ=100): two states of one tick look
// alike.
inline bool is_settled(const FileIdentity &identity, std::chrono::system_clock::time_point now) {
  constexpr auto kTick = std::chrono::milliseconds(20);
  const auto changed =
      std::chrono::seconds(identity.changed_s) + std::chrono::nanoseconds(identity.changed_ns);
  return changed + kTick <= now.time_since_epoch();
}

struct File {
  FileIdentity identity;
  bool is_settled;  // the identity stands for these bytes for good
  std::vector<std::byte> bytes;
};

inline FileIdentity identity_of(const struct stat &info) {
#if defined(__APPLE__)
  const timespec &modified = info.st_mtimespec, &changed = info.st_ctimespec;
#else
  const timespec &modified = info.st_mtim, &changed = info.st_ctim;
#endif
  return {info.st_dev,      info.st_ino,    info.st_size,   modified.tv_sec,
          modified.tv_nsec, changed.tv_sec, changed.tv_nsec};
}

// The identity of a file without reading it.
inline FileIdentity file_identity(const char *path) {
  struct stat info;
  if (::stat(path, &info) != 0)
    throw Error(NXS_InvalidValue, std::string("cannot load ") + path + ": " + errno_text());
  if (!S_ISREG(info.st_mode))
    throw Error(NXS_InvalidBinary, std::string("cannot load ") + path + ": it is no file" +
                                       (S_ISDIR(info.st_mode) ? " but a folder" : ""));
  return identity_of(info);
}

inline File read_whole_file(const char *path) {
  const auto now = std::chrono::system_clock::now();
  const os::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0)
    throw Error(NXS_InvalidValue, std::string("cannot load ") + path + ": " + errno_text());
  File found{identity_of(info), is_settled(identity_of(info), now),
             std::vector<std::byte>(static_cast<size_t>(info.st_size))};
  for (size_t done = 0; done < found.bytes.size();) {
    const ssize_t n =
        os::read_some(file.get(), found.bytes.data() + done, found.bytes.size() - done);
    if (n <= 0)
      throw Error(NXS_InvalidBinary,
                  std::string("cannot read ") + path + ": it changed or failed meanwhile");
    done += static_cast<size_t>(n);
  }
  if (::fstat(file.get(), &info) != 0 || identity_of(info) != found.identity)
    throw Error(NXS_InvalidBinary,
                std::string("cannot load ") + path +
                    ": it was written to meanwhile; load it when it is finished");
  return found;
}

}  // namespace nxs
