// The one exception of the SDK and of plugins, and the guard that turns it into a status at each C
// entry point.
#pragma once

#include <nexus/nxs.h>

#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace nxs {

// What failed: a status for programs and a sentence for people, "tried + values: cause; remedy".
class Error : public std::exception {
 public:
  Error(nxs_status status, std::string message) : status_(status), message_(std::move(message)) {}
  nxs_status status() const noexcept { return status_; }
  const std::string &message() const noexcept { return message_; }
  const char *what() const noexcept override { return message_.c_str(); }

 private:
  nxs_status status_;
  std::string message_;
};

// The text of the last failing call of this thread; nxsGetLastError answers it.
inline std::string &last_error() {
  thread_local std::string text;
  return text;
}

// Keeps the text and passes the status on. Memory may be what has run out, so the text may be lost,
// the status never.
inline nxs_status fail(nxs_status status, const char *text) noexcept {
  try {
    last_error() = text;
  } catch (...) {
    last_error().clear();
  }
  return status;
}

// The status and text of the exception in flight.
inline nxs_status fail_with_current_exception() noexcept {
  try {
    throw;
  } catch (const Error &error) {
    return fail(error.status(), error.what());
  } catch (const std::bad_alloc &) {
    return fail(NXS_OutOfHostMemory, "the host has no memory left for this call");
  } catch (const std::length_error &) {
    return fail(NXS_OutOfHostMemory, "the call needs more host memory than a process can have");
  } catch (const std::system_error &error) {
    return fail(NXS_OutOfResources, error.what());
  } catch (const std::exception &error) {
    return fail(NXS_OutOfResources, error.what());
  } catch (...) {
    return fail(NXS_OutOfResources, "an unknown C++ exception was thrown inside the plugin");
  }
}

// Runs the body of a C entry point. A body that returns nothing answers NXS_Success; one that
// returns a handle, ticket or status answers that; a thrown error answers its status and leaves its
// text in last_error().
template <class Body>
auto guard(Body &&body) noexcept {
  using Result = std::invoke_result_t<Body>;
  if constexpr (std::is_void_v<Result>) {
    try {
      body();
      return NXS_Success;
    } catch (...) {
      return fail_with_current_exception();
    }
  } else {
    try {
      return body();
    } catch (...) {
      return static_cast<Result>(fail_with_current_exception());
    }
  }
}

}  // namespace nxs
