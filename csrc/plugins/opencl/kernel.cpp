// What the driver tells of a kernel: its arguments, by name and type, and its limits.
#include <algorithm>

#include "library.hpp"
#include "sdk/portable.hpp"
#include "sdk/words.hpp"

namespace nxs {
namespace {

struct Type {
  const char *name;
  size_t nbytes;
};

// OpenCL C specification, 6.3. Those of <nexus/kernel.h> the SDK knows.
constexpr Type kTypes[] = {{"char", 1},           {"uchar", 1},        {"short", 2},
                           {"ushort", 2},         {"int", 4},          {"uint", 4},
                           {"long", 8},           {"ulong", 8},        {"float", 4},
                           {"double", 8},         {"half", 2},         {"unsigned char", 1},
                           {"unsigned short", 2}, {"unsigned int", 4}, {"unsigned long", 8}};

// Of a number or a vector of them; 0: not known, a struct for one.
size_t size_of(const std::string &type) {
  if (const size_t nbytes = type.starts_with("nxs_") ? portable::nbytes_of(type) : 0) return nbytes;
  const size_t digits = type.find_last_not_of("0123456789") + 1;
  const std::string suffix = type.substr(digits);
  for (const Type &known : kTypes) {
    if (type == known.name) return known.nbytes;
    if (type.substr(0, digits) != known.name) continue;
    for (const int lanes : {2, 3, 4, 8, 16})
      if (suffix == std::to_string(lanes)) return known.nbytes * (lanes == 3 ? 4 : lanes);
  }
  return 0;
}

// What is no memory and no number, and what nexus has no objects for.
bool is_opaque(const std::string &type) {
  for (const char *kind : {"image", "sampler_t", "pipe", "queue_t", "event_t", "reserve_id_t"})
    if (type.starts_with(kind)) return true;
  return false;
}

// PoCL defines its own functions as macros with this prefix, which changes names of arguments too.
std::string without_prefix(const std::string &name) {
  constexpr std::string_view kPrefix = "_cl_";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace

ClKernel::ClKernel(std::shared_ptr<ClLibrary> library, const char *name)
    : library_(std::move(library)), name_(name) {
  refuse_forked();
  cl_int status = CL_SUCCESS;
  object_ = ClKernelObject(cl().clCreateKernel(library_->program.get(), name, &status));
  check_shortage(status, "cannot make kernel " + shortened(name_));
  if (status != CL_SUCCESS)
    throw Error(NXS_InvalidKernelName,
                "no kernel " + shortened(name_) + " in " +
                    (library_->path.empty() ? "the library" : library_->path) +
                    ": the driver answers " + cl_name(status) +
                    "; its kernels: " + joined(library_->kernel_names()));
  read_arguments();
  read_limits();
}

void ClKernel::add_argument(cl_uint index, const ToldArgument &told) {
  ArgumentInfo arg{without_prefix(told.name), told.type};
  const bool is_local = told.space == CL_KERNEL_ARG_ADDRESS_LOCAL;
  const bool is_buffer =
      told.space == CL_KERNEL_ARG_ADDRESS_GLOBAL || told.space == CL_KERNEL_ARG_ADDRESS_CONSTANT;
  const bool is_read =
      told.space == CL_KERNEL_ARG_ADDRESS_CONSTANT || (told.qualifiers & CL_KERNEL_ARG_TYPE_CONST);
  if (is_opaque(arg.type))
    throw Error(NXS_NotSupported, "kernel " + name_ + " takes a value of type " + arg.type +
                                      " (argument " + std::to_string(index) + ", " + arg.name +
                                      "), and nexus has buffers and numbers only: read from a "
                                      "buffer instead");
  if (is_local) arg.type = "ulong";  // the caller says how many bytes it is
  if (is_buffer) arg.type = arg.type.substr(0, arg.type.find_last_not_of("* ") + 1);
  arg.nbytes = is_local ? sizeof(uint64_t) : size_of(arg.type);
  arg.access = is_buffer ? (is_read ? 'i' : 'b') : 'v';
  info_->args.push_back(std::move(arg));
  arguments_.places.push_back(index);
  arguments_.is_local.push_back(is_local);
}

void ClKernel::read_arguments() {
  const cl_uint n = count_arguments(object_.get());
  const std::optional<ToldArguments> told = library_->arguments_of(name_, object_.get());
  if (told && told->size() != n)
    throw Error(NXS_InvalidBinary, "kernel " + name_ + " takes " + std::to_string(n) +
                                       " arguments and its library tells of " +
                                       std::to_string(told->size()) + ": it was changed by hand");
  if (!told) {
    for (cl_uint place = 0; place < n; ++place) arguments_.places.push_back(place);
    arguments_.is_local.assign(n, false);
    return;
  }
  info_.emplace();
  for (cl_uint i = 0; i < n; ++i) add_argument(i, (*told)[i]);
  find_grid();
  const auto n_local = std::count(arguments_.is_local.begin(), arguments_.is_local.end(), true);
  arguments_.any_local = n_local > 1;  // of the arguments that a caller sets
  if (n_local != 1) return;
  const auto at = std::find(arguments_.is_local.begin(), arguments_.is_local.end(), true) -
                  arguments_.is_local.begin();
  arguments_.group_memory = arguments_.places[static_cast<size_t>(at)];
  info_->args.erase(info_->args.begin() + at);
  arguments_.places.erase(arguments_.places.begin() + at);
  arguments_.is_local.erase(arguments_.is_local.begin() + at);
}

// docs/launch_portable_kernels.md: the last three arguments are hidden, and the type of the last
// tells what each of the others is for.
void ClKernel::find_grid() {
  const size_t n = info_->args.size(), n_hidden = portable::kHiddenArguments.size();
  if (n <= n_hidden) return;
  const size_t n_own = n - n_hidden;
  for (size_t d = 0; d < n_hidden; ++d)
    if (info_->args[n_own + d].name != portable::kHiddenArguments[d]) return;
  const std::vector<char> access = portable::parse_access(name_, info_->args.back().type);
  arguments_.grid = static_cast<cl_uint>(n_own);
  info_->args.resize(n_own);
  arguments_.places.resize(n_own);
  arguments_.is_local.resize(n_own);
  for (size_t i = 0; i < n_own && access.size() == n_own; ++i) info_->args[i].access = access[i];
}

std::string ClKernel::place(size_t argument) const {
  return "argument " + std::to_string(argument) +
         (info_ ? " (" + info_->args[argument].name + ")" : "") + " of kernel " + name_;
}

void ClKernel::read_limits() {
  const ClDevice &device = device_at(library_->device);
  const ToldLimits limits = ask_limits(object_.get(), device.id());
  max_group_ = limits.max_group ? limits.max_group : device.max_group;
  group_memory_nbytes_ = limits.group_memory_nbytes;
  if (info_)
    for (size_t d = 0; d < 3; ++d) info_->group[d] = static_cast<uint32_t>(limits.group[d]);
}

bool ClKernel::takes_uneven_groups() const {
  const std::string &options = library_->options;
  const bool is_new = options.find("-cl-std=CL2") != std::string::npos ||
                      options.find("-cl-std=CL3") != std::string::npos;
  return device_at(library_->device).has_uneven_groups && is_new &&
         options.find("-cl-uniform-work-group-size") == std::string::npos;
}

}  // namespace nxs
