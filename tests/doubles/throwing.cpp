// The start of a plugin that lets an exception through the C boundary. With nxs.h, where the
// functions are noexcept, it would end the process; so it goes without.
#include <new>
#include <stdexcept>

extern "C" __attribute__((visibility("default"))) int nxsInitialize(const void *) { throw THROWN; }
