// In-order queues: who holds the baton, which tickets are finished, and what is seen while a run
// ends.
#include <deque>
#include <functional>
#include <memory>

#include "check.hpp"
#include "sdk/queue.hpp"

using nxs::InOrderQueue;
using nxs::RunRecord;
using nxs::test::contains;
using nxs::test::thrown;

namespace {

// A run that tells when what it holds is freed.
struct Run {
  int memory = 0;
  std::shared_ptr<void> freed;
};

Run run_of(int memory, std::function<void()> at_end = [] {}) {
  return {memory, std::shared_ptr<void>(nullptr, [at_end](void *) { at_end(); })};
}

auto uses(int memory) {
  return [memory](const Run &run) { return run.memory == memory; };
}

void test_who_pushes_to_an_idle_queue_holds_the_baton() {
  InOrderQueue<Run> queue;
  const auto first = queue.push(run_of(1)), second = queue.push(run_of(2));
  CHECK(first.ticket == 1 && first.baton);
  CHECK(second.ticket == 2 && !second.baton);
  CHECK(queue.front().memory == 1);
  CHECK(queue.pop(std::nullopt));
  CHECK(queue.finished().reached(1) && !queue.finished().reached(2));
  CHECK(!queue.pop(std::nullopt));
  CHECK(queue.push(run_of(3)).baton);
}

void test_the_newest_run_of_a_memory_is_told() {
  InOrderQueue<Run> queue;
  for (const int memory : {1, 2, 1, 2}) queue.push(run_of(memory));
  CHECK(queue.newest_where(uses(1)) == 3);
  CHECK(queue.newest_where(uses(2)) == 4);
  CHECK(queue.newest_where(uses(3)) == 0);
}

// What a run held is free only once its ticket is finished: until then it counts.
void test_a_run_that_is_ending_is_waited_for() {
  InOrderQueue<Run> queue;
  uint64_t seen = 0;
  bool finished = true;
  queue.push(run_of(1, [&] {
    seen = queue.newest_where(uses(1));
    finished = queue.finished().reached(1);
  }));
  queue.pop(std::nullopt);
  CHECK(seen == 1);
  CHECK(!finished);
  CHECK(queue.newest_where(uses(1)) == 0);
}

// Over the ends of many blocks, which are used again.
void test_elements_stay_in_order_and_in_place() {
  nxs::BlockQueue<std::unique_ptr<int>> queue;
  std::deque<std::unique_ptr<int> *> places;
  int newest = 0, oldest = 0;
  const auto push = [&] {
    queue.push_back(std::make_unique<int>(newest++));
    places.push_back(&queue[queue.size() - 1]);
  };
  const auto pop = [&] {
    CHECK(**places.front() == oldest++);
    CHECK(&queue.front() == places.front());
    queue.pop_front();
    places.pop_front();
  };
  for (const int n : {1, 15, 16, 17, 40, 2000, 3}) {
    for (int i = 0; i < n; ++i) push();
    for (int i = 0; i < n; ++i) pop(), push();
    for (int i = 0; i < n; ++i) CHECK(*queue[static_cast<size_t>(i)] == oldest + i);
    for (int i = 0; i < n; ++i) pop();
    CHECK(queue.empty());
  }
  push();  // left to the destructor
}

void test_failures_are_kept_longer_than_times() {
  InOrderQueue<Run> queue;
  RunRecord failure, time;
  failure.failure = std::make_shared<const nxs::Error>(NXS_ExecutionFailed, "the cause");
  time.elapsed_ms = 1.0;
  queue.push(run_of(1));
  queue.pop(failure);
  for (int i = 0; i < 5000; ++i) queue.push(run_of(2)), queue.pop(time);
  CHECK(contains(queue.record(1)->failure->message(), "the cause"));
  CHECK(!queue.record(2));  // a time that was forgotten is none
  CHECK(queue.record(5001));
  for (int i = 0; i < 4096; ++i) queue.push(run_of(3)), queue.pop(failure);
  CHECK(contains(thrown<nxs::Error>([&] { queue.record(1); }), "too long ago"));
}

}  // namespace

int main() {
  test_who_pushes_to_an_idle_queue_holds_the_baton();
  test_the_newest_run_of_a_memory_is_told();
  test_a_run_that_is_ending_is_waited_for();
  test_elements_stay_in_order_and_in_place();
  test_failures_are_kept_longer_than_times();
  return nxs::test::failures();
}
