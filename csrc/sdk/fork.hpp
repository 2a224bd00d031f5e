// What makes a child process usable: no lock is inherited locked, and runs in flight, whose threads
// are not there, are failed.
#pragma once

#include <pthread.h>

#include "sdk/tables.hpp"

namespace nxs {

// Every lock that another thread may hold at the moment of a fork is taken before it, in the order
// in which the SDK nests them: the backend's own that are held while others are taken, schedules,
// the list of streams, queues, leaves, the backend's innermost, handle tables. Thus the child finds
// everything whole. Allocates nothing in the parent, where a fork cannot be refused.
template <class B>
class ForkGuard {
 public:
  // Once; later calls change nothing.
  static void install() {
    static const bool installed = (instance(), add_handlers());
    static_cast<void>(installed);
  }

 private:
  static ForkGuard &instance() {
    static ForkGuard &guard = *new ForkGuard;
    return guard;
  }

  static bool add_handlers() {
    if (pthread_atfork([] { instance().prepare(); }, [] { instance().unlock(); },
                       [] { instance().in_child(); }) != 0)
      throw Error(NXS_OutOfResources,
                  "the process cannot be made safe to fork: the host has no memory left");
    return true;
  }

  template <class Call>
  void for_each_table(Call call) {
    Tables<B> &all = tables<B>();
    call(all.buffers), call(all.libraries), call(all.kernels), call(all.streams);
    call(all.events), call(all.schedules), call(all.commands);
  }

  void prepare() {
    forking_.lock();  // two threads may fork at once
    B::lock_outermost();
    lock_banks().schedules.lock_all();
    Streams<B>::instance().mutex().lock();
    lock_banks().queues.lock_all();
    lock_banks().leaves.lock_all();
    B::lock_innermost();
    for_each_table([](auto &table) { table.mutex().lock(); });
  }

  void unlock() {
    for_each_table([](auto &table) { table.mutex().unlock(); });
    B::unlock_innermost();
    lock_banks().leaves.unlock_all();
    lock_banks().queues.unlock_all();
    Streams<B>::instance().mutex().unlock();
    lock_banks().schedules.unlock_all();
    B::unlock_outermost();
    forking_.unlock();
  }

  void in_child() {
    unlock();
    lock_banks().leaves.begin_child();
    fork_count().fetch_add(1, std::memory_order_relaxed);
    B::begin_child();
    // None goes before its runs are ended, though what owned it may: a list of those that wait for
    // a thread, or an event that it waits for.
    const auto &streams = Streams<B>::instance();
    streams.for_each_locked([&](const auto &stream) { stream->kept = stream; });
    streams.for_each_locked([&](const auto &stream) { abandon(*stream); });
    streams.for_each_locked([&](const auto &stream) { stream->next_ready.reset(); });
    streams.for_each_locked([&](const auto &stream) { stream->kept.reset(); });
  }

  void abandon(Stream<B> &stream) {
    std::destroy_at(&stream.state);
    std::construct_at(&stream.state);
    stream.queue.abandon([&](Run<B> &run) {
      run.program->none_in_flight();
      for (Event *event : run.program->signals) event->timeline.fail(lost_);
      run.failure = lost_;
      publish(run, std::nullopt);
      return RunRecord{std::nullopt, now_ns(), lost_};
    });
  }

  std::mutex forking_;
  const Failure lost_ = std::make_shared<const Error>(
      NXS_ExecutionFailed,
      "the run was in flight when the process forked, and its threads stayed in the parent; run it "
      "again");
};

}  // namespace nxs
