/* The plain OpenCL calls that bench_opencl.py compares with: each loop answers microseconds per
 * launch, or less than nothing when the driver refused one. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <time.h>

#include "plugins/opencl/cl.h"

#define MEMBER(name, returns, parameters) returns(*name) parameters;
static struct {
  NXS_CL_REQUIRED(MEMBER)
} cl;

static cl_command_queue queue;
static cl_kernel kernel;
static cl_mem buffer;
static size_t grid, group;

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* A queue, a buffer and the kernel with its argument set, on the first device; 0: all is there. */
cl_int prepare(const char *source, const char *name, size_t n_items, size_t n_group) {
  void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!loader) return -1;
#define FIND(name, returns, parameters) \
  if (!(*(void **)&cl.name = dlsym(loader, #name))) return -1;
  NXS_CL_REQUIRED(FIND)
  cl_platform_id platform;
  cl_device_id device;
  cl_int status = cl.clGetPlatformIDs(1, &platform, NULL);
  if (!status) status = cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL);
  if (status) return status;
  cl_context context = cl.clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  if (status) return status;
  queue = cl.clCreateCommandQueue(context, device, 0, &status);
  if (!status)
    buffer = cl.clCreateBuffer(context, CL_MEM_READ_WRITE, n_items * sizeof(float), NULL, &status);
  if (status) return status;
  cl_program program = cl.clCreateProgramWithSource(context, 1, &source, NULL, &status);
  if (!status) status = cl.clBuildProgram(program, 1, &device, "", NULL, NULL);
  if (status) return status;
  kernel = cl.clCreateKernel(program, name, &status);
  grid = n_items;
  group = n_group;
  return status ? status : cl.clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
}

static cl_int launch(int sets_argument) {
  if (sets_argument) cl.clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
  return cl.clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &grid, &group, 0, NULL, NULL);
}

double launch_and_wait(int sets_argument, long n) {
  const double start = now_us();
  for (long i = 0; i < n; ++i)
    if (launch(sets_argument) || cl.clFinish(queue)) return -1;
  return (now_us() - start) / (double)n;
}

double launch_many(int sets_argument, long n) {
  const double start = now_us();
  for (long i = 0; i < n; ++i)
    if (launch(sets_argument)) return -1;
  if (cl.clFinish(queue)) return -1;
  return (now_us() - start) / (double)n;
}

/* The host works for so long after each launch, looking at the clock. */
double launch_paced(double pause_us, long n) {
  double working_until = now_us();
  const double start = working_until;
  for (long i = 0; i < n; ++i) {
    if (launch(0)) return -1;
    working_until = now_us() + pause_us;
    while (pause_us > 0 && now_us() < working_until) {
    }
  }
  if (cl.clFinish(queue)) return -1;
  return (now_us() - start) / (double)n;
}

/* cl_khr_command_buffer: the launches recorded once. */
static void *buffered; /* cl_command_buffer_khr */
static cl_int (*enqueue_buffered)(cl_uint, cl_command_queue *, void *, cl_uint, const cl_event *,
                                  cl_event *);

/* 0: so many launches are recorded; -1: the driver has no command buffers. */
cl_int record(long n) {
  void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  void *(*find)(cl_platform_id, const char *);
  cl_platform_id platform;
  cl_int status = cl.clGetPlatformIDs(1, &platform, NULL);
  *(void **)&find = dlsym(loader, "clGetExtensionFunctionAddressForPlatform");
  if (status || !find) return -1;
  void *(*create)(cl_uint, const cl_command_queue *, const void *, cl_int *);
  cl_int (*add)(void *, cl_command_queue, const void *, cl_kernel, cl_uint, const size_t *,
                const size_t *, const size_t *, cl_uint, const cl_uint *, cl_uint *, void *);
  cl_int (*finalize)(void *);
  *(void **)&create = find(platform, "clCreateCommandBufferKHR");
  *(void **)&add = find(platform, "clCommandNDRangeKernelKHR");
  *(void **)&finalize = find(platform, "clFinalizeCommandBufferKHR");
  *(void **)&enqueue_buffered = find(platform, "clEnqueueCommandBufferKHR");
  if (!create || !add || !finalize || !enqueue_buffered) return -1;
  buffered = create(1, &queue, NULL, &status);
  for (long i = 0; !status && i < n; ++i)
    status = add(buffered, NULL, NULL, kernel, 1, NULL, &grid, &group, 0, NULL, NULL, NULL);
  return status ? status : finalize(buffered);
}

double launch_recorded(long n) {
  const double start = now_us();
  if (enqueue_buffered(0, NULL, buffered, 0, NULL, NULL) || cl.clFinish(queue)) return -1;
  return (now_us() - start) / (double)n;
}
