// The one exception of the SDK and of plugins, and the guard that turns it into a status at each C
// entry point.
#pragma once

#include <nexus/nxs.h>

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "sdk/per_thread.hpp"

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

// The text of the last failing call of each thread.
class LastError {
 public:
  // Before anything can fail; false: the process cannot keep texts.
  static bool prepare() noexcept { return Text::prepare(); }

  static const char *get() noexcept {
    const auto *text = static_cast<const char *>(Text::get());
    return lost_ ? kLost : text ? text : "";
  }

  // Memory may be what has run out: then the text is lost, and says so.
  static void keep(const char *text) noexcept {
    const size_t nbytes = std::strlen(text) + 1;
    void *copy = std::malloc(nbytes);
    if (copy) std::memcpy(copy, text, nbytes);
    lost_ = !copy || !Text::set(copy);
    if (lost_) std::free(copy);
  }

 private:
  using Text = ThreadBlock<LastError>;
  static constexpr const char *kLost =
      "the call failed, and the host has no memory left to say why; free some and try again";
  static inline constinit NXS_THREAD_LOCAL bool lost_ = false;
};

inline constexpr const char *kOutOfMemory =
    "the host has no memory left for this call; free some and try again";

// A failure that is kept: copying it cannot fail.
using Failure = std::shared_ptr<const Error>;

// Made before it is needed; nxsInitialize asks for it once.
inline const Failure &out_of_memory() {
  static const Failure &failure =
      *new Failure(std::make_shared<const Error>(NXS_OutOfHostMemory, kOutOfMemory));
  return failure;
}

inline constexpr const char *kTooLong = "the call needs more host memory than a process can have";
inline constexpr const char *kUnknown = "an unknown C++ exception was thrown inside the plugin";

// The exception in flight, to be kept.
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
      return keep(NXS_OutOfHostMemory, kTooLong);
    } catch (const std::bad_alloc &) {
      return out_of_memory();
    } catch (const std::exception &error) {
      return keep(NXS_OutOfResources, error.what());
    } catch (...) {
      return keep(NXS_OutOfResources, kUnknown);
    }
  } catch (...) {  // of make_shared
    return out_of_memory();
  }
}

inline nxs_status fail(nxs_status status, const char *text) noexcept {
  LastError::keep(text);
  return status;
}

// Keeps the text of the exception in flight; answers its status. Needs no memory but for the text.
inline nxs_status fail() noexcept {
  try {
    throw;
  } catch (const Error &error) {
    return fail(error.status(), error.what());
  } catch (const std::length_error &) {
    return fail(NXS_OutOfHostMemory, kTooLong);
  } catch (const std::bad_alloc &) {
    return fail(NXS_OutOfHostMemory, kOutOfMemory);
  } catch (const std::exception &error) {
    return fail(NXS_OutOfResources, error.what());
  } catch (...) {
    return fail(NXS_OutOfResources, kUnknown);
  }
}

// Runs the body of a C entry point. A body that returns nothing answers NXS_Success; one that
// returns a handle, ticket or status answers that; a thrown error answers its status and leaves its
// text in LastError.
template <class Body>
auto guard(Body &&body) noexcept {
  using Result = std::invoke_result_t<Body>;
  if constexpr (std::is_void_v<Result>) {
    try {
      body();
      return NXS_Success;
    } catch (...) {
      return fail();
    }
  } else {
    try {
      return body();
    } catch (...) {
      return static_cast<Result>(fail());
    }
  }
}

}  // namespace nxs
