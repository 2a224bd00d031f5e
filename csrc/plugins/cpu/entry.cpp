// The C functions of the CPU runtime, all from the SDK.
#include "sdk/entry/command.hpp"
#include "sdk/entry/runtime.hpp"
#include "sdk/entry/stream.hpp"
