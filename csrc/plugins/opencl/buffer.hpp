// Buffers: memory of a device, memory it shares with the host, and memory of the host itself.
#pragma once

#include "device.hpp"
#include "sdk/buffer.hpp"

namespace nxs {

// An object of the driver that is made by whoever needs it first.
class LazyMem {
 public:
  LazyMem() = default;
  LazyMem(const LazyMem &) = delete;
  LazyMem &operator=(const LazyMem &) = delete;
  ~LazyMem() { reset(); }

  template <class Make>
  cl_mem get(Make make) {
    cl_mem known = object_.load(std::memory_order_acquire);
    if (known) return known;
    ClMem made = make();
    if (object_.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel))
      known = made.release();
    return known;
  }
  void reset() { ClMem(object_.exchange(nullptr)); }

 private:
  std::atomic<cl_mem> object_{nullptr};
};

// The bytes under one buffer and all its views.
class ClMemory {
 public:
  enum Kind {
    kOfDevice,  // the host has no address for it
    kShared,    // host and device both use it at its address, without asking (fine-grained SVM)
    kWrapped,   // the host's; somebody else's
  };

  ClMemory(const ClDevice &device, size_t nbytes, nxs_flags flags);
  ClMemory(const ClDevice &device, size_t nbytes, void *host_ptr);  // wraps it
  ClMemory(const ClMemory &) = delete;
  ClMemory &operator=(const ClMemory &) = delete;
  ~ClMemory();

  bool host_reaches() const { return kind_ != kOfDevice; }
  bool is_wrapped() const { return kind_ == kWrapped; }
  // Kernels take its address, and any address in it.
  bool is_address() const { return kind_ == kShared || (kind_ == kWrapped && device_.shares_host); }
  const ClDevice &device() const { return device_; }
  cl_mem object();  // all of it

  std::byte *data = nullptr;  // of kOfDevice an address that nobody may use

 private:
  const ClDevice &device_;
  const size_t nbytes_;
  Kind kind_;
  LazyMem object_;
};

struct ClBuffer : BufferView<ClMemory> {
  // This part alone, as a kernel takes it; NULL where the driver can begin no object there.
  cl_mem object() const;

 private:
  mutable LazyMem part_;
};

std::shared_ptr<ClBuffer> create_cl_buffer(nxs_int device, size_t nbytes, nxs_flags flags,
                                           const void *host_ptr);

// Between a buffer and the host; no run in flight uses it.
void copy_cl_buffer(const ClBuffer &buffer, void *host_ptr, nxs_copy_flags direction);

}  // namespace nxs
