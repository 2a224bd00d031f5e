// Runs foreign code, the start of a plugin, on a thread of its own, so that whoever waits for it
// may stop waiting. Header-only, C++17; part of the loader.
#ifndef NEXUS_ATTEMPT_HPP_
#define NEXUS_ATTEMPT_HPP_

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "nexus/nxs.h"

#if defined(__GNUC__)
#define NXS_NO_UBSAN __attribute__((no_sanitize("undefined")))
#else
#define NXS_NO_UBSAN
#endif

namespace nxs::loader {

// What came of opening something: a runtime number, or a negative nxs_status with a sentence, which
// is empty when there was no memory for one.
struct Outcome {
  int64_t result = NXS_InvalidRuntime;
  std::string text;
};

// One piece of foreign code, running or finished.
struct Attempt {
  bool finished = false;
  bool given_up = false;  // somebody waited for as long as it was given: who comes later only looks
  Outcome outcome{NXS_InvalidBinary, "it ended the thread that it was started on"};
};
using AttemptPtr = std::shared_ptr<Attempt>;

// All attempts of the process, and the one lock of the loader. Thread-safe. A child process finds
// those that ran while it was forked finished, with a sentence: their threads stayed in the parent.
class Attempts {
 public:
  // Lives as long as the process: attempts may outlive everything else.
  static Attempts &instance() {
    static Attempts *const attempts = new Attempts;
    return *attempts;
  }

  // Held for moments only, never while foreign code runs.
  std::mutex &mutex() { return mutex_; }

  // Starts `work`; the caller holds the mutex.
  AttemptPtr begin(std::function<Outcome()> work) {
    auto attempt = std::make_shared<Attempt>();
    auto job = std::make_unique<Job>(Job{std::move(work), attempt});
    running_.push_back(attempt);
    if (const int error = start_thread(job.get())) {
      running_.pop_back();
      *attempt = finished({NXS_OutOfResources, std::string("there is no thread to start it on: ") +
                                                   std::strerror(error)});
      return attempt;
    }
    static_cast<void>(job.release());  // the thread's
    return attempt;
  }

  static Attempt finished(Outcome outcome) { return {true, false, std::move(outcome)}; }

  // Waits for `time` at most; whether the attempt is finished.
  bool wait(const Attempt &attempt, std::chrono::nanoseconds time) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return attempt.finished; });
  }

  // What came of an attempt that is finished.
  Outcome outcome_of(const Attempt &attempt) {
    std::lock_guard<std::mutex> lock(mutex_);
    return attempt.outcome;
  }

  // Whether somebody has given it up; from now on somebody has.
  bool give_up(Attempt &attempt, bool now) {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(attempt.given_up, attempt.given_up || now);
  }

 private:
  struct Job {
    std::function<Outcome()> work;
    AttemptPtr attempt;
  };

  // Publishes what came of a job, even when foreign code ends the thread: then nothing came.
  struct Finish {
    Attempts &attempts;
    AttemptPtr attempt;
    Outcome *outcome = nullptr;
    ~Finish() { attempts.finish(attempt, outcome); }
  };

  Attempts() {
    pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                   [] { instance().begin_child(); });
  }

  // As large a stack as a main thread has; signals are for the threads of the program.
  static int start_thread(Job *job) {
    constexpr size_t kStack = size_t{8} << 20;  // bytes
    pthread_attr_t attributes;
    if (const int error = pthread_attr_init(&attributes)) return error;
    pthread_attr_setstacksize(&attributes, kStack);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int error = pthread_create(&thread, &attributes, run, job);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return error;
  }

  static void *run(void *given) {
    const std::unique_ptr<Job> job(static_cast<Job *>(given));
    Outcome outcome;
    Finish finish{instance(), job->attempt};
    outcome = guarded(job->work);
    finish.outcome = &outcome;
    return nullptr;
  }

  // As `told`, where there may be no memory for a sentence either.
  static Outcome guarded(const std::function<Outcome()> &work) {
    try {
      return told(work);
    } catch (const std::bad_alloc &) {
      return {NXS_OutOfHostMemory, {}};
    }
  }

  // A forced unwind has no object that a reference could be bound to, which UBSan complains of.
  NXS_NO_UBSAN static Outcome told(const std::function<Outcome()> &work) {
    try {
      return work();
    } catch (const std::bad_alloc &) {
      throw;
    } catch (const std::exception &error) {
      return {NXS_InvalidBinary, std::string("it throws an exception: ") + error.what()};
#if defined(__GLIBCXX__)
    } catch (const abi::__forced_unwind &) {
      throw;  // the thread ends: pthread_exit
#endif
    } catch (...) {
      return {NXS_InvalidBinary, "it throws something that is no std::exception"};
    }
  }

  void finish(const AttemptPtr &attempt, Outcome *outcome) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (outcome) attempt->outcome = std::move(*outcome);
    attempt->finished = true;
    running_.erase(std::remove(running_.begin(), running_.end(), attempt), running_.end());
    changed_.notify_all();
  }

  void begin_child() {
    new (&changed_) std::condition_variable;  // the old one may have waiters, in the parent
    for (const AttemptPtr &attempt : running_) end_forked(*attempt);
    running_.clear();
    mutex_.unlock();
  }

  // Without a sentence where there is no memory for one: nothing may be thrown in a child.
  static void end_forked(Attempt &attempt) noexcept {
    attempt.finished = true;
    attempt.outcome.result = NXS_DeviceNotAvailable;
    try {
      attempt.outcome.text =
          "it was being started when this process was forked; load it before, or start processes "
          "in another way (spawn)";
    } catch (const std::bad_alloc &) {
      attempt.outcome.text.clear();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<AttemptPtr> running_;
};

}  // namespace nxs::loader

#endif  // NEXUS_ATTEMPT_HPP_
