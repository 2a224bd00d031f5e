// A program that was built, as bytes: the driver's binary, and before it what no binary tells of
// the arguments of kernels.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver.hpp"

namespace nxs {

// An argument of a kernel, in the words of clGetKernelArgInfo.
struct ToldArgument {
  cl_uint space = 0;  // CL_KERNEL_ARG_ADDRESS_...
  cl_ulong qualifiers = 0;
  std::string name, type;
};

using ToldArguments = std::vector<ToldArgument>;

// What a kernel needs and takes, in the words of clGetKernelWorkGroupInfo.
struct ToldLimits {
  size_t group[3] = {};  // the only size that it runs with; zeros: any
  size_t max_group = 0;
  cl_ulong group_memory_nbytes = 0, private_nbytes = 0;
};

// The limits are there for who inspects an image: of a kernel that is loaded the driver is asked.
struct ToldKernel {
  ToldArguments arguments;
  ToldLimits limits;
};

struct ClImage {
  std::string platform, device, driver;       // it was built by and for
  std::string kind, options, log;             // of what it was built from, and of the build
  std::map<std::string, ToldKernel> kernels;  // by name, those of which the driver told
  std::string binary;
};

bool is_image(std::string_view bytes);
std::string packed(const ClImage &image);

// Throws InvalidBinary when the bytes are no whole image; `name` is for the message.
ClImage unpacked(std::string_view bytes, const std::string &name);

cl_uint count_arguments(cl_kernel kernel);

// What the driver tells of a kernel's arguments; nothing where it tells nothing.
std::optional<ToldArguments> ask_arguments(cl_kernel kernel);
ToldLimits ask_limits(cl_kernel kernel, cl_device_id device);

}  // namespace nxs
