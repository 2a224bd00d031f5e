// What a hostile plugin does where a good one starts: one deed for each plugin, by a macro. The
// stub plugin includes it (STUB_DEEDS).
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

// Waits for the file GATE, which a test makes or never makes.
#ifdef GATE
static void pass_gate(void) {
  while (access(GATE, F_OK) != 0) nanosleep(&(struct timespec){0, 1000000}, NULL);
}
#endif

#ifdef HANGS_IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void) { pass_gate(); }
#endif

#ifdef HANGS_IN_VERSION
#define DEED_API_VERSION
NXS_API nxs_uint nxsGetApiVersion(void) {
  pass_gate();
  return STUB_API_VERSION;
}
#endif

#ifdef SECOND_VERSION  // what it answers when it is asked again
#define DEED_API_VERSION
NXS_API nxs_uint nxsGetApiVersion(void) {
  static int n_asked;
  return n_asked++ ? SECOND_VERSION : STUB_API_VERSION;
}
#endif

#if defined(HANGS) || defined(EXITS) || defined(ENDS_ITS_THREAD)
#define DEED_INITIALIZE
NXS_API nxs_status nxsInitialize(const nxs_init *init) {
  runtime_number = (int)init->runtime;
  ++n_initialized;
#ifdef EXITS
  exit(EXITS);
#elif defined(ENDS_ITS_THREAD)
  pthread_exit(NULL);
#else
  pass_gate();
#endif
  return NXS_Success;
}
#endif

#ifdef SAYS_NOTHING
#define DEED_LAST_ERROR
NXS_API const char *nxsGetLastError(void) { return NULL; }
#endif

#ifdef SAYS_NONSENSE
#define DEED_LAST_ERROR
NXS_API const char *nxsGetLastError(void) { return "gr\xf6 \xff\xfe!"; }
#endif

#ifdef NEVER_ENDS  // 4 MiB of text, and no NUL in the first 3
#define DEED_LAST_ERROR
NXS_API const char *nxsGetLastError(void) {
  static char words[4 << 20];
  memset(words, 'x', 3 << 20);
  return words;
}
#endif
