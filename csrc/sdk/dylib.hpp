// A shared object opened as a private copy: the file may be rebuilt, overwritten or removed while
// it is in use.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "sdk/elf.hpp"
#include "sdk/file.hpp"
#include "sdk/macho.hpp"
#if !defined(__APPLE__)
#include <sys/syscall.h>
#endif

namespace nxs {

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
