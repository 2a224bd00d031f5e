// What must hold after every call, whatever its arguments were.
#pragma once

#include "draw.hpp"

namespace soak {

// The last error is the operating system's thread's own: who goes on for a Thread reads it first.
void begin_on_this_thread(Thread &thread);

// Checks the answer of a drawn call.
void check(const Draw &draw, int64_t result);

// Checks the text of the last error after an answer, and remembers it.
void check_last_error(Thread &thread, FunctionId function, bool failed);

}  // namespace soak
