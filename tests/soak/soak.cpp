// Calls the functions of a plugin at random, from several threads, and checks what holds for all.
//
//   soak PLUGIN KERNELS FOLDER [--seed N] [--calls N] [--seconds N] [--threads N] [--hang N]
//
// It ends with 0 when everything held, prints what did not, and tells on the standard output, as
// JSON, how often each function answered what.
#include "soak.hpp"

#include <thread>

#include "caller.hpp"
#include "check.hpp"

namespace soak {
namespace {

constexpr uint64_t kCallsPerEpoch = 50000;
// Bytes. A stream keeps records, whose texts differ; each of the runtime's threads keeps the
// largest group memory that it was asked for, 1 MiB at most.
constexpr size_t kMayGrow = size_t{6} << 20;

// Ends the program when a call lasts too long, and names it.
void watch(const World &world, const Threads &threads, uint64_t hang_s) {
  while (!world.stop.load()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    for (const auto &thread : threads) {
      if (!thread->record.is_older_than(static_cast<int64_t>(hang_s) * 1'000'000'000)) continue;
      std::fprintf(stderr, "hangs for %llu s: thread %d, %s\n",
                   static_cast<unsigned long long>(hang_s), thread->number,
                   thread->record.text().c_str());
      std::abort();
    }
  }
}

void keep_raising(const World &world, const Threads &threads) {
  for (uint64_t turn = 0; !world.stop.load(); ++turn) {
    raise_events(world, threads, turn);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void call_for_an_epoch(Thread &thread, uint64_t n_calls, int64_t end_ns) {
  begin_on_this_thread(thread);
  for (uint64_t i = 0; i < n_calls && now_ns() < end_ns; ++i) make_call(thread, thread.n_calls++);
}

// Memory may be given back by a thread of the runtime.
size_t settled_nbytes(size_t enough) {
  size_t nbytes = allocated_nbytes();
  for (int i = 0; i < 2000 && nbytes > enough; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    nbytes = allocated_nbytes();
  }
  return nbytes;
}

// False: memory grows from epoch to epoch.
bool check_memory(Outcome &outcome) {
  const bool is_first = outcome.n_epochs == 1;
  const size_t most = outcome.first_nbytes + kMayGrow;
  outcome.last_nbytes = settled_nbytes(is_first ? SIZE_MAX : most);
  if (is_first) outcome.first_nbytes = outcome.last_nbytes;
  if (is_first || outcome.last_nbytes <= most) return true;
  violations().add("memory has grown from " + std::to_string(outcome.first_nbytes) + " to " +
                   std::to_string(outcome.last_nbytes) + " bytes after epoch " +
                   std::to_string(outcome.n_epochs));
  return false;
}

void print_counts(const Threads &threads) {
  std::printf("  \"functions\": {\n");
  for (int function = 0; function < kFunctionCount; ++function) {
    std::printf("    \"%s\": {", kFunctions[function].name);
    const char *comma = "";
    for (size_t status = 0; status < kStatuses; ++status) {
      uint64_t n = 0;
      for (const auto &thread : threads) n += thread->counts[static_cast<size_t>(function)][status];
      if (n == 0) continue;
      std::printf("%s\"%d\": %llu", comma, -static_cast<int>(status),
                  static_cast<unsigned long long>(n));
      comma = ", ";
    }
    std::printf("}%s\n", function + 1 < kFunctionCount ? "," : "");
  }
  std::printf("  }\n");
}

void print_report(const Options &options, const Threads &threads, const Outcome &outcome) {
  const auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  uint64_t n_calls = 0, sequence = 0;
  for (const auto &thread : threads) {
    n_calls += thread->n_calls;
    sequence ^= thread->sequence * (2 * static_cast<uint64_t>(thread->number) + 1);
  }
  std::printf("{\n  \"seed\": %llu,\n  \"threads\": %zu,\n  \"calls\": %llu,\n",
              number(options.seed), threads.size(), number(n_calls));
  std::printf("  \"epochs\": %d,\n  \"seconds\": %.1f,\n  \"sequence\": \"%016llx\",\n",
              outcome.n_epochs, static_cast<double>(outcome.ns) * 1e-9, number(sequence));
  std::printf("  \"bytes_after_first_epoch\": %zu,\n  \"bytes_at_end\": %zu,\n",
              outcome.first_nbytes, outcome.last_nbytes);
  std::printf("  \"violations\": %d,\n", violations().count());
  print_counts(threads);
  std::printf("}\n");
}

Outcome run_epochs(const Options &options, Threads &threads) {
  Outcome outcome;
  const int64_t began_ns = now_ns();
  const int64_t end_ns = began_ns + static_cast<int64_t>(options.seconds) * 1'000'000'000;
  for (uint64_t left = options.calls; left && now_ns() < end_ns;) {
    const uint64_t n_calls = std::min(left, kCallsPerEpoch);
    std::vector<std::thread> running;
    for (size_t i = 0; i < threads.size(); ++i) {
      const uint64_t n = n_calls / threads.size() + (i < n_calls % threads.size());
      running.emplace_back(call_for_an_epoch, std::ref(*threads[i]), n, end_ns);
    }
    for (std::thread &thread : running) thread.join();
    left -= n_calls;
    end_epoch(threads);
    ++outcome.n_epochs;
    if (!check_memory(outcome)) break;
  }
  outcome.ns = now_ns() - began_ns;
  return outcome;
}

Options read_options(int n_words, char **words) {
  Options options;
  const auto usage = [&] {
    std::fprintf(stderr,
                 "usage: %s PLUGIN KERNELS FOLDER [--seed N] [--calls N] [--seconds N] "
                 "[--threads N] [--hang N]\n",
                 words[0]);
    std::exit(2);
  };
  if (n_words < 4 || n_words % 2) usage();
  options.plugin = words[1];
  options.library = words[2];
  options.folder = words[3];
  for (int i = 4; i + 1 < n_words; i += 2) {
    uint64_t *const number = options.by_name(words[i]);
    if (!number) usage();
    *number = std::strtoull(words[i + 1], nullptr, 10);
  }
  if (!options.threads) usage();
  return options;
}

}  // namespace
}  // namespace soak

int main(int n_words, char **words) {
  using namespace soak;
  const Options options = read_options(n_words, words);
  static World &world = *new World;
  prepare_world(world, options.plugin, options.library, options.folder);
  limit_memory();
  Threads threads;
  for (uint64_t i = 0; i < options.threads; ++i)
    threads.push_back(std::make_unique<Thread>(world, static_cast<int>(i), options.seed));
  fill_records(world);
  std::thread raiser(keep_raising, std::cref(world), std::cref(threads));
  std::thread watchdog(watch, std::cref(world), std::cref(threads), options.hang);
  const Outcome outcome = run_epochs(options, threads);
  world.stop.store(true);
  raiser.join();
  watchdog.join();
  print_report(options, threads, outcome);
  return violations().count() ? 1 : 0;
}
