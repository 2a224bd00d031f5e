// Copies and fills in a stream of the driver.
#pragma once

#include "backend.hpp"

namespace nxs {

constexpr cl_bool kNonBlocking = 0;

// Where a command goes, and the event behind it if one is wanted.
struct Target {
  cl_command_queue queue;
  cl_event *event;
  const ClDevice *device;
};

// A driver may keep a copy of memory that it was given (CL_MEM_USE_HOST_PTR). A write from the very
// address that an object was made of, and a read to it, bring one up to date with the other
// (OpenCL 3.0 API specification, clEnqueueReadBuffer); without a copy they do nothing.
cl_int take_from_host(const Target &target, ClMemory &memory, size_t at, size_t nbytes);
cl_int give_to_host(const Target &target, ClMemory &memory, size_t at, size_t nbytes);

void copy(const Target &target, const Step<Backend> &step);
void fill(const Target &target, const Step<Backend> &step);

}  // namespace nxs
