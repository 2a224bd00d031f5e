// What a plugin keeps for each thread, without thread_local objects: one that allocates at a
// thread's first use ends the process where there is no memory, and one with a destructor is gone
// when the exit handlers of the process still call the plugin.
#pragma once

#include <pthread.h>

#include <cstdlib>
#include <utility>

namespace nxs {

// For pointers and numbers only. On Linux their place comes with the library, so that no access to
// them can fail; a few bytes for each plugin, of the 1664 that glibc keeps for this.
#if defined(__linux__)
#define NXS_THREAD_LOCAL thread_local __attribute__((tls_model("initial-exec")))
#else
#define NXS_THREAD_LOCAL thread_local
#endif

// Memory of malloc that each thread has one block of, freed when the thread ends. `Tag` names it.
template <class Tag>
class ThreadBlock {
 public:
  // Once, before the first set(); false: the process has no key left.
  static bool prepare() noexcept {
    if (!prepared_) prepared_ = pthread_key_create(&key_, end) == 0;
    return prepared_;
  }

  static void *get() noexcept { return block_; }

  // Takes `block` over and frees the one before; false: nothing has changed, and it stays the
  // caller's.
  static bool set(void *block) noexcept {
    if (!prepared_ || pthread_setspecific(key_, block) != 0) return false;
    std::free(std::exchange(block_, block));
    return true;
  }

 private:
  // Others that end with the thread may still ask.
  static void end(void *block) noexcept {
    block_ = nullptr;
    std::free(block);
  }

  static inline pthread_key_t key_{};
  static inline bool prepared_ = false;
  static inline constinit NXS_THREAD_LOCAL void *block_ = nullptr;
};

}  // namespace nxs
