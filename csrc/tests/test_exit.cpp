// The end of a process that still has work: bounded in time, with the exit status that was asked
// for, without a word, whoever waits and whatever the kernels do.
#include <sys/mman.h>
#include <sys/wait.h>

#include <functional>
#include <thread>

#include "cpu.hpp"

using namespace nxs::test;

namespace {

constexpr int kStatus = 7;
constexpr double kLimitMs = 5000;  // 2000 are promised; the rest is for a busy machine

constexpr const char *kSource = R"(
#include <nexus/cpu_kernel.h>
#include <cstdlib>
#include <unistd.h>
NXS_CPU_KERNEL(endless, inout(int, y)) { for (;;) usleep(1000), y[0] = 1; }
NXS_CPU_KERNEL(quits, inout(int, y)) { y[0] = 1; std::exit(7); }
int number;
int *volatile used = &number;
struct Global {
  ~Global() { used = nullptr, usleep(50000); }  // a kernel that runs now is a crash
} global;
NXS_CPU_KERNEL(uses_a_global, inout(int, y)) {
  for (int64_t g = launch->begin; g < launch->end; ++g) usleep(100), *used = 1;
  y[0] = y[0];
}
)";

// Shared with the child, which tells when it begins to end.
std::atomic<int64_t> *exit_began_ns;

[[noreturn]] void end() {
  *exit_began_ns = std::chrono::steady_clock::now().time_since_epoch().count();
  std::exit(nxs::test::failures() ? 1 : kStatus);
}

// What the child of a fork says on stderr.
std::string words_of(int from) {
  std::string words;
  char part[4096];
  for (ssize_t n; (n = read(from, part, sizeof part)) > 0;) words.append(part, size_t(n));
  close(from);
  return words;
}

// Runs `work`, which ends the process, in a child.
void test_end(const char *name, const std::function<void()> &work) {
  int fds[2];
  CHECK(pipe(fds) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);                  // seconds; a hang is a failure too
    nxs::test::failures() = 0;  // those of the parent were told
    dup2(fds[1], STDERR_FILENO);
    close(fds[0]), close(fds[1]);
    work();
    _exit(1);
  }
  close(fds[1]);
  const std::string words = words_of(fds[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  const double ms = static_cast<double>(now - *exit_began_ns) * 1e-6;
  const bool well = WIFEXITED(status) && WEXITSTATUS(status) == kStatus && words.empty();
  if (!well || ms > kLimitMs)
    std::fprintf(stderr, "%s: status %x after %.0f ms: %s\n", name, unsigned(status), ms,
                 words.c_str());
  CHECK(well && ms <= kLimitMs);
}

// A run of one kernel on a stream of its own.
void run(const std::string &path, const char *name, uint32_t n_groups, nxs_flags flags) {
  library = api->CreateLibraryFromFile(0, path.c_str());
  static Buffer buffer(1);
  const nxs_handle schedule = api->CreateSchedule(0, 0);
  dispatch(schedule, name, buffer, 1, n_groups);
  const nxs_handle stream = api->CreateStream(0, 0);
  CHECK(api->RunSchedule(schedule, stream, flags) > 0);
  usleep(50000);  // it is under way; who waits for it would be caught in it
}

void test_kernels_that_never_end(const std::string &folder, const std::string &path) {
  test_end("endless", [&] {
    api = &plugin(folder, "cpu");
    for (int i = 0; i < 8; ++i) {  // each has a handler at exit: they do not add up
      const std::string other = build("int x" + std::to_string(i) + ";", "other");
      CHECK(api->CreateLibraryFromFile(0, other.c_str()) > 0);
      std::remove(other.c_str());
    }
    run(path, "endless", 64, 0);
    end();
  });
}

void test_threads_that_wait(const std::string &folder, const std::string &path) {
  test_end("waiting threads", [&] {
    api = &plugin(folder, "cpu");
    run(path, "endless", 64, 0);
    const nxs_handle event = api->CreateEvent(0, 0);
    std::thread([&] { api->WaitEvent(event, 1, NXS_WAIT_FOREVER); }).detach();
    std::thread([&] { run(path, "endless", 64, NXS_RunFlags_Blocking); }).detach();
    std::thread([&] {
      api->SynchronizeStream(api->GetDefaultStream(0), NXS_WAIT_FOREVER);
    }).detach();
    usleep(100000);
    end();
  });
}

void test_a_thread_ends_the_process_while_the_first_one_runs(const std::string &folder,
                                                             const std::string &path) {
  test_end("another thread", [&] {
    api = &plugin(folder, "cpu");
    std::thread([] { usleep(200000), end(); }).detach();
    run(path, "endless", 64, NXS_RunFlags_Blocking);
  });
}

void test_a_kernel_ends_the_process(const std::string &folder, const std::string &path) {
  test_end("kernel", [&] {
    api = &plugin(folder, "cpu");
    *exit_began_ns = std::chrono::steady_clock::now().time_since_epoch().count();
    run(path, "quits", 64, NXS_RunFlags_Blocking);
  });
}

void test_no_group_runs_beside_destructors(const std::string &folder, const std::string &path) {
  for (int i = 0; i < 5; ++i)
    test_end("globals of a library", [&] {
      api = &plugin(folder, "cpu");
      run(path, "uses_a_global", 20000, 0);
      end();
    });
}

// What the program registered before the plugin was there runs after all that the plugin could do.
void test_handlers_of_the_process_may_still_call(const std::string &folder) {
  for (const char *name : {"cpu", "null"})
    test_end("a late handler", [&] {
      std::atexit([] {
        const bool refused = api->ReleaseBuffer(0) == NXS_InvalidBuffer;
        if (!refused || !contains(api->GetLastError(), "is no handle")) _exit(1);
      });
      api = &plugin(folder, name);
      CHECK(api->ReleaseStream(1) == NXS_InvalidStream);  // there is a text already
      CHECK(contains(api->GetLastError(), "handle 1"));
      end();
    });
}

}  // namespace

int main(int, char **argv) {
  exit_began_ns = static_cast<std::atomic<int64_t> *>(mmap(nullptr, sizeof(std::atomic<int64_t>),
                                                           PROT_READ | PROT_WRITE,
                                                           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const std::string folder = argv[1], path = build(kSource, "exit");
  test_kernels_that_never_end(folder, path);
  test_threads_that_wait(folder, path);
  test_a_thread_ends_the_process_while_the_first_one_runs(folder, path);
  test_a_kernel_ends_the_process(folder, path);
  test_no_group_runs_beside_destructors(folder, path);
  test_handlers_of_the_process_may_still_call(folder);
  std::remove(path.c_str());
  return nxs::test::failures();
}
