// Doubles of what a plugin asks of the system, in the place of the real functions for the whole
// program that includes this: the N-th call of a class fails, or all from the N-th on. Include it
// in one file.
//
// What has no double cannot fail as the plugins use it: locking and unlocking a mutex, and waiting
// for and waking sleepers (POSIX gives them errors only for kinds of mutexes that are not used
// here, and for wrong use); pthread_sigmask and attributes with constant arguments that are right;
// close, unlink, madvise and dlclose, whose failure leaves nothing to be done; clocks.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>

#include "nexus/nxs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NXS_SANITIZED 1  // the sanitizers have an allocator of their own: only operator new is ours
#else
#define NXS_SANITIZED 0
#endif

namespace nxs::test {

enum class Fault { kNone, kMemory, kThreads, kFiles };

struct Faults {
  std::atomic<Fault> fault{Fault::kNone};
  std::atomic<long> n_left{0};        // calls that still work
  std::atomic<bool> for_good{false};  // all calls fail from there on
  std::atomic<long> n_failed{0};
  std::atomic<long> n_vital{0};   // of these, calls that no caller can do without
  std::atomic<long> n_blocks{0};  // of memory that are in use

  static Faults &instance() {
    static constinit Faults faults;
    return faults;
  }

  bool hits(Fault kind) {
    if (fault.load(std::memory_order_relaxed) != kind) return false;
    const long left = n_left.fetch_sub(1);
    const bool fails = left == 0 || (left < 0 && for_good);
    n_failed += fails;
    return fails;
  }
  bool hits_vitally(Fault kind) {
    const bool fails = hits(kind);
    n_vital += fails;
    return fails;
  }
};

// While it lives, faults of this kind happen.
class Armed {
 public:
  explicit Armed(Fault fault) { Faults::instance().fault = fault; }
  Armed(const Armed &) = delete;
  Armed &operator=(const Armed &) = delete;
  ~Armed() { Faults::instance().fault = Fault::kNone; }
};

}  // namespace nxs::test

// Defines a double, which fails with an errno and a result. Its name in the program is the real
// one, and its name in the source another, so that no declaration of a system header has to be met.
#define NXS_DOUBLE(...) NXS_DOUBLE_THAT(hits, __VA_ARGS__)
#define NXS_VITAL_DOUBLE(...) NXS_DOUBLE_THAT(hits_vitally, __VA_ARGS__)
#define NXS_DOUBLE_THAT(hits, kind, returns, name, parameters, arguments, code, result)          \
  extern "C" NXS_EXPORT returns double_of_##name parameters __asm__(NXS_SYMBOL(name));           \
  returns double_of_##name parameters {                                                          \
    using Function = returns(*) parameters;                                                      \
    static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, #name));                \
    if (nxs::test::Faults::instance().hits(nxs::test::Fault::kind)) return errno = code, result; \
    return real arguments;                                                                       \
  }
#define NXS_SYMBOL(name) #name

NXS_DOUBLE(kThreads, int, pthread_create,
           (void *thread, const void *attributes, void *(*call)(void *), void *argument),
           (thread, attributes, call, argument), EAGAIN, EAGAIN)
NXS_DOUBLE(kThreads, int, pthread_attr_setstacksize, (void *attributes, size_t nbytes),
           (attributes, nbytes), EINVAL, EINVAL)
NXS_DOUBLE(kThreads, int, sched_getaffinity, (int process, size_t nbytes, void *set),
           (process, nbytes, set), EPERM, -1)

#if !NXS_SANITIZED  // which use these themselves, before a program or thread begins
NXS_DOUBLE(kThreads, int, pthread_attr_init, (void *attributes), (attributes), ENOMEM, ENOMEM)
NXS_VITAL_DOUBLE(kThreads, int, pthread_key_create, (void *key, void (*end)(void *)), (key, end),
                 EAGAIN, EAGAIN)
NXS_DOUBLE(kThreads, int, pthread_setspecific, (pthread_key_t key, const void *value), (key, value),
           ENOMEM, ENOMEM)
NXS_VITAL_DOUBLE(kThreads, int, __register_atfork,
                 (void (*prepare)(), void (*parent)(), void (*child)(), void *library),
                 (prepare, parent, child, library), ENOMEM, ENOMEM)
// The handler that was noted last is not noted again: the C library takes a block of memory for
// each 32 of them, which would look like a leak.
extern "C" NXS_EXPORT int double_of_cxa_atexit(void (*end)(void *), void *argument,
                                               void *library) __asm__("__cxa_atexit");
int double_of_cxa_atexit(void (*end)(void *), void *argument, void *library) {
  static std::atomic<void (*)(void *)> last{nullptr};
  using Function = int (*)(void (*)(void *), void *, void *);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "__cxa_atexit"));
  if (nxs::test::Faults::instance().hits_vitally(nxs::test::Fault::kThreads)) return -1;
  return last.exchange(end) == end ? 0 : real(end, argument, library);
}
#endif

NXS_DOUBLE(kFiles, ssize_t, read, (int file, void *data, size_t nbytes), (file, data, nbytes), EIO,
           -1)
NXS_DOUBLE(kFiles, ssize_t, write, (int file, const void *data, size_t nbytes),
           (file, data, nbytes), ENOSPC, -1)
NXS_DOUBLE(kFiles, int, open, (const char *path, int flags, mode_t mode), (path, flags, mode),
           EMFILE, -1)
NXS_DOUBLE(kFiles, int, stat, (const char *path, struct stat *info), (path, info), EACCES, -1)
NXS_DOUBLE(kFiles, int, fstat, (int file, struct stat *info), (file, info), EIO, -1)
NXS_DOUBLE(kFiles, int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, -1)
NXS_DOUBLE(kFiles, int, mkstemp, (char *path), (path), EACCES, -1)
NXS_DOUBLE(kFiles, void *, dlopen, (const char *path, int flags), (path, flags), ENOMEM, nullptr)

#if NXS_SANITIZED

void *operator new(size_t nbytes) {
  if (nxs::test::Faults::instance().hits(nxs::test::Fault::kMemory)) throw std::bad_alloc();
  void *data = std::malloc(nbytes);
  if (!data) throw std::bad_alloc();
  ++nxs::test::Faults::instance().n_blocks;
  return data;
}
void operator delete(void *data) noexcept {
  if (data) --nxs::test::Faults::instance().n_blocks;
  std::free(data);
}
void operator delete(void *data, size_t) noexcept { operator delete(data); }

#else

// The names under which the C library keeps its own.
extern "C" void *__libc_malloc(size_t nbytes);
extern "C" void *__libc_calloc(size_t n, size_t nbytes);
extern "C" void *__libc_realloc(void *data, size_t nbytes);
extern "C" void *__libc_memalign(size_t alignment, size_t nbytes);
extern "C" void __libc_free(void *data);

namespace nxs::test {
// Counts a block that was got; makes the call fail when its turn has come.
template <class Get>
void *allocated(Get get) {
  if (Faults::instance().hits(Fault::kMemory)) return errno = ENOMEM, nullptr;
  void *data = get();
  if (data) ++Faults::instance().n_blocks;
  return data;
}
}  // namespace nxs::test

#define NXS_MEMORY(returns, name, parameters)                                          \
  extern "C" NXS_EXPORT returns double_of_##name parameters __asm__(NXS_SYMBOL(name)); \
  returns double_of_##name parameters

NXS_MEMORY(void *, malloc, (size_t nbytes)) {
  return nxs::test::allocated([=] { return __libc_malloc(nbytes); });
}
NXS_MEMORY(void *, calloc, (size_t n, size_t nbytes)) {
  return nxs::test::allocated([=] { return __libc_calloc(n, nbytes); });
}
NXS_MEMORY(void *, aligned_alloc, (size_t alignment, size_t nbytes)) {
  return nxs::test::allocated([=] { return __libc_memalign(alignment, nbytes); });
}
NXS_MEMORY(int, posix_memalign, (void **out, size_t alignment, size_t nbytes)) {
  void *data = nxs::test::allocated([=] { return __libc_memalign(alignment, nbytes); });
  if (data) *out = data;
  return data ? 0 : ENOMEM;
}
NXS_MEMORY(void, free, (void *data)) {
  if (data) --nxs::test::Faults::instance().n_blocks;
  __libc_free(data);
}
NXS_MEMORY(void *, realloc, (void *data, size_t nbytes)) {
  if (!data) return double_of_malloc(nbytes);
  if (nxs::test::Faults::instance().hits(nxs::test::Fault::kMemory)) return errno = ENOMEM, nullptr;
  return __libc_realloc(data, nbytes);
}

#endif
