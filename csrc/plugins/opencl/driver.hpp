// The OpenCL driver: its functions, opened when the plugin starts, and what its statuses say.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cl.h"
#include "sdk/error.hpp"
#include "sdk/locks.hpp"

namespace nxs {

#define NXS_CL_MEMBER(name, returns, parameters) returns(*name) parameters = nullptr;
struct ClDriver {
  NXS_CL_REQUIRED(NXS_CL_MEMBER)
  NXS_CL_OPTIONAL(NXS_CL_MEMBER)
};
#undef NXS_CL_MEMBER

// Opens the ICD loader, once; throws DeviceNotAvailable when it is absent or lacks a function of
// OpenCL 1.2.
void open_driver();
const ClDriver &cl();

// "CL_OUT_OF_RESOURCES (-5)"
std::string cl_name(cl_int status);

// The status of this API for one of OpenCL that nobody foresaw: one that every function may answer.
nxs_status cl_status(cl_int status);

// Whether memory or other resources ran out: that tells nothing of what the driver was asked.
bool is_shortage(cl_int status);

// Throws "<tried>: <what the driver answers>".
[[noreturn]] void refuse_cl(cl_int status, const std::string &tried);

// The same where the driver has run short of something.
void check_shortage(cl_int status, const std::string &tried);

// The same unless it succeeded. `tried` is text, or what makes the text: that of a launch costs
// more than the launch.
template <class Tried>
void check_cl(cl_int status, Tried &&tried) {
  if (status == CL_SUCCESS) [[likely]]
    return;
  if constexpr (std::is_invocable_v<Tried>)
    refuse_cl(status, tried());
  else
    refuse_cl(status, tried);
}

// A child of a fork has nothing of the driver but its memory: no call may be made there.
inline bool is_forked() { return fork_count().load(std::memory_order_relaxed) != 0; }
void refuse_forked();

// Owns one object of the driver.
template <class T, cl_int (*ClDriver::*Release)(T)>
class ClOwned {
 public:
  ClOwned() = default;
  explicit ClOwned(T object) : object_(object) {}
  ClOwned(ClOwned &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ClOwned &operator=(ClOwned &&other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ClOwned() {
    if (object_ && !is_forked()) (cl().*Release)(object_);
  }
  T get() const { return object_; }
  T release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_; }

 private:
  T object_ = nullptr;
};

using ClQueue = ClOwned<cl_command_queue, &ClDriver::clReleaseCommandQueue>;
using ClMem = ClOwned<cl_mem, &ClDriver::clReleaseMemObject>;
using ClProgram = ClOwned<cl_program, &ClDriver::clReleaseProgram>;
using ClKernelObject = ClOwned<cl_kernel, &ClDriver::clReleaseKernel>;

// An event, which its copies share; none is false.
class ClEvent {
 public:
  ClEvent() = default;
  explicit ClEvent(cl_event event) : event_(event) {}
  ClEvent(const ClEvent &other) : event_(other.event_) {
    if (event_) cl().clRetainEvent(event_);
  }
  ClEvent(ClEvent &&other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  ClEvent &operator=(ClEvent other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~ClEvent() {
    if (event_ && !is_forked()) cl().clReleaseEvent(event_);
  }
  const cl_event &get() const { return event_; }
  explicit operator bool() const { return event_; }

 private:
  cl_event event_ = nullptr;
};

// The answer of one of the driver's clGet...Info, which first tells how long it is.
template <class Ask>
std::vector<char> cl_answer(Ask ask) {
  size_t nbytes = 0;
  cl_int status = ask(0, nullptr, &nbytes);
  std::vector<char> bytes(status == CL_SUCCESS ? nbytes : 0);
  if (!bytes.empty()) status = ask(nbytes, bytes.data(), nullptr);
  check_shortage(status, "cannot ask the driver");
  return status == CL_SUCCESS ? bytes : std::vector<char>();
}

// The same as text; what it has no answer to is empty.
template <class Ask>
std::string cl_text(Ask ask) {
  const std::vector<char> bytes = cl_answer(ask);
  return std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0'));
}

}  // namespace nxs
