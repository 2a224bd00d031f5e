// Handle tables: what is refused, with which sentence; reuse, retirement, threads.
#include <set>
#include <thread>

#include "check.hpp"
#include "sdk/handle.hpp"

using nxs::test::contains;
using nxs::test::thrown;

namespace {

using Table = nxs::HandleTable<int>;

std::string refusal(const Table &table, nxs_handle handle) {
  return thrown<nxs::Error>([&] { table.find(handle); });
}

void test_handle_has_the_documented_bits() {
  nxs::runtime_number() = 5;
  Table table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  const auto parts = nxs::HandleParts::of(table.insert(std::make_shared<int>(1)));
  CHECK(parts.kind == NXS_Kind_Buffer && parts.runtime == 5 && parts.generation == 1 &&
        parts.slot == 0);
  CHECK(parts.handle() > 0);
}

void test_bad_handles_are_refused_with_a_sentence() {
  Table buffers(NXS_Kind_Buffer, NXS_InvalidBuffer), events(NXS_Kind_Event, NXS_InvalidEvent);
  const nxs_handle buffer = buffers.insert(std::make_shared<int>(1)),
                   event = events.insert(std::make_shared<int>(2));
  CHECK(contains(refusal(buffers, event), "is of kind event, not buffer"));
  CHECK(contains(refusal(buffers, 0), "is no handle"));
  CHECK(contains(refusal(buffers, -81), "is no handle"));
  auto parts = nxs::HandleParts::of(buffer);
  for (const uint32_t kind : {0, 8, 15}) {
    parts.kind = kind;
    CHECK(contains(refusal(buffers, parts.handle()), "is no buffer: it names a kind"));
  }
  parts.kind = NXS_Kind_Buffer;
  parts.runtime ^= 1;
  CHECK(contains(refusal(buffers, parts.handle()), "of runtime number"));
  parts.runtime ^= 1;
  parts.slot = 77;
  CHECK(contains(refusal(buffers, parts.handle()), "was never given out"));
  buffers.remove(buffer);
  CHECK(contains(refusal(buffers, buffer), "not alive"));
}

void test_stale_handle_does_not_reach_the_object_in_its_slot() {
  Table table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  const nxs_handle stale = table.insert(std::make_shared<int>(1));
  table.remove(stale);
  const nxs_handle fresh = table.insert(std::make_shared<int>(2));
  CHECK(nxs::HandleParts::of(stale).slot == nxs::HandleParts::of(fresh).slot);
  CHECK(stale != fresh && contains(refusal(table, stale), "was released"));
  CHECK(*table.find(fresh) == 2);
}

void test_slots_are_reused_first_in_first_out() {
  Table table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  const nxs_handle a = table.insert(std::make_shared<int>(1)),
                   b = table.insert(std::make_shared<int>(2));
  table.remove(a);
  table.remove(b);
  CHECK(nxs::HandleParts::of(table.insert(std::make_shared<int>(3))).slot ==
        nxs::HandleParts::of(a).slot);
  CHECK(nxs::HandleParts::of(table.insert(std::make_shared<int>(4))).slot ==
        nxs::HandleParts::of(b).slot);
}

// Slots that have had their last generation are not used again: no handle is given out twice.
void test_a_slot_at_its_last_generation_is_retired() {
  nxs::HandleTable<int, 3> table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  std::set<nxs_handle> given;
  for (int i = 0; i < 100; ++i) {
    const nxs_handle handle = table.insert(std::make_shared<int>(i));
    CHECK(given.insert(handle).second);
    CHECK(nxs::HandleParts::of(handle).slot == static_cast<uint32_t>(i / 3));
    for (const nxs_handle old : given)
      if (old != handle) CHECK(!thrown<nxs::Error>([&] { table.find(old); }).empty());
    CHECK(*table.remove(handle) == i);
  }
  CHECK(table.size() == 0);
}

void test_an_owner_outlives_the_removal() {
  Table table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  const nxs_handle handle = table.insert(std::make_shared<int>(7));
  const auto owner = table.find(handle);
  table.remove(handle);
  CHECK(*owner == 7 && owner.use_count() == 1);
}

void test_threads_create_find_and_remove_at_once() {
  Table table(NXS_Kind_Buffer, NXS_InvalidBuffer);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&table, t] {
      for (int i = 0; i < 2000; ++i) {
        const nxs_handle handle = table.insert(std::make_shared<int>(t * 10000 + i));
        CHECK(*table.find(handle) == t * 10000 + i);
        table.remove(handle);
      }
    });
  for (std::thread &thread : threads) thread.join();
  CHECK(table.size() == 0);
}

}  // namespace

int main() {
  test_handle_has_the_documented_bits();
  test_bad_handles_are_refused_with_a_sentence();
  test_stale_handle_does_not_reach_the_object_in_its_slot();
  test_slots_are_reused_first_in_first_out();
  test_a_slot_at_its_last_generation_is_retired();
  test_an_owner_outlives_the_removal();
  test_threads_create_find_and_remove_at_once();
  return nxs::test::failures();
}
