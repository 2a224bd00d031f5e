// How this driver is to behave: what it is, from the environment, and what fails, as a test says.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "plugins/opencl/cl.h"

namespace fake {

// OPENCL_DOUBLE="version=1.2 svm=0 alignment=4096 ...", words that set members of these names.
struct Options {
  std::string version = "3.0";
  int platforms = 1, devices = 2;  // devices of each platform
  int svm = 0;                     // 1: buffers may be shared with the host, 2: all memory
  int unified = 0;                 // it computes in memory of the host
  int shadow = 0;            // what is made of memory of the host has a copy, until it is mapped
  int spirv = 1;             // programs may be SPIR-V
  int arg_info = 1;          // what is built from source tells of its arguments
  int binaries = 1;          // it gives them, of programs from source; 2: and takes none back
  int uneven = 0;            // groups need not divide the grid (OpenCL 2 never needs it)
  int alignment = 128;       // bytes; where a sub-buffer may begin
  int pause_us = 0;          // that each command takes
  size_t memory = 1u << 30;  // bytes of the largest buffer
  std::vector<std::string> kernels;  // files with them, between colons
  bool takes_uneven() const {
    return uneven || (version_number() >= 200 && version_number() < 300);
  }
  int version_number() const;  // 300
};
const Options &options();

enum Kind { kContext, kQueue, kMemory, kSvm, kProgram, kKernel, kEvent, kKinds };
extern std::atomic<int> n_alive[kKinds];

// The entry points ask this first: the status to fail with, or CL_SUCCESS. Counts the calls.
cl_int planned(const char *function);
// The same for a command that is to be executed.
cl_int planned_of_command();
bool is_lost();

}  // namespace fake

#define FAKE_API extern "C" __attribute__((visibility("default")))

// Ends an entry point that is to fail.
#define FAKE_CALL() \
  if (const cl_int planned_status = fake::planned(__func__)) return planned_status
#define FAKE_CREATE(status)                                    \
  if (const cl_int planned_status = fake::planned(__func__)) { \
    if (status) *status = planned_status;                      \
    return nullptr;                                            \
  }
