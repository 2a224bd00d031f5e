// The one exception of the SDK and of plugins, and the guard that turns it into a status at each C
// entry point.
#pragma once

#include <nexus/nxs.h>

#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
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

// A failure that is kept: copying it cannot fail.
using Failure = std::shared_ptr<const Error>;

// Made before it is needed; nxsInitialize asks for it once.
inline const Failure &out_of_memory() {
  static const Failure &failure = *new Failure(std::make_shared<const Error>(
      NXS_OutOfHostMemory, "the host has no memory left for this call; free some and try again"));
  return failure;
}

// The exception in flight.
inline Failure current_failure() noexcept {
  const auto keep = [](nxs_status status, const char *text) {
    return std::make_shared<const Error>(status, text);
  };
  try {
    try {
      throw;
    } catch (const Error &error) {
      return std::make_shared<const Error>(error);
    } catch (const std::length_error &) {
      return keep(NXS_OutOfHostMemory, "the call needs more host memory than a process can have");
    } catch (const std::bad_alloc &) {
      return out_of_memory();
    } catch (const std::exception &error) {
      return keep(NXS_OutOfResources, error.what());
    } catch (...) {
      return keep(NXS_OutOfResources, "an unknown C++ exception was thrown inside the plugin");
    }
  } catch (...) {  // of make_shared
    return out_of_memory();
  }
}

// Keeps the text and passes the status on. Memory may be what has run out, so the text may be lost,
// the status never.
inline nxs_status fail(const Failure &failure) noexcept {
  try {
    last_error() = failure->message();
  } catch (...) {
    last_error().clear();
  }
  return failure->status();
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
      return fail(current_failure());
    }
  } else {
    try {
      return body();
    } catch (...) {
      return static_cast<Result>(fail(current_failure()));
    }
  }
}

}  // namespace nxs
