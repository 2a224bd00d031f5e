// Libraries, which are OpenCL programs, and their kernels.
#pragma once

#include <optional>

#include "device.hpp"
#include "image.hpp"
#include "sdk/in_flight.hpp"
#include "sdk/kernel_info.hpp"

namespace nxs {

struct ClLibrary {
  nxs_int device = 0;
  ClProgram program;
  std::string kind;     // as in BinaryKinds
  std::string options;  // it was built with
  std::string log;      // of the build; empty: the compiler had nothing to say
  std::string path;     // empty: from memory
  std::string bytes;    // it was loaded from, where the same may be asked for again
  std::map<std::string, ToldKernel> told;  // by the image that it was loaded from
  std::vector<std::string> kernel_names() const;

  // What its image told of a kernel, else what the driver tells now.
  std::optional<ToldArguments> arguments_of(const std::string &kernel, cl_kernel object) const;
  // The program as bytes that make it again without compiling: asked for once, then kept, as are
  // those that it was loaded from.
  const std::string &binary();
  void keep_image(std::string_view image) { image_ = image; }
  bool is_from(std::string_view source) const;  // or from the image that binary() gave

 private:
  ClImage image() const;
  mutable std::mutex mutex_;  // over what follows; no child of a fork takes it
  std::string image_;
};

// How the arguments that a caller sets are those of the driver's kernel.
struct ClArguments {
  std::vector<cl_uint> places;  // the driver's index of each
  std::vector<bool> is_local;   // its value is how many bytes of group memory it gets
  bool any_local = false;
  std::optional<cl_uint> group_memory;  // the one that the dispatch's group memory is for
  std::optional<cl_uint> grid;          // the first of three that tell the size of the grid
};

class ClKernel {
 public:
  ClKernel(std::shared_ptr<ClLibrary> library, const char *name);
  const std::string &name() const { return name_; }
  nxs_int device() const { return library_->device; }
  // None where the driver tells nothing of the arguments, as of a binary that is no image.
  const std::optional<KernelInfo> &info() const { return info_; }

  const ClArguments &arguments() const { return arguments_; }
  std::string place(size_t argument) const;  // for a message
  // A grid that groups do not divide: the kernel leaves out what is beyond it, or the driver can
  // make the last groups smaller.
  bool guards_grid() const { return arguments_.grid.has_value(); }
  bool takes_uneven_groups() const;
  size_t max_group() const { return max_group_; }
  size_t group_memory_nbytes() const { return group_memory_nbytes_; }  // that it has of its own

  // Arguments stay with the driver's object, so whoever sets them also enqueues, under this lock.
  std::mutex &mutex() const { return mutex_; }
  cl_kernel object() const { return object_.get(); }
  // The version of the step whose arguments they are, for who holds the lock; 0: of none.
  uint64_t &set_by() const { return set_by_; }
  Pace &pace() const { return pace_; }

 private:
  void read_arguments();
  void read_limits();
  void add_argument(cl_uint index, const ToldArgument &told);
  void find_grid();

  const std::shared_ptr<ClLibrary> library_;
  const std::string name_;
  ClKernelObject object_;
  std::optional<KernelInfo> info_;
  ClArguments arguments_;
  size_t max_group_ = 1, group_memory_nbytes_ = 0;
  mutable std::mutex mutex_;  // no child of a fork takes it
  mutable uint64_t set_by_ = 0;
  mutable Pace pace_;
};

std::shared_ptr<ClLibrary> load_cl_library(nxs_int device, const char *path);
std::shared_ptr<ClLibrary> load_cl_library(nxs_int device, const void *data, size_t nbytes);

}  // namespace nxs
