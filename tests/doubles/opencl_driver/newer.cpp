// What versions after 1.2 added; a driver of 1.2 is linked without this file.
#include "objects.hpp"

FAKE_API cl_command_queue clCreateCommandQueue(cl_context, cl_device_id, cl_bitfield, cl_int *);

FAKE_API cl_command_queue clCreateCommandQueueWithProperties(cl_context context,
                                                             cl_device_id device,
                                                             const cl_queue_properties *wanted,
                                                             cl_int *status) {
  return clCreateCommandQueue(context, device, wanted[1], status);
}

FAKE_API void *clSVMAlloc(cl_context, cl_bitfield, size_t nbytes, cl_uint) {
  if (fake::planned(__func__) || nbytes > fake::options().memory) return nullptr;
  return fake::allocate_svm(nbytes);
}

FAKE_API void clSVMFree(cl_context, void *memory) { fake::free_svm(memory); }

FAKE_API cl_int clSetKernelArgSVMPointer(cl_kernel kernel, cl_uint index, const void *address) {
  FAKE_CALL();
  constexpr cl_int kInvalidIndex = -49;
  if (index >= kernel->arguments.size()) return kInvalidIndex;
  _cl_kernel::Argument set;
  set.is_set = true;
  const auto *bytes = reinterpret_cast<const std::byte *>(&address);
  set.value.assign(bytes, bytes + sizeof address);
  kernel->arguments[index] = std::move(set);
  return CL_SUCCESS;
}

FAKE_API cl_program clCreateProgramWithIL(cl_context context, const void *bytes, size_t nbytes,
                                          cl_int *status) {
  FAKE_CREATE(status);
  constexpr size_t kMagic = 4;  // bytes; what follows names kernels
  *status = CL_SUCCESS;
  auto *program = fake::Object::make<_cl_program>(context);
  program->text.assign(static_cast<const char *>(bytes) + kMagic, nbytes - kMagic);
  return program;
}
