// Reads a Mach-O dylib before the loader does, as elf.hpp does on Linux.
#pragma once

#if defined(__APPLE__)
#include <mach-o/loader.h>
#include <mach-o/nlist.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "sdk/error.hpp"
#include "sdk/symbol.hpp"

namespace nxs::macho {

using Bytes = std::span<const std::byte>;

[[noreturn]] inline void refuse(const std::string &name, const std::string &why) {
  throw Error(NXS_InvalidBinary, "cannot load " + name + ": " + why);
}

template <class T>
T read(Bytes file, uint64_t offset, const std::string &name) {
  if (offset > file.size() || sizeof(T) > file.size() - offset) refuse(name, "it is cut short");
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

inline void check_segment(Bytes file, uint64_t at, const std::string &name) {
  const auto segment = read<segment_command_64>(file, at, name);
  if (segment.fileoff > file.size() || segment.filesize > file.size() - segment.fileoff)
    refuse(name, "a segment lies outside the file; it is cut short");
}

inline std::vector<Symbol> symbols_of(Bytes file, const symtab_command &table,
                                      const std::string &name) {
  std::vector<Symbol> found;
  if (table.stroff > file.size() || table.strsize > file.size() - table.stroff)
    refuse(name, "it is cut short");
  for (uint32_t i = 0; i < table.nsyms; ++i) {
    const auto symbol = read<nlist_64>(file, table.symoff + uint64_t{i} * sizeof(nlist_64), name);
    const bool defined = (symbol.n_type & N_EXT) && (symbol.n_type & N_TYPE) == N_SECT;
    if (!defined || symbol.n_un.n_strx >= table.strsize) continue;
    const char *begin =
        reinterpret_cast<const char *>(file.data()) + table.stroff + symbol.n_un.n_strx;
    const std::string text(begin, strnlen(begin, table.strsize - symbol.n_un.n_strx));
    if (text.starts_with("_")) found.push_back({text.substr(1)});  // C names carry an underscore
  }
  return found;
}

// What the file itself defines for others. Throws unless every segment lies inside the
// file.
inline std::vector<Symbol> defined_symbols(Bytes file, const std::string &name) {
  const auto header = read<mach_header_64>(file, 0, name);
  if (header.magic != MH_MAGIC_64 || header.cputype != CPU_TYPE_ARM64)
    refuse(name, "it is no arm64 dylib; build it with `cc -shared` on this machine");
  std::vector<Symbol> found;
  uint64_t at = sizeof header;
  for (uint32_t i = 0; i < header.ncmds; ++i) {
    const auto command = read<load_command>(file, at, name);
    if (command.cmd == LC_SEGMENT_64) check_segment(file, at, name);
    if (command.cmd == LC_SYMTAB)
      found = symbols_of(file, read<symtab_command>(file, at, name), name);
    if (command.cmdsize < sizeof(load_command)) refuse(name, "a load command has no size");
    at += command.cmdsize;
  }
  return found;
}

}  // namespace nxs::macho
#endif
