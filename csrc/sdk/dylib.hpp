// A shared object opened as a private copy: the file may be rebuilt, overwritten or removed while
// it is in use.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <mutex>

#include "sdk/elf.hpp"
#include "sdk/macho.hpp"
#include "sdk/os.hpp"
#if !defined(__APPLE__)
#include <sys/syscall.h>
#endif

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
    throw Error(NXS_InvalidBinary, std::string("cannot load ") + path + ": it is no file");
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

// Held while the loader of the system works for us, so that no fork finds it half way: the child
// could open nothing. Recursive, since a library's constructors run inside dlopen and may fork.
inline std::recursive_mutex &loader_mutex() {
  static std::recursive_mutex &mutex = *new std::recursive_mutex;
  return mutex;
}

// In the child of a fork: a recursive lock knows its thread by a number, which is another one
// there.
inline void renew_loader_mutex() { new (&loader_mutex()) std::recursive_mutex; }

// An open shared object and the names it defines. Closed with its last owner.
class Dylib {
 public:
  Dylib(std::span<const std::byte> bytes, const std::string &name)
      : name_(name), symbols_(defined_symbols(bytes, name)) {
    std::sort(symbols_.begin(), symbols_.end());
    handle_ = open_copy(bytes);
  }
  Dylib(const Dylib &) = delete;
  Dylib &operator=(const Dylib &) = delete;
  ~Dylib() {
    if (!handle_) return;
    std::lock_guard lock(loader_mutex());
    ::dlclose(handle_);
  }

  const std::vector<Symbol> &symbols() const { return symbols_; }
  // NULL: the file does not define it.
  const Symbol *look_up(const std::string &name) const {
    const auto at = std::lower_bound(symbols_.begin(), symbols_.end(), Symbol{name});
    return at != symbols_.end() && at->name == name ? &*at : nullptr;
  }
  bool defines(const std::string &name) const { return look_up(name); }
  // A symbol that this very file defines; plain dlsym would search its dependencies too and find
  // `malloc`.
  void *find(const std::string &symbol) const {
    if (!defines(symbol)) return nullptr;
    std::lock_guard lock(loader_mutex());
    return ::dlsym(handle_, symbol.c_str());
  }

 private:
  static std::vector<Symbol> defined_symbols(std::span<const std::byte> bytes,
                                             const std::string &name) {
#if defined(__APPLE__)
    return macho::defined_symbols(bytes, name);
#else
    return elf::defined_symbols(bytes, name);
#endif
  }

  static void write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        throw Error(NXS_OutOfResources,
                    "cannot write the private copy of a library: " + errno_text());
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
  }

  void *open_path(const char *path) const {
    std::lock_guard lock(loader_mutex());
    ::dlerror();
    if (void *handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL)) return handle;
    const char *why = ::dlerror();
    throw Error(NXS_InvalidBinary,
                "cannot load " + name_ + ": " + (why ? why : "the loader gives no reason"));
  }

  // A path to the descriptor that was never opened before: dlopen answers a name that it has seen
  // with the image of that time, and some images stay when they are closed (C++ with unique
  // symbols). "/./" and "//" change the name and not the file, so they spell a number.
  static std::string fresh_path(int fd) {
    static std::atomic<uint64_t> n_opened{0};
    std::string path = "/proc/self/fd/";
    for (uint64_t n = n_opened.fetch_add(1, std::memory_order_relaxed) + 1; n; n >>= 1)
      path += n & 1 ? "./" : ".//";
    return path + std::to_string(fd);
  }

#if !defined(__APPLE__)
  // A file that lies in memory only; -1: the kernel has none. A system call, because glibc has a
  // function for it only since 2.27.
  static int memory_file() {
    constexpr unsigned kCloseOnExec = 1;  // MFD_CLOEXEC of <linux/memfd.h>
    return static_cast<int>(::syscall(SYS_memfd_create, "nexus-library", kCloseOnExec));
  }
#endif

  void *open_copy(std::span<const std::byte> bytes) const {
#if !defined(__APPLE__)
    const os::Descriptor memory(memory_file());
    if (memory.get() >= 0) {
      write_all(memory.get(), bytes);
      return open_path(fresh_path(memory.get()).c_str());
    }
#endif
    const char *folder = std::getenv("TMPDIR");
    std::string path = std::string(folder && *folder ? folder : "/tmp") + "/nexus-library-XXXXXX";
    const os::Descriptor file(::mkstemp(path.data()));
    if (file.get() < 0)
      throw Error(NXS_OutOfResources, "cannot make " + path + " for a library: " + errno_text());
    struct Remove {
      const char *path;
      ~Remove() { ::unlink(path); }
    } remove{path.c_str()};
    write_all(file.get(), bytes);
    return open_path(path.c_str());
  }

  std::string name_;
  std::vector<Symbol> symbols_;
  void *handle_ = nullptr;
};

}  // namespace nxs
