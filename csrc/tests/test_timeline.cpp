// Timelines: values only rise, waits wait, time out and fail with the first cause, parked work
// resumes once.
#include <thread>
#include <vector>

#include "check.hpp"
#include "sdk/timeline.hpp"

using nxs::Deadline;
using nxs::Timeline;
using nxs::test::contains;
using nxs::test::thrown;

namespace {

constexpr uint64_t kLong = 10'000'000'000, kShort = 20'000'000;  // ns

void test_value_only_rises() {
  Timeline timeline;
  timeline.signal(5);
  timeline.signal(3);
  CHECK(timeline.value() == 5);
}

void test_wait_before_its_signal_waits() {
  Timeline timeline;
  std::atomic<bool> signalled{false};
  std::thread signaller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    signalled = true;
    timeline.signal(2);
  });
  CHECK(timeline.wait(2, Deadline(kLong)) && signalled);
  signaller.join();
}

void test_each_sleeper_wakes_at_its_value() {
  Timeline timeline;
  std::atomic<int> n_awake{0};
  std::vector<std::thread> sleepers;
  const auto sleep_for = [&](uint64_t value) {
    sleepers.emplace_back([&, value] { CHECK(timeline.wait(value, Deadline(kLong))), ++n_awake; });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  for (const uint64_t value : {3, 5, 4}) sleep_for(value);
  for (int value = 1; value <= 5; ++value) {
    const int expected = std::max(value - 2, 0);
    timeline.signal(static_cast<uint64_t>(value));
    while (n_awake < expected) std::this_thread::yield();
    CHECK(n_awake == expected);
  }
  for (std::thread &sleeper : sleepers) sleeper.join();
}

void test_wait_ends_with_its_time() {
  Timeline timeline;
  const auto begin = nxs::Clock::now();
  CHECK(!timeline.wait(1, Deadline(kShort)));
  CHECK(nxs::Clock::now() - begin >= std::chrono::nanoseconds(kShort));
  CHECK(!timeline.wait(1, Deadline(0)));
}

void test_failure_wakes_with_the_first_cause() {
  Timeline timeline;
  timeline.signal(1);
  timeline.fail(std::make_shared<const nxs::Error>(NXS_ExecutionFailed, "first"));
  timeline.fail(std::make_shared<const nxs::Error>(NXS_ExecutionFailed, "second"));
  CHECK(contains(thrown<nxs::Error>([&] { timeline.wait(2, Deadline(kLong)); }), "first"));
  CHECK(timeline.wait(1, Deadline(kLong)));  // reached before
  CHECK(timeline.reset(0) && !timeline.failed() && !timeline.wait(1, Deadline(0)));
}

void test_parked_work_resumes_once_at_its_value() {
  Timeline timeline;
  int resumed = 0;
  CHECK(timeline.park(2, [&] { ++resumed; }));
  CHECK(!timeline.reset(0));
  timeline.signal(1);
  CHECK(resumed == 0);
  timeline.signal(2);
  timeline.signal(3);
  CHECK(resumed == 1);
  CHECK(!timeline.park(2, [&] { ++resumed; }) && resumed == 1);
}

void test_failure_resumes_parked_work() {
  Timeline timeline;
  int resumed = 0;
  CHECK(timeline.park(2, [&] { ++resumed; }));
  timeline.fail(std::make_shared<const nxs::Error>(NXS_ExecutionFailed, "cause"));
  CHECK(resumed == 1);
  CHECK(contains(thrown<nxs::Error>([&] { timeline.check(2); }), "cause"));
}

void test_many_waiters_and_signallers() {
  Timeline timeline;
  std::vector<std::thread> threads;
  for (uint64_t value = 1; value <= 4; ++value)
    threads.emplace_back(
        [&timeline, value] { CHECK(timeline.wait(value * 100, Deadline(kLong))); });
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&timeline] {
      for (uint64_t value = 1; value <= 400; ++value) timeline.signal(value);
    });
  for (std::thread &thread : threads) thread.join();
}

}  // namespace

int main() {
  test_value_only_rises();
  test_wait_before_its_signal_waits();
  test_each_sleeper_wakes_at_its_value();
  test_wait_ends_with_its_time();
  test_failure_wakes_with_the_first_cause();
  test_parked_work_resumes_once_at_its_value();
  test_failure_resumes_parked_work();
  test_many_waiters_and_signallers();
  return nxs::test::failures();
}
