// What makes a child process usable: no lock is inherited locked, and runs in flight, whose threads
// are not there, are failed.
#pragma once

#include <pthread.h>

#include "sdk/tables.hpp"

namespace nxs {

// Everything that another thread may hold at the moment of a fork, locked in the order in which the
// SDK nests its locks: schedules, the list of streams, queues, timelines, the backend's own,
// tables.
template <class B>
class ForkGuard {
 public:
  static void install() {
    pthread_atfork([] { instance().prepare(); }, [] { instance().in_parent(); },
                   [] { instance().in_child(); });
  }

 private:
  static ForkGuard &instance() {
    static ForkGuard &guard = *new ForkGuard;
    return guard;
  }

  template <class Call>
  void for_each_table(Call call) {
    Tables<B> &all = tables<B>();
    call(all.buffers), call(all.libraries), call(all.kernels), call(all.streams);
    call(all.events), call(all.schedules), call(all.commands);
  }

  void prepare() {
    forking_.lock();  // two threads may fork at once
    schedules_ = tables<B>().schedules.all();
    events_ = tables<B>().events.all();
    for (const auto &schedule : schedules_) schedule->lock_for_fork();
    Streams<B>::instance().mutex().lock();
    streams_ = Streams<B>::instance().all_locked();
    for (const auto &stream : streams_) stream->queue.lock_for_fork();
    for (const auto &event : events_) event->timeline.mutex().lock();
    B::lock_for_fork();
    for_each_table([](auto &table) { table.mutex().lock(); });
  }

  void unlock() {
    for_each_table([](auto &table) { table.mutex().unlock(); });
    B::unlock_after_fork();
    for (const auto &event : events_) event->timeline.mutex().unlock();
    for (const auto &stream : streams_) stream->queue.unlock_after_fork();
    Streams<B>::instance().mutex().unlock();
    for (const auto &schedule : schedules_) schedule->unlock_after_fork();
  }

  void in_parent() {
    unlock();
    forget();
  }

  void in_child() {
    unlock();
    B::begin_child();
    const auto lost = std::make_shared<const Error>(
        NXS_ExecutionFailed,
        "the run was in flight when the process forked, and its threads stayed in the parent; run "
        "it again");
    for (const auto &event : events_) event->timeline.begin_child();
    for (const auto &stream : streams_) abandon(*stream, lost);
    forget();
  }

  void abandon(Stream<B> &stream, const Failure &lost) {
    stream.state = {};
    stream.queue.finished().begin_child();
    stream.next_ready.reset();
    stream.queue.for_each([&](const Run<B> &run) {
      for (Event *event : run.program->events) event->timeline.begin_child();
    });
    stream.queue.abandon([&](Run<B> &run) {
      for (Event *event : run.program->signals) event->timeline.fail(lost);
      run.failure = lost;
      publish(run, std::nullopt);
      run.program->finished();
      return RunRecord{std::nullopt, now_ns(), lost};
    });
  }

  void forget() {
    schedules_.clear();
    streams_.clear();
    events_.clear();
    forking_.unlock();
  }

  std::mutex forking_;
  std::vector<std::shared_ptr<Schedule<B>>> schedules_;
  std::vector<StreamPtr<B>> streams_;
  std::vector<std::shared_ptr<Event>> events_;
};

}  // namespace nxs
