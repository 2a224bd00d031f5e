// Answers, with the CUDA toolkit's own calculator, how many groups a multiprocessor holds. Reads
// the properties of a device, then launches, one a line: group size, registers, group memory.
#include <cstdio>

#include "cuda_occupancy.h"

int main() {
  cudaOccDeviceProp device;
  cudaOccDeviceState state;
  if (std::scanf("%d %d %d %d %d %d %zu %zu %zu %zu", &device.computeMajor, &device.computeMinor,
                 &device.maxThreadsPerBlock, &device.maxThreadsPerMultiprocessor,
                 &device.regsPerBlock, &device.regsPerMultiprocessor, &device.sharedMemPerBlock,
                 &device.sharedMemPerMultiprocessor, &device.sharedMemPerBlockOptin,
                 &device.reservedSharedMemPerBlock) != 10)
    return 2;
  device.warpSize = 32;
  device.numSms = 1;
  state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
  int group_size = 0, registers = 0;
  size_t group_memory = 0;
  while (std::scanf("%d %d %zu", &group_size, &registers, &group_memory) == 3) {
    cudaOccFuncAttributes kernel;
    kernel.maxThreadsPerBlock = device.maxThreadsPerBlock;
    kernel.numRegs = registers;
    kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
    kernel.maxDynamicSharedSizeBytes = group_memory;
    cudaOccResult result;
    const cudaOccError error = cudaOccMaxActiveBlocksPerMultiprocessor(
        &result, &device, &kernel, &state, group_size, group_memory);
    std::printf("%d\n", error == CUDA_OCC_SUCCESS ? result.activeBlocksPerMultiprocessor
                                                  : -static_cast<int>(error));
  }
  return 0;
}
