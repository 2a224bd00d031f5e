// What a file must be before the system's loader sees it, and which functions of an open image are
// its own. Header-only, C++17; part of the loader, and of the SDK's reader of kernel libraries.
#ifndef NEXUS_IMAGE_HPP_
#define NEXUS_IMAGE_HPP_

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#if !defined(__APPLE__)
#include <elf.h>
#include <link.h>
#endif

namespace nxs::image {

#if !defined(__APPLE__)

#if defined(__x86_64__)
inline constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr int kMachine = EM_AARCH64;
#else
#error "nexus supports x86-64 and aarch64"
#endif

// Why the first bytes of a file begin no shared object of this machine; empty: they do.
inline std::string header_problem(const Elf64_Ehdr &header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return "it is no ELF shared object; build it with `cc -shared -fPIC`";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine)
    return "it is for another machine (ELF machine " + std::to_string(header.e_machine) +
           ", this one is " + std::to_string(kMachine) + ")";
  if (header.e_type != ET_DYN) return "it is no shared object; link it with -shared";
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_shentsize != sizeof(Elf64_Shdr))
    return "its header has tables of an unknown form";
  return {};
}

// Why a file of `nbytes` is no whole shared object of this machine; empty: it is one. The system's
// loader maps what is not there, and the process dies of SIGBUS. `read(offset, room, n)` gives n
// bytes of the file, or false.
template <class Read>
std::string problem(uint64_t nbytes, Read read) {
  Elf64_Ehdr header{};
  if (!read(uint64_t{0}, &header, sizeof header))
    return "it is no ELF shared object; build it with `cc -shared -fPIC`";
  if (std::string why = header_problem(header); !why.empty()) return why;
  const auto beyond = [&](const char *what, uint64_t offset, uint64_t n) {
    return std::string("its ") + what + " reaches to byte " + std::to_string(offset + n) +
           " and the file has " + std::to_string(nbytes) + "; it is cut short";
  };
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t at = header.e_phoff + i * sizeof segment;
    if (at < header.e_phoff || !read(at, &segment, sizeof segment))
      return beyond("program header table", at, sizeof segment);
    if (segment.p_type != PT_NULL &&
        (segment.p_offset > nbytes || segment.p_filesz > nbytes - segment.p_offset))
      return beyond("segment", segment.p_offset, segment.p_filesz);
  }
  return {};
}

#endif

// Why the file at `path` cannot be opened as a library; empty: the system's loader may try. Never
// waits for a pipe or device.
inline std::string file_problem(const std::string &path) {
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  };
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  struct stat info;
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) return std::strerror(errno);
  if (S_ISDIR(info.st_mode)) return "it is a folder";
  if (!S_ISREG(info.st_mode)) return "it is a pipe or device, and no file";
#if defined(__APPLE__)
  return {};  // dyld checks what it maps
#else
  return problem(static_cast<uint64_t>(info.st_size), [&](uint64_t offset, void *room, size_t n) {
    return ::pread(file.fd, room, n, static_cast<off_t>(offset)) == static_cast<ssize_t>(n);
  });
#endif
}

// Opens the library at `path`, for itself alone; NULL: dlerror() says why.
inline void *open(const std::string &path) {
#if defined(__APPLE__)
  return ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_FIRST);
#else
  return ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
#endif
}

// Whether `address`, which dlsym found through `image`, lies in that very image: on Linux dlsym
// searches the libraries that it needs as well.
inline bool is_own([[maybe_unused]] void *image, [[maybe_unused]] const void *address) {
#if defined(__APPLE__)
  return true;  // RTLD_FIRST
#else
  link_map *map = nullptr;
  Dl_info info;
  return ::dlinfo(image, RTLD_DI_LINKMAP, &map) == 0 && ::dladdr(address, &info) != 0 &&
         std::strcmp(info.dli_fname, map->l_name) == 0;
#endif
}

// A symbol of an open image, as a function; NULL when the image itself does not have it.
template <class Pointer>
void find(void *image, const char *name, Pointer *out) {
  void *address = ::dlsym(image, name);
  *out = address && is_own(image, address) ? reinterpret_cast<Pointer>(address) : nullptr;
}

}  // namespace nxs::image

#endif  // NEXUS_IMAGE_HPP_
