/* Group kernels where each item is a thread of the device: OpenCL, CUDA, HIP and Metal. Include
 * <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_PHASES_H
#define NEXUS_KERNEL_PHASES_H

#define NXS_PICK(d, x, y, z) ((d) == 0 ? (x) : (d) == 1 ? (y) : (z))

/* Whether this item is in the grid: whole groups are started. Compared without a sign, because the
   last group may reach past 2^31. */
#ifndef NXS_INSIDE
#define NXS_INSIDE                                                                           \
  ((nxs_uint32)nxs_global_id(0) < nxs_grid_x && (nxs_uint32)nxs_global_id(1) < nxs_grid_y && \
   (nxs_uint32)nxs_global_id(2) < nxs_grid_z)
#endif

#define NXS_PRIVATE(T, name) T name
#define nxs_my(name) name

/* A loop of one turn or none, so that `continue` ends the item. The barrier stands before it, where
   every item of the group passes, also one outside the grid. */
#define NXS_EACH for (int nxs_once = NXS_INSIDE; nxs_once; nxs_once = 0)
#define NXS_PHASE for (int nxs_once = (NXS_BARRIER(), NXS_INSIDE); nxs_once; nxs_once = 0)
#define NXS_PHASE_FIRST(n) \
  for (int nxs_once = (NXS_BARRIER(), nxs_local_id(0) < (n) && NXS_INSIDE); nxs_once; nxs_once = 0)

#endif
