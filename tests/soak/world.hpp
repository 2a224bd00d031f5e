// The world of a run: the plugin, what is drawn from, and the end of an epoch, when all must go.
#pragma once

#include "thread.hpp"

namespace soak {

using Threads = std::vector<std::unique_ptr<Thread>>;

// Loads the plugin, builds nothing: `library` is the compiled kernels, `folder` takes files.
void prepare_world(World &world, const std::string &plugin, const std::string &library,
                   const std::string &folder);

// Fills what the default stream remembers, so that its memory does not grow later.
void fill_records(World &world);

// Waits for what is in flight, releases every object, and checks that each handle was given out
// once and released once.
void end_epoch(Threads &threads);

// Raises events, so that nobody waits for ever for one; `turn` says which of them.
void raise_events(const World &world, const Threads &threads, uint64_t turn);

// Bytes of the heap in use.
size_t allocated_nbytes();

// Keeps anybody from allocating gigabytes, where no sanitizer does.
void limit_memory();

}  // namespace soak
