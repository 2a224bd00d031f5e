// What a dispatch is refused for before it is submitted: sizes and arguments that no driver takes.
#include <algorithm>
#include <cstring>

#include "backend.hpp"

namespace nxs {
namespace {

// Group memory of one dispatch. Of too much PoCL answers no error, it ends the process; of none
// nobody says a word.
class GroupMemory {
 public:
  explicit GroupMemory(const ClKernel &kernel)
      : device_(device_at(kernel.device())),
        left_(device_.group_memory_nbytes -
              std::min(kernel.group_memory_nbytes(), device_.group_memory_nbytes)) {}

  template <class Who>
  void take(uint64_t nbytes, Who who) {
    if (nbytes == 0 || nbytes > left_)
      throw Error(NXS_InvalidKernelArgs, who() + " gets " + std::to_string(nbytes) +
                                             " bytes of group memory; " + device_.name + " has " +
                                             std::to_string(device_.group_memory_nbytes) +
                                             " for each group, of which " + std::to_string(left_) +
                                             " are left: give 1 to that many");
    left_ -= nbytes;
  }

 private:
  const ClDevice &device_;
  uint64_t left_;  // that the kernel has not of its own, and no argument has taken
};

}  // namespace

void Backend::check_launch(const ClKernel &kernel, nxs_dim3 group, nxs_dim3 grid) {
  const ClDevice &device = device_at(kernel.device());
  if (kernel.group_memory_nbytes() > device.group_memory_nbytes)
    throw Error(NXS_OutOfResources,
                "kernel " + kernel.name() + " has " + std::to_string(kernel.group_memory_nbytes()) +
                    " bytes of group memory; " + device.name + " has " +
                    std::to_string(device.group_memory_nbytes) + " for each group");
  const uint32_t sizes[3] = {group.x, group.y, group.z};
  for (size_t d = 0; d < 3; ++d)
    if (sizes[d] > device.max_items[d])
      throw Error(NXS_InvalidWorkItemSize, "group size " + to_text(group) + "; dimension " +
                                               std::to_string(d) + " has at most " +
                                               std::to_string(device.max_items[d]) + " work-items");
  const uint64_t plane = uint64_t{group.x} * group.y;
  if (plane > kernel.max_group() || plane * group.z > kernel.max_group())
    throw Error(NXS_InvalidWorkGroupSize, "a group of " + to_text(group) + " work-items; on " +
                                              device.name + " kernel " + kernel.name() + " takes " +
                                              std::to_string(kernel.max_group()));
  const bool even = grid.x % group.x == 0 && grid.y % group.y == 0 && grid.z % group.z == 0;
  if (!even && !kernel.guards_grid() && !kernel.takes_uneven_groups())
    throw Error(NXS_InvalidWorkGroupSize,
                "groups of " + to_text(group) + " do not divide the grid of " + to_text(grid) +
                    ", and kernel " + kernel.name() + " on " + device.name +
                    " needs that: take another group size, write the kernel with "
                    "<nexus/kernel.h>, or, where the driver has uneven groups, compile it with "
                    "-cl-std=CL2.0 or CL3.0");
}

void Backend::check_arguments(const Step<Backend> &step) {
  const ClKernel &kernel = *step.kernel;
  const std::vector<bool> &is_local = kernel.arguments().is_local;
  if (step.args.size() != is_local.size())
    throw Error(NXS_InvalidKernelArgs, "kernel " + kernel.name() + " takes " +
                                           std::to_string(is_local.size()) + " arguments and got " +
                                           std::to_string(step.args.size()));
  if (!kernel.arguments().any_local) return;
  GroupMemory memory(kernel);
  for (size_t i = 0; i < is_local.size(); ++i) {
    if (!is_local[i]) continue;
    uint64_t nbytes = 0;
    std::memcpy(&nbytes, step.args[i].data(), sizeof nbytes);
    memory.take(nbytes, [&] { return kernel.place(i); });
  }
}

}  // namespace nxs
