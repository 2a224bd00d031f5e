// The in-order queue under a stream: tickets, who may drain it, what is kept of finished runs.
#pragma once

#include <map>
#include <optional>

#include "sdk/block_queue.hpp"
#include "sdk/timeline.hpp"

namespace nxs {

// What is known of a finished run that was timed or failed.
struct RunRecord {
  std::optional<double> elapsed_ms;
  int64_t finished_ns = 0;  // on the monotonic clock
  Failure failure;
};

// Runs in the order submitted, drained by one thread at a time. Whoever pushes to an idle queue
// holds the baton: it drains, or hands the baton to somebody who does (a pool, the continuation of
// a parked wait). Pushing is thread-safe; front() and pop() are for the holder of the baton.
template <class Run>
class InOrderQueue {
 public:
  struct Pushed {
    uint64_t ticket;
    bool baton;  // the caller holds it now
  };

  // A ticket is a number on this queue's timeline: the n-th run submitted.
  Pushed push(Run &&run) {
    std::lock_guard lock(lock_.mutex);
    runs_.push_back(std::move(run));
    return {++newest_, !std::exchange(busy_, true)};
  }

  // The run to work on, while the baton is held. Pushes of others do not move it, only the way to
  // it.
  Run &front() {
    std::lock_guard lock(lock_.mutex);
    return runs_.front();
  }

  // The run in front is finished. False: the queue is idle and the baton is gone.
  bool pop(std::optional<RunRecord> record) noexcept {
    bool more = false;
    take_front(std::move(record), [&] { busy_ = more = !runs_.empty(); });
    return more;
  }

  // For drivers with queues of their own, which get runs long before these are finished: the baton
  // is then for handing over. The oldest run that is not handed over; one that somebody pushed is
  // there while the baton is held.
  struct Next {
    Run &run;
    uint64_t ticket;
  };
  Next next_to_issue() {
    std::lock_guard lock(lock_.mutex);
    const auto at = static_cast<size_t>(n_issued_);
    return {runs_[at], newest_ - runs_.size() + 1 + at};
  }
  // That run is handed over; it may even be finished. False: there is no other, and the baton is
  // gone.
  bool issued() {
    std::lock_guard lock(lock_.mutex);
    busy_ = ++n_issued_ < static_cast<int64_t>(runs_.size());
    return busy_;
  }
  // The run in front, which was handed over, is finished. For one thread at a time.
  void retire(std::optional<RunRecord> record) noexcept {
    take_front(std::move(record), [&] { --n_issued_; });
  }

  // The timeline whose value is the newest finished ticket.
  Timeline &finished() { return finished_; }
  uint64_t newest() const {
    std::lock_guard lock(lock_.mutex);
    return newest_;
  }

  // The newest ticket not yet finished whose run satisfies the predicate; 0: none. A run that is
  // just being ended counts too, since what it held is known to be free only once its ticket is
  // finished.
  template <class Predicate>
  uint64_t newest_where(Predicate predicate) const {
    std::lock_guard lock(lock_.mutex);
    for (size_t i = runs_.size(); i-- > 0;)
      if (predicate(runs_[i])) return newest_ - runs_.size() + 1 + i;
    const uint64_t ending = newest_ - runs_.size();
    return finished_.reached(ending) ? 0 : ending;
  }

  // What is kept of a finished run. Throws when it was so long ago that a failure may be forgotten.
  std::optional<RunRecord> record(uint64_t ticket) const {
    std::lock_guard lock(lock_.mutex);
    for (const auto *records : {&failures_, &times_}) {
      const auto found = records->find(ticket);
      if (found != records->end()) return found->second;
    }
    if (ticket <= forgotten_)
      throw Error(NXS_ProfilingInfoNotAvailable,
                  "run " + std::to_string(ticket) +
                      " is too long ago: a stream remembers its newest " +
                      std::to_string(kMaxRecords) + " failed runs; ask sooner");
    return std::nullopt;
  }

  // In the child of a fork: every run is finished, with what `end(run)` says of it.
  template <class End>
  void abandon(End end) noexcept {
    for (size_t i = 0; i < runs_.size(); ++i) keep(newest_ - runs_.size() + 1 + i, end(runs_[i]));
    runs_.clear();
    n_issued_ = 0;
    busy_ = false;
    finished_.signal(newest_);
  }

 private:
  static constexpr size_t kMaxRecords = 4096;

  template <class Note>
  void take_front(std::optional<RunRecord> record, Note note) noexcept {
    std::optional<Run> finished;  // its end may free buffers: outside the lock
    uint64_t ticket;
    {
      std::lock_guard lock(lock_.mutex);
      ticket = newest_ - runs_.size() + 1;
      finished.emplace(std::move(runs_.front()));
      runs_.pop_front();
      if (record) keep(ticket, std::move(*record));
      note();
    }
    finished.reset();
    finished_.signal(ticket);
  }

  // Times never push a failure out. A failure that cannot be kept is known to be forgotten.
  void keep(uint64_t ticket, RunRecord record) noexcept {
    const bool failed = record.failure != nullptr;
    auto &records = failed ? failures_ : times_;
    try {
      records.emplace(ticket, std::move(record));
    } catch (const std::bad_alloc &) {
      if (failed) forgotten_ = ticket;
      return;
    }
    if (records.size() <= kMaxRecords) return;
    if (failed) forgotten_ = records.begin()->first;
    records.erase(records.begin());
  }

  Lock &lock_ = lock_banks().queues.next();
  BlockQueue<Run> runs_;
  std::map<uint64_t, RunRecord> failures_, times_;
  uint64_t newest_ = 0;
  uint64_t forgotten_ = 0;  // the newest ticket whose failure is no longer kept
  int64_t n_issued_ = 0;    // -1: finished before issued() was called
  bool busy_ = false;
  Timeline finished_;
};

}  // namespace nxs
