// What is done around a call: it is announced, its answer is checked, and what it made is kept.
#pragma once

#include "draw.hpp"

namespace soak {

// Makes call `number` of the thread's sequence.
void make_call(Thread &thread, uint64_t number);

// Held while an event is reset, or given its last signal and released.
using Lock = std::unique_lock<std::mutex>;

Lock before_call(const Draw &draw);
void after_call(const Draw &draw, int64_t result);
void note_missing(const Draw &draw);

// Releases an object through the function of its kind.
int64_t release(Thread &thread, int kind, nxs_handle handle);

inline int kind_of(nxs_handle handle) { return static_cast<int>(handle >> 59 & 15); }

}  // namespace soak
