// Where a caller finds the functions of a runtime: an array with one slot per runtime number. Valid
// C11 and C++17; the loader writes the slots, everybody else reads them here.
#ifndef NEXUS_SLOTS_H_
#define NEXUS_SLOTS_H_

#include <stddef.h>

#include "nexus/nxs.h"

// The functions of one runtime, or NULL. A table never changes once it is here and is never freed;
// a layer that is attached later puts another table into the slot.
typedef const nxs_table *nxs_slot;

// The functions of `runtime`, or NULL when no runtime has this number. 1 ns.
static inline const nxs_table *nxs_table_at(const nxs_slot *slots, int runtime) {
  if ((unsigned)runtime >= NXS_MAX_RUNTIMES) return NULL;
  return __atomic_load_n(&slots[runtime], __ATOMIC_ACQUIRE);
}

#endif  // NEXUS_SLOTS_H_
