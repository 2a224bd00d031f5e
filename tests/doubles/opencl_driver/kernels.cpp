// Kernels: their arguments, what is told of them, and how they run on a queue.
// size-waiver: the parameters of entry points are OpenCL's
#include <algorithm>
#include <cstring>

#include "objects.hpp"
#include "sdk/portable.hpp"

using fake::hold;

namespace {

constexpr cl_int kInvalidValue = -30, kInvalidContext = -34, kInvalidMemory = -38,
                 kInvalidProgram = -45, kInvalidName = -46, kInvalidIndex = -49,
                 kInvalidArgValue = -50, kInvalidArgSize = -51, kInvalidArgs = -52,
                 kInvalidGroup = -54, kNoArgInfo = -19;

bool is_local(const nxs_arg_info &argument) {
  return std::string_view(argument.type).starts_with("local");
}

// How an argument looks to clGetKernelArgInfo.
struct Told {
  std::string name, type;
  cl_uint space = 0x119E;  // private
  cl_ulong qualifiers = 0;
};

Told tell_grid(const _cl_kernel &kernel, size_t dimension) {
  Told told{std::string(nxs::portable::kHiddenArguments[dimension]), "uint"};
  if (dimension < 2) return told;
  told.type = kernel.code.name + "__nxs";
  for (uint32_t i = 0; i < kernel.code.info->n_args; ++i) {
    const char access = kernel.code.argument(i).access;
    told.type += std::string("_") + (access == 'v' ? "val" : nxs::access_name(access));
  }
  return told;
}

Told tell(const _cl_kernel &kernel, size_t index) {
  if (index >= kernel.code.info->n_args) return tell_grid(kernel, index - kernel.code.info->n_args);
  const nxs_arg_info &argument = kernel.code.argument(index);
  Told told{argument.name, argument.type};
  if (argument.access == 'v') return told;
  told.type += "*";
  told.space = is_local(argument) ? CL_KERNEL_ARG_ADDRESS_LOCAL : CL_KERNEL_ARG_ADDRESS_GLOBAL;
  told.qualifiers = argument.access == 'i' ? CL_KERNEL_ARG_TYPE_CONST : 0;
  return told;
}

// One dispatch: what it was given, as it was then.
struct Dispatch {
  std::shared_ptr<_cl_kernel> kernel;
  std::vector<_cl_kernel::Argument> arguments;
  nxs_cpu_launch launch{};

  // On the queue's thread.
  cl_int run() {
    std::vector<std::vector<std::byte>> local;
    std::vector<void *> addresses(arguments.size()), values(arguments.size());
    local.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      _cl_kernel::Argument &argument = arguments[i];
      if (argument.n_local) local.emplace_back(argument.n_local);
      addresses[i] = argument.n_local ? local.back().data() : nullptr;
      if (argument.memory) addresses[i] = argument.memory->data;
      values[i] = addresses[i] ? static_cast<void *>(&addresses[i]) : argument.value.data();
    }
    bool failed = false;
    launch.fail = [](void *context, const char *) { *static_cast<bool *>(context) = true; };
    launch.context = &failed;
    try {
      kernel->code.function(values.data(), &launch);
    } catch (...) {
      failed = true;
    }
    return failed ? CL_OUT_OF_RESOURCES : CL_SUCCESS;
  }
};

// The grid that a portable kernel was given, which the driver's own is rounded up from.
void set_grid(Dispatch &dispatch, size_t n_own) {
  for (size_t d = 0; d < 3; ++d)
    std::memcpy(&dispatch.launch.grid[d], dispatch.arguments[n_own + d].value.data(),
                sizeof dispatch.launch.grid[d]);
  dispatch.arguments.resize(n_own);
}

cl_int check_sizes(const Dispatch &dispatch) {
  const nxs_cpu_launch &launch = dispatch.launch;
  const int32_t *fixed = dispatch.kernel->code.info->group;
  int64_t n_items = 1;
  for (int d = 0; d < 3; ++d) {
    if (fixed[0] && launch.group[d] != fixed[d]) return kInvalidGroup;
    if (!fake::options().takes_uneven() && launch.grid[d] % launch.group[d]) return kInvalidGroup;
    n_items *= launch.group[d];
  }
  return n_items <= 1024 ? CL_SUCCESS : kInvalidGroup;
}

}  // namespace

_cl_kernel::_cl_kernel(std::shared_ptr<_cl_program> program, const fake::Code &code)
    : Object(fake::kKernel),
      program(std::move(program)),
      code(code),
      is_portable(this->program->is_portable(code.name)),
      arguments(code.info->n_args + (is_portable ? 3 : 0)) {}

FAKE_API cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *status) {
  FAKE_CREATE(status);
  *status = kInvalidProgram;
  if (!program->is_built) return nullptr;
  const auto found = std::ranges::find_if(
      program->code, [&](const fake::Code *code) { return code->name == name; });
  *status = found == program->code.end() ? kInvalidName : CL_SUCCESS;
  return *status ? nullptr : fake::Object::make<_cl_kernel>(hold(program), **found);
}

FAKE_API cl_int clReleaseKernel(cl_kernel kernel) { return kernel->release(), CL_SUCCESS; }

FAKE_API cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t nbytes, const void *value) {
  FAKE_CALL();
  if (index >= kernel->arguments.size()) return kInvalidIndex;
  _cl_kernel::Argument set;
  set.is_set = true;
  const bool is_grid = index >= kernel->code.info->n_args;
  const nxs_arg_info grid{"", "", sizeof(cl_uint), 'v'};
  const nxs_arg_info &argument = is_grid ? grid : kernel->code.argument(index);
  if (argument.access == 'v') {
    if (nbytes != argument.nbytes) return kInvalidArgSize;
    const auto *bytes = static_cast<const std::byte *>(value);
    set.value.assign(bytes, bytes + nbytes);
  } else if (is_local(argument)) {
    if (value || nbytes == 0) return kInvalidArgValue;
    set.n_local = nbytes;
  } else {
    if (nbytes != sizeof(cl_mem)) return kInvalidArgSize;
    const cl_mem memory = *static_cast<const cl_mem *>(value);
    if (!_cl_mem::is_alive(memory)) return kInvalidMemory;
    if (memory->context != kernel->program->context) return kInvalidArgValue;
    set.memory = hold(memory);
  }
  kernel->arguments[index] = std::move(set);
  return CL_SUCCESS;
}

FAKE_API cl_int clGetKernelInfo(cl_kernel kernel, cl_uint, size_t room, void *value,
                                size_t *nbytes) {
  FAKE_CALL();
  return fake::Answer{room, value, nbytes}.number(static_cast<cl_uint>(kernel->arguments.size()));
}

FAKE_API cl_int clGetKernelArgInfo(cl_kernel kernel, cl_uint index, cl_uint what, size_t room,
                                   void *value, size_t *nbytes) {
  FAKE_CALL();
  if (!fake::options().arg_info || !kernel->program->is_source) return kNoArgInfo;
  const Told told = tell(*kernel, index);
  const fake::Answer answer{room, value, nbytes};
  switch (what) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER:
      return answer.number(told.space);
    case CL_KERNEL_ARG_TYPE_QUALIFIER:
      return answer.number(told.qualifiers);
    case CL_KERNEL_ARG_TYPE_NAME:
      return answer.text(told.type);
    case CL_KERNEL_ARG_NAME:
      return answer.text(told.name);
    default:
      return kInvalidValue;
  }
}

FAKE_API cl_int clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id, cl_uint what, size_t room,
                                         void *value, size_t *nbytes) {
  FAKE_CALL();
  const fake::Answer answer{room, value, nbytes};
  if (what == CL_KERNEL_WORK_GROUP_SIZE) return answer.number<size_t>(1024);
  if (what == CL_KERNEL_LOCAL_MEM_SIZE) return answer.number<cl_ulong>(0);
  size_t group[3];
  std::copy_n(kernel->code.info->group, 3, group);
  return answer.bytes(group, sizeof group);
}

FAKE_API cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint n,
                                       const size_t *, const size_t *grid, const size_t *group,
                                       cl_uint n_waits, const cl_event *waits, cl_event *event) {
  FAKE_CALL();
  if (queue->context != kernel->program->context) return kInvalidContext;
  auto dispatch = std::make_shared<Dispatch>();
  dispatch->kernel = hold(kernel);
  dispatch->arguments = kernel->arguments;
  nxs_cpu_launch &launch = dispatch->launch;
  launch.struct_size = sizeof launch;
  launch.end = 1;
  for (cl_uint d = 0; d < 3; ++d) {
    launch.grid[d] = d < n ? static_cast<int32_t>(grid[d]) : 1;
    launch.group[d] = d < n ? static_cast<int32_t>(group[d]) : 1;
    launch.groups[d] = (launch.grid[d] + launch.group[d] - 1) / launch.group[d];
    launch.end *= launch.groups[d];
  }
  for (const _cl_kernel::Argument &argument : dispatch->arguments)
    if (!argument.is_set) return kInvalidArgs;
  if (const cl_int why = check_sizes(*dispatch)) return why;
  if (kernel->is_portable) set_grid(*dispatch, kernel->code.info->n_args);
  return queue->add({n_waits, waits, event}, [dispatch] { return dispatch->run(); });
}
