// A layer for the tests of the loader: counts the calls of nxsGetDefaultStream and passes them on.
#include "nexus/nxs.h"

static const nxs_table *next_of[NXS_MAX_RUNTIMES];
static int n_calls[NXS_MAX_RUNTIMES];

#define TRAMPOLINE(slot)                                   \
  static nxs_handle get_default_stream_##slot(nxs_int d) { \
    ++n_calls[slot];                                       \
    return next_of[slot]->GetDefaultStream(d) + 1;         \
  }
// clang-format off
TRAMPOLINE(0)
TRAMPOLINE(1)
TRAMPOLINE(2)
TRAMPOLINE(3)
// clang-format on

static nxs_handle (*const trampolines[])(nxs_int) = {get_default_stream_0, get_default_stream_1,
                                                     get_default_stream_2, get_default_stream_3};

NXS_EXPORT int layer_n_calls(int slot) { return n_calls[slot]; }

NXS_API nxs_uint nxsGetApiVersion(void) { return NXS_API_VERSION; }

NXS_API nxs_status nxsAttachLayer(nxs_int slot, const nxs_table *next, nxs_table *out) {
  if (slot >= 4) return NXS_OutOfResources;
  next_of[slot] = next;
  out->GetDefaultStream = trampolines[slot];
  return NXS_Success;
}
