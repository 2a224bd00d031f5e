/* What sdk/macho.hpp takes from the header of this name on macOS, so that it can be tested
 * elsewhere. Layout and numbers: OS X ABI Mach-O File Format Reference. */
#ifndef NEXUS_TESTS_MACH_O_LOADER_H_
#define NEXUS_TESTS_MACH_O_LOADER_H_

#include <stdint.h>

enum { CPU_TYPE_ARM64 = 0x0100000c };
enum { LC_SYMTAB = 0x2, LC_SEGMENT_64 = 0x19 };
#define MH_MAGIC_64 0xfeedfacfu

struct mach_header_64 {
  uint32_t magic;
  int32_t cputype, cpusubtype;
  uint32_t filetype, ncmds, sizeofcmds, flags, reserved;
};

struct load_command {
  uint32_t cmd, cmdsize;
};

struct segment_command_64 {
  uint32_t cmd, cmdsize;
  char segname[16];
  uint64_t vmaddr, vmsize, fileoff, filesize;
  int32_t maxprot, initprot;
  uint32_t nsects, flags;
};

struct symtab_command {
  uint32_t cmd, cmdsize, symoff, nsyms, stroff, strsize;
};

#endif
