/* What this plugin uses of OpenCL: types, values and the shape of functions. Written for nexus
 * after the OpenCL 3.0 specification, so that no package is needed to build; a test compares it
 * with the headers of Khronos where they are installed. */
#ifndef NEXUS_PLUGINS_OPENCL_CL_H_
#define NEXUS_PLUGINS_OPENCL_CL_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int8_t cl_char;
typedef uint8_t cl_uchar;
typedef int32_t cl_int;
typedef uint32_t cl_uint;
typedef uint64_t cl_ulong;
typedef cl_uint cl_bool;
typedef cl_ulong cl_bitfield;

typedef struct _cl_platform_id *cl_platform_id;
typedef struct _cl_device_id *cl_device_id;
typedef struct _cl_context *cl_context;
typedef struct _cl_command_queue *cl_command_queue;
typedef struct _cl_mem *cl_mem;
typedef struct _cl_program *cl_program;
typedef struct _cl_kernel *cl_kernel;
typedef struct _cl_event *cl_event;
typedef intptr_t cl_context_properties;
typedef cl_ulong cl_queue_properties;

typedef struct _cl_buffer_region {
  size_t origin;
  size_t size;
} cl_buffer_region;

/* Statuses. */
#define CL_SUCCESS 0
#define CL_DEVICE_NOT_FOUND -1
#define CL_DEVICE_NOT_AVAILABLE -2
#define CL_MEM_OBJECT_ALLOCATION_FAILURE -4
#define CL_OUT_OF_RESOURCES -5
#define CL_OUT_OF_HOST_MEMORY -6
#define CL_BUILD_PROGRAM_FAILURE -11
#define CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST -14
#define CL_INVALID_PROGRAM_EXECUTABLE -45
#define CL_INVALID_BUFFER_SIZE -61
#define CL_PLATFORM_NOT_FOUND_KHR -1001

/* Platforms and devices. */
#define CL_PLATFORM_VERSION 0x0901
#define CL_PLATFORM_NAME 0x0902
#define CL_DEVICE_TYPE_CPU (1 << 1)
#define CL_DEVICE_TYPE_GPU (1 << 2)
#define CL_DEVICE_TYPE_ALL 0xFFFFFFFF
#define CL_DEVICE_TYPE 0x1000
#define CL_DEVICE_MAX_COMPUTE_UNITS 0x1002
#define CL_DEVICE_MAX_WORK_GROUP_SIZE 0x1004
#define CL_DEVICE_MAX_WORK_ITEM_SIZES 0x1005
#define CL_DEVICE_MAX_CLOCK_FREQUENCY 0x100C
#define CL_DEVICE_MAX_MEM_ALLOC_SIZE 0x1010
#define CL_DEVICE_MEM_BASE_ADDR_ALIGN 0x1019
#define CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE 0x101D
#define CL_DEVICE_GLOBAL_MEM_CACHE_SIZE 0x101E
#define CL_DEVICE_GLOBAL_MEM_SIZE 0x101F
#define CL_DEVICE_LOCAL_MEM_SIZE 0x1023
#define CL_DEVICE_NAME 0x102B
#define CL_DEVICE_VENDOR 0x102C
#define CL_DRIVER_VERSION 0x102D
#define CL_DEVICE_VERSION 0x102F
#define CL_DEVICE_EXTENSIONS 0x1030
#define CL_DEVICE_HOST_UNIFIED_MEMORY 0x1035
#define CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT 0x103A
#define CL_DEVICE_OPENCL_C_VERSION 0x103D
#define CL_DEVICE_SVM_CAPABILITIES 0x1053
#define CL_DEVICE_IL_VERSION 0x105B
#define CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT 0x1065
#define CL_DEVICE_SVM_FINE_GRAIN_BUFFER (1 << 1)
#define CL_DEVICE_SVM_FINE_GRAIN_SYSTEM (1 << 2)

#define CL_CONTEXT_PLATFORM 0x1084

/* Of vendors: what names the architecture. */
#define CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV 0x4000
#define CL_DEVICE_COMPUTE_CAPABILITY_MINOR_NV 0x4001
#define CL_DEVICE_WARP_SIZE_NV 0x4003
#define CL_DEVICE_WAVEFRONT_WIDTH_AMD 0x4043

/* Queues. */
#define CL_QUEUE_PROPERTIES 0x1093
#define CL_QUEUE_PROFILING_ENABLE (1 << 1)

/* Memory. */
#define CL_MEM_READ_WRITE (1 << 0)
#define CL_MEM_USE_HOST_PTR (1 << 3)
#define CL_MEM_ALLOC_HOST_PTR (1 << 4)
#define CL_MEM_SVM_FINE_GRAIN_BUFFER (1 << 10)
#define CL_BUFFER_CREATE_TYPE_REGION 0x1220

/* Programs. */
#define CL_PROGRAM_BINARY_SIZES 0x1165
#define CL_PROGRAM_BINARIES 0x1166
#define CL_PROGRAM_KERNEL_NAMES 0x1168
#define CL_PROGRAM_BUILD_LOG 0x1183

/* Kernels. */
#define CL_KERNEL_NUM_ARGS 0x1191
#define CL_KERNEL_ARG_ADDRESS_QUALIFIER 0x1196
#define CL_KERNEL_ARG_TYPE_NAME 0x1198
#define CL_KERNEL_ARG_TYPE_QUALIFIER 0x1199
#define CL_KERNEL_ARG_NAME 0x119A
#define CL_KERNEL_ARG_ADDRESS_GLOBAL 0x119B
#define CL_KERNEL_ARG_ADDRESS_LOCAL 0x119C
#define CL_KERNEL_ARG_ADDRESS_CONSTANT 0x119D
#define CL_KERNEL_ARG_TYPE_CONST (1 << 0)
#define CL_KERNEL_WORK_GROUP_SIZE 0x11B0
#define CL_KERNEL_COMPILE_WORK_GROUP_SIZE 0x11B1
#define CL_KERNEL_LOCAL_MEM_SIZE 0x11B2
#define CL_KERNEL_PRIVATE_MEM_SIZE 0x11B4

/* Events. */
#define CL_EVENT_COMMAND_EXECUTION_STATUS 0x11D3
#define CL_COMPLETE 0x0
#define CL_PROFILING_COMMAND_START 0x1282
#define CL_PROFILING_COMMAND_END 0x1283

/* NXS_CL_FUNCTION(name, returns, parameters) for what every OpenCL 1.2 has. */
#define NXS_CL_REQUIRED(NXS_CL_FUNCTION)                                                          \
  NXS_CL_FUNCTION(clGetPlatformIDs, cl_int, (cl_uint, cl_platform_id *, cl_uint *))               \
  NXS_CL_FUNCTION(clGetPlatformInfo, cl_int, (cl_platform_id, cl_uint, size_t, void *, size_t *)) \
  NXS_CL_FUNCTION(clGetDeviceIDs, cl_int,                                                         \
                  (cl_platform_id, cl_bitfield, cl_uint, cl_device_id *, cl_uint *))              \
  NXS_CL_FUNCTION(clGetDeviceInfo, cl_int, (cl_device_id, cl_uint, size_t, void *, size_t *))     \
  NXS_CL_FUNCTION(clCreateContext, cl_context,                                                    \
                  (const cl_context_properties *, cl_uint, const cl_device_id *,                  \
                   void (*)(const char *, const void *, size_t, void *), void *, cl_int *))       \
  NXS_CL_FUNCTION(clCreateCommandQueue, cl_command_queue,                                         \
                  (cl_context, cl_device_id, cl_bitfield, cl_int *))                              \
  NXS_CL_FUNCTION(clReleaseCommandQueue, cl_int, (cl_command_queue))                              \
  NXS_CL_FUNCTION(clCreateBuffer, cl_mem, (cl_context, cl_bitfield, size_t, void *, cl_int *))    \
  NXS_CL_FUNCTION(clCreateSubBuffer, cl_mem,                                                      \
                  (cl_mem, cl_bitfield, cl_uint, const void *, cl_int *))                         \
  NXS_CL_FUNCTION(clReleaseMemObject, cl_int, (cl_mem))                                           \
  NXS_CL_FUNCTION(clCreateProgramWithSource, cl_program,                                          \
                  (cl_context, cl_uint, const char **, const size_t *, cl_int *))                 \
  NXS_CL_FUNCTION(clCreateProgramWithBinary, cl_program,                                          \
                  (cl_context, cl_uint, const cl_device_id *, const size_t *,                     \
                   const unsigned char **, cl_int *, cl_int *))                                   \
  NXS_CL_FUNCTION(clBuildProgram, cl_int,                                                         \
                  (cl_program, cl_uint, const cl_device_id *, const char *,                       \
                   void (*)(cl_program, void *), void *))                                         \
  NXS_CL_FUNCTION(clGetProgramInfo, cl_int, (cl_program, cl_uint, size_t, void *, size_t *))      \
  NXS_CL_FUNCTION(clGetProgramBuildInfo, cl_int,                                                  \
                  (cl_program, cl_device_id, cl_uint, size_t, void *, size_t *))                  \
  NXS_CL_FUNCTION(clReleaseProgram, cl_int, (cl_program))                                         \
  NXS_CL_FUNCTION(clCreateKernel, cl_kernel, (cl_program, const char *, cl_int *))                \
  NXS_CL_FUNCTION(clReleaseKernel, cl_int, (cl_kernel))                                           \
  NXS_CL_FUNCTION(clSetKernelArg, cl_int, (cl_kernel, cl_uint, size_t, const void *))             \
  NXS_CL_FUNCTION(clGetKernelInfo, cl_int, (cl_kernel, cl_uint, size_t, void *, size_t *))        \
  NXS_CL_FUNCTION(clGetKernelArgInfo, cl_int,                                                     \
                  (cl_kernel, cl_uint, cl_uint, size_t, void *, size_t *))                        \
  NXS_CL_FUNCTION(clGetKernelWorkGroupInfo, cl_int,                                               \
                  (cl_kernel, cl_device_id, cl_uint, size_t, void *, size_t *))                   \
  NXS_CL_FUNCTION(clEnqueueReadBuffer, cl_int,                                                    \
                  (cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint,            \
                   const cl_event *, cl_event *))                                                 \
  NXS_CL_FUNCTION(clEnqueueWriteBuffer, cl_int,                                                   \
                  (cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,      \
                   const cl_event *, cl_event *))                                                 \
  NXS_CL_FUNCTION(clEnqueueCopyBuffer, cl_int,                                                    \
                  (cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, cl_uint,             \
                   const cl_event *, cl_event *))                                                 \
  NXS_CL_FUNCTION(clEnqueueFillBuffer, cl_int,                                                    \
                  (cl_command_queue, cl_mem, const void *, size_t, size_t, size_t, cl_uint,       \
                   const cl_event *, cl_event *))                                                 \
  NXS_CL_FUNCTION(clEnqueueNDRangeKernel, cl_int,                                                 \
                  (cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,          \
                   const size_t *, cl_uint, const cl_event *, cl_event *))                        \
  NXS_CL_FUNCTION(clEnqueueMarkerWithWaitList, cl_int,                                            \
                  (cl_command_queue, cl_uint, const cl_event *, cl_event *))                      \
  NXS_CL_FUNCTION(clGetEventInfo, cl_int, (cl_event, cl_uint, size_t, void *, size_t *))          \
  NXS_CL_FUNCTION(clGetEventProfilingInfo, cl_int, (cl_event, cl_uint, size_t, void *, size_t *)) \
  NXS_CL_FUNCTION(clSetEventCallback, cl_int,                                                     \
                  (cl_event, cl_int, void (*)(cl_event, cl_int, void *), void *))                 \
  NXS_CL_FUNCTION(clRetainEvent, cl_int, (cl_event))                                              \
  NXS_CL_FUNCTION(clReleaseEvent, cl_int, (cl_event))                                             \
  NXS_CL_FUNCTION(clWaitForEvents, cl_int, (cl_uint, const cl_event *))                           \
  NXS_CL_FUNCTION(clFlush, cl_int, (cl_command_queue))                                            \
  NXS_CL_FUNCTION(clFinish, cl_int, (cl_command_queue))

/* And for what later versions added: a driver, or the ICD loader, may lack them. */
#define NXS_CL_OPTIONAL(NXS_CL_FUNCTION)                                                \
  NXS_CL_FUNCTION(clCreateCommandQueueWithProperties, cl_command_queue,                 \
                  (cl_context, cl_device_id, const cl_queue_properties *, cl_int *))    \
  NXS_CL_FUNCTION(clSVMAlloc, void *, (cl_context, cl_bitfield, size_t, cl_uint))       \
  NXS_CL_FUNCTION(clSVMFree, void, (cl_context, void *))                                \
  NXS_CL_FUNCTION(clSetKernelArgSVMPointer, cl_int, (cl_kernel, cl_uint, const void *)) \
  NXS_CL_FUNCTION(clCreateProgramWithIL, cl_program, (cl_context, const void *, size_t, cl_int *))

#ifdef __cplusplus
}
#endif

#endif
