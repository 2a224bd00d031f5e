// Reads an ELF shared object before the loader does: a file cut short would kill the process inside
// dlopen.
#pragma once

#if !defined(__APPLE__)
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "nexus/image.hpp"
#include "sdk/error.hpp"
#include "sdk/symbol.hpp"

namespace nxs::elf {

using Bytes = std::span<const std::byte>;

// Characters; symbols may share a long name, so that a small file could fill the memory.
inline constexpr size_t kMaxName = 1024;

[[noreturn]] inline void refuse(const std::string &name, const std::string &why) {
  throw Error(NXS_InvalidBinary, "cannot load " + name + ": " + why);
}

// The bytes [offset, offset + nbytes) of the file, refused when they are not all inside.
inline Bytes part(Bytes file, uint64_t offset, uint64_t nbytes, const std::string &name,
                  const char *what) {
  if (offset > file.size() || nbytes > file.size() - offset)
    refuse(name, std::string("its ") + what + " reaches to byte " +
                     std::to_string(offset + nbytes) + " and the file has " +
                     std::to_string(file.size()) + "; it is cut short");
  return file.subspan(offset, nbytes);
}

template <class T>
std::vector<T> table(Bytes file, uint64_t offset, uint64_t count, const std::string &name,
                     const char *what) {
  if (count > file.size() / sizeof(T))
    refuse(name, std::string("its ") + what + " is larger than the file");
  const Bytes bytes = part(file, offset, count * sizeof(T), name, what);
  std::vector<T> entries(count);
  if (count)
    std::memcpy(entries.data(), bytes.data(), bytes.size());  // the file need not be aligned
  return entries;
}

// The header of a file that is whole.
inline Elf64_Ehdr header(Bytes file, const std::string &name) {
  const auto read = [&](uint64_t offset, void *room, size_t nbytes) {
    if (offset > file.size() || nbytes > file.size() - offset) return false;
    std::memcpy(room, file.data() + offset, nbytes);
    return true;
  };
  if (const std::string why = image::problem(file.size(), read); !why.empty()) refuse(name, why);
  Elf64_Ehdr header;
  read(0, &header, sizeof header);
  return header;
}

inline Symbol::Kind kind_of(const Elf64_Sym &symbol) {
  switch (ELF64_ST_TYPE(symbol.st_info)) {
    case STT_NOTYPE:  // of assembly, mostly
      return Symbol::kUnknown;
    case STT_FUNC:
    case STT_GNU_IFUNC:
      return Symbol::kFunction;
    case STT_OBJECT:
    case STT_COMMON:
      return Symbol::kData;
    default:
      return Symbol::kOther;
  }
}

// What the file itself defines for others, functions and data. Throws unless every
// header, segment and symbol lies inside the file.
inline std::vector<Symbol> defined_symbols(Bytes file, const std::string &name) {
  const Elf64_Ehdr head = header(file, name);
  const auto sections =
      table<Elf64_Shdr>(file, head.e_shoff, head.e_shnum, name, "section header table");
  std::vector<Symbol> found;
  for (const Elf64_Shdr &section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr &strings = sections[section.sh_link];
    const Bytes text = part(file, strings.sh_offset, strings.sh_size, name, "string table");
    for (const auto &symbol : table<Elf64_Sym>(
             file, section.sh_offset, section.sh_size / sizeof(Elf64_Sym), name, "symbol table")) {
      const unsigned binding = ELF64_ST_BIND(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || (binding != STB_GLOBAL && binding != STB_WEAK)) continue;
      if (symbol.st_name >= text.size())
        refuse(name, "a symbol's name lies outside the string table");
      const char *begin = reinterpret_cast<const char *>(text.data()) + symbol.st_name;
      const size_t most = std::min(text.size() - symbol.st_name, kMaxName + 1);
      const size_t length = strnlen(begin, most);
      if (length > kMaxName) continue;  // nobody asks for it
      found.push_back({std::string(begin, length), kind_of(symbol), symbol.st_size});
    }
  }
  return found;
}

}  // namespace nxs::elf
#endif
