// One thread of a runtime that takes what drivers have finished. A driver's callback only puts a
// note into its list: such callbacks run on the driver's own threads, which may hold its locks.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <mutex>

#include "sdk/stream.hpp"

namespace nxs {

// Whether somebody sleeps until the reaper has looked, or it is only for what can be given back.
enum class Hurry { kNow, kSoon };

// A call that a driver owes us for a stream; keeps the stream alive.
template <class B>
struct Watch {
  StreamPtr<B> stream;
  Hurry hurry;
  uint64_t n_handed_over;  // in the stream, when it began
  Watch *next = nullptr;
};

template <class B>
class Reaper {
 public:
  using Take = void (*)(const Watch<B> &) noexcept;

  static Reaper &instance() {
    static Reaper &reaper = *new Reaper;
    return reaper;
  }

  // Sees to it that the thread is there, before a run is submitted.
  void prepare(Take take) {
    if (prepared_.load(std::memory_order_acquire)) return;
    std::lock_guard lock(mutex_);
    if (prepared_) return;
    take_ = take;
    pthread_t thread;
    if (pthread_create(
            &thread, nullptr,
            [](void *self) -> void * {
              static_cast<Reaper *>(self)->work();
              return nullptr;
            },
            this) != 0)
      throw Error(NXS_OutOfResources, "the system has no thread left to wait for the driver with");
    pthread_detach(thread);
    prepared_.store(true, std::memory_order_release);
  }

  // From a thread of the driver: takes the note over.
  void tell(Watch<B> *watch) noexcept {
    std::lock_guard lock(mutex_);
    (last_ ? last_->next : first_) = watch;
    last_ = watch;
    if (watch->hurry == Hurry::kNow) is_awaited_ = true;
    if (!stopped_ && (is_awaited_ || !resting_)) told_.notify_one();
  }

  // At exit, before the destructors of the driver: waits until the thread is out of it, a second at
  // most.
  void stop() noexcept {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    idle_.wait_for(lock, std::chrono::seconds(1), [&] { return !busy_; });
  }

  // In the child of a fork the thread is not there, and no driver may be asked for anything.
  void begin_child() {
    new (&mutex_) std::mutex;
    stopped_ = true;
    first_ = last_ = nullptr;
    busy_ = resting_ = is_awaited_ = false;
  }
  std::mutex &mutex() { return mutex_; }

 private:
  void work() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
      told_.wait(lock, [&] { return first_ && !stopped_; });
      // Those that are there: a quick driver calls back for the next meanwhile, without end.
      Watch<B> *told = std::exchange(first_, nullptr);
      last_ = nullptr;
      is_awaited_ = false;
      while (told && !stopped_) told = take(told, lock);
      rest(lock);
    }
  }

  // Answers the one behind it.
  Watch<B> *take(Watch<B> *watch, std::unique_lock<std::mutex> &lock) noexcept {
    Watch<B> *const next = watch->next;
    busy_ = true;
    lock.unlock();
    take_(*watch);
    delete watch;
    lock.lock();
    busy_ = false;
    if (stopped_) idle_.notify_all();
    return next;
  }

  // While runs end one after the other, to wake for each would cost the driver's threads a core.
  void rest(std::unique_lock<std::mutex> &lock) noexcept {
    constexpr auto kRest = std::chrono::microseconds(500);
    resting_ = true;
    told_.wait_for(lock, kRest, [&] { return is_awaited_; });
    resting_ = false;
  }

  std::mutex mutex_;
  std::condition_variable told_, idle_;
  Watch<B> *first_ = nullptr, *last_ = nullptr;
  Take take_ = nullptr;
  std::atomic<bool> prepared_{false};
  bool stopped_ = false, busy_ = false, resting_ = false;
  bool is_awaited_ = false;  // one of the list, at least
};

}  // namespace nxs
