/* The symbols of a Mach-O file, as loader.h beside it. */
#ifndef NEXUS_TESTS_MACH_O_NLIST_H_
#define NEXUS_TESTS_MACH_O_NLIST_H_

#include <stdint.h>

enum { N_EXT = 0x01, N_TYPE = 0x0e, N_UNDF = 0x0, N_SECT = 0xe };

struct nlist_64 {
  union {
    uint32_t n_strx;
  } n_un;
  uint8_t n_type, n_sect;
  uint16_t n_desc;
  uint64_t n_value;
};

#endif
