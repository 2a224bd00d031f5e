// The C functions of the OpenCL runtime, all from the SDK.
#include "sdk/entry/command.hpp"
#include "sdk/entry/library_binary.hpp"
#include "sdk/entry/runtime.hpp"
#include "sdk/entry/stream.hpp"
