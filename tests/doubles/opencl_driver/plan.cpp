// Reads the options, counts calls, and lets a test say which of them fail.
#include "plan.hpp"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sstream>

namespace fake {
namespace {

std::vector<std::string> split(const std::string &text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

void set(Options &options, const std::string &word) {
  const size_t at = word.find('=');
  const std::string name = word.substr(0, at), value = at == word.npos ? "" : word.substr(at + 1);
  const std::pair<const char *, int *> numbers[] = {{"platforms", &options.platforms},
                                                    {"devices", &options.devices},
                                                    {"svm", &options.svm},
                                                    {"unified", &options.unified},
                                                    {"shadow", &options.shadow},
                                                    {"spirv", &options.spirv},
                                                    {"arg_info", &options.arg_info},
                                                    {"uneven", &options.uneven},
                                                    {"alignment", &options.alignment},
                                                    {"binaries", &options.binaries},
                                                    {"pause_us", &options.pause_us}};
  for (const auto &[known, number] : numbers)
    if (name == known) return void(*number = std::atoi(value.c_str()));
  if (name == "version") return void(options.version = value);
  if (name == "memory") return void(options.memory = std::strtoull(value.c_str(), nullptr, 10));
  if (name == "kernels") return void(options.kernels = split(value, ':'));
  std::fprintf(stderr, "OPENCL_DOUBLE: %s is no option\n", word.c_str());
  std::abort();
}

// Counts calls or commands, of which the n-th fails; a test changes it while nothing runs.
class Plan {
 public:
  void begin(int64_t fails_at, cl_int status) {
    std::lock_guard lock(mutex_);
    n_ = 0;
    fails_at_ = fails_at;
    status_ = status;
    failed_.clear();
  }
  cl_int next(const char *what) {
    if (is_lost()) return CL_OUT_OF_RESOURCES;
    std::lock_guard lock(mutex_);
    if (++n_ != fails_at_) return CL_SUCCESS;
    failed_ = what;
    return status_;
  }
  int64_t n() {
    std::lock_guard lock(mutex_);
    return n_;
  }
  const char *failed() const { return failed_.c_str(); }

 private:
  std::mutex mutex_;
  int64_t n_ = 0, fails_at_ = 0;
  cl_int status_ = CL_SUCCESS;
  std::string failed_;  // whose turn it was
};

// Never destroyed: the threads of queues go on.
Plan &calls = *new Plan, &commands = *new Plan;

std::atomic<bool> lost{false};

}  // namespace

std::atomic<int> n_alive[kKinds];

int Options::version_number() const {
  return 100 * (version[0] - '0') + (version.size() > 2 ? version[2] - '0' : 0);
}

const Options &options() {
  static const Options &options = *[] {
    auto *made = new Options;
    const char *words = std::getenv("OPENCL_DOUBLE");
    for (const std::string &word : split(words ? words : "", ' ')) set(*made, word);
    return made;
  }();
  return options;
}

bool is_lost() { return lost.load(); }

cl_int planned(const char *function) { return calls.next(function); }
cl_int planned_of_command() { return commands.next("command"); }

}  // namespace fake

// ---- for tests, in the process that has this driver open ----------------------------------------

// The n-th call from now on answers this; 0: none does.
FAKE_API void opencl_double_fail(int64_t n, cl_int status) { fake::calls.begin(n, status); }

// The n-th command that is executed from now on ends with this.
FAKE_API void opencl_double_fail_command(int64_t n, cl_int status) {
  fake::commands.begin(n, status);
}

// From now on every call and command fails.
FAKE_API void opencl_double_lose() { fake::lost.store(true); }

// Calls that could have failed since the plan was made.
FAKE_API int64_t opencl_double_calls() { return fake::calls.n(); }

// The function that failed as planned, or "".
FAKE_API const char *opencl_double_failed() { return fake::calls.failed(); }

FAKE_API int opencl_double_alive(int kind) { return fake::n_alive[kind].load(); }
