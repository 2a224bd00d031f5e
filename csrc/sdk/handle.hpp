// The table that turns handles into owners and refuses the dead, the foreign and the invented.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sdk/error.hpp"

namespace nxs {

// A handle is [0][kind:4][runtime:7][generation:28][slot:24].
struct HandleParts {
  static constexpr int kSlotBits = 24, kGenerationBits = 28, kRuntimeBits = 7, kKindBits = 4;
  uint32_t kind, runtime, generation, slot;

  static HandleParts of(nxs_handle handle) {
    const auto bits = static_cast<uint64_t>(handle);
    const auto field = [&](int shift, int width) {
      return static_cast<uint32_t>(bits >> shift & ((uint64_t{1} << width) - 1));
    };
    return {field(kSlotBits + kGenerationBits + kRuntimeBits, kKindBits),
            field(kSlotBits + kGenerationBits, kRuntimeBits), field(kSlotBits, kGenerationBits),
            field(0, kSlotBits)};
  }
  nxs_handle handle() const {
    return static_cast<nxs_handle>(
        ((uint64_t{kind} << kRuntimeBits | runtime) << kGenerationBits | generation) << kSlotBits |
        slot);
  }
};

inline constexpr uint32_t kMaxGeneration = (1u << HandleParts::kGenerationBits) - 1;
inline constexpr uint32_t kMaxSlots = 1u << HandleParts::kSlotBits;

// The number of this plugin's runtime, given by nxsInitialize before any handle exists.
inline uint32_t &runtime_number() {
  static uint32_t number = 0;
  return number;
}

// NULL: there is no such kind.
inline const char *kind_name(uint32_t kind) {
  static constexpr const char *kNames[] = {nullptr,  "buffer", "library",  "kernel",
                                           "stream", "event",  "schedule", "command"};
  return kind < std::size(kNames) ? kNames[kind] : nullptr;
}

// Owners by handle, for one kind of object. Removing an object bumps its slot's generation, so a
// stale handle is refused and never reaches the object that now sits there. Callers get an owner,
// not a reference: another thread may remove the same handle at any time. Free slots are reused
// first in, first out, and a slot whose generation would wrap is retired, so a handle is never
// given out twice. Thread-safe. `kLastGeneration` is smaller in tests only.
template <class T, uint32_t kLastGeneration = kMaxGeneration>
class HandleTable {
 public:
  HandleTable(nxs_kind kind, nxs_status missing) : kind_(kind), missing_(missing) {}

  nxs_handle insert(std::shared_ptr<T> object) {
    std::lock_guard lock(mutex_);
    const uint32_t slot = take_slot();
    slots_[slot].object = std::move(object);
    ++size_;
    return encode(slot);
  }

  std::shared_ptr<T> find(nxs_handle handle) const {
    std::lock_guard lock(mutex_);
    return slots_[checked_slot(handle)].object;
  }

  // Takes the object out; the caller drops it outside the lock, because its end may be long.
  std::shared_ptr<T> remove(nxs_handle handle) {
    std::lock_guard lock(mutex_);
    const uint32_t slot = checked_slot(handle);
    std::shared_ptr<T> object = std::move(slots_[slot].object);
    slots_[slot].object.reset();
    --size_;
    free_slot(slot);
    return object;
  }

  std::mutex &mutex() const { return mutex_; }  // for a fork

  size_t size() const {
    std::lock_guard lock(mutex_);
    return size_;
  }

  std::vector<std::shared_ptr<T>> all() const {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<T>> objects;
    for (const Slot &slot : slots_)
      if (slot.object) objects.push_back(slot.object);
    return objects;
  }

 private:
  static constexpr uint32_t kNone = kMaxSlots;
  struct Slot {
    std::shared_ptr<T> object;
    uint32_t generation = 1;
    uint32_t next_free = kNone;
  };

  uint32_t take_slot() {
    if (free_head_ != kNone) {
      const uint32_t slot = free_head_;
      free_head_ = slots_[slot].next_free;
      if (free_head_ == kNone) free_tail_ = kNone;
      return slot;
    }
    if (slots_.size() >= kMaxSlots)
      throw Error(NXS_OutOfResources, std::to_string(size_) + " living " + kind_name(kind_) +
                                          " handles: there are no more; release some");
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }

  void free_slot(uint32_t slot) {
    if (slots_[slot].generation == kLastGeneration) {
      slots_[slot].generation = 0;  // no handle carries generation 0: retired
      return;
    }
    ++slots_[slot].generation;
    slots_[slot].next_free = kNone;
    (free_tail_ == kNone ? free_head_ : slots_[free_tail_].next_free) = slot;
    free_tail_ = slot;
  }

  nxs_handle encode(uint32_t slot) const {
    return HandleParts{static_cast<uint32_t>(kind_), runtime_number(), slots_[slot].generation,
                       slot}
        .handle();
  }

  uint32_t checked_slot(nxs_handle handle) const {
    const uint32_t slot = HandleParts::of(handle).slot;
    if (handle <= 0 || slot >= slots_.size() || !slots_[slot].object || encode(slot) != handle)
      throw Error(missing_, explain(handle));
    return slot;
  }

  std::string explain(nxs_handle handle) const {
    const std::string what = "handle " + std::to_string(handle), kind = kind_name(kind_);
    if (handle <= 0) return what + " is no handle; a " + kind + " handle is positive";
    const HandleParts parts = HandleParts::of(handle);
    if (!kind_name(parts.kind))
      return what + " is no " + kind + ": it names a kind that does not exist";
    if (parts.kind != static_cast<uint32_t>(kind_))
      return what + " is of kind " + kind_name(parts.kind) + ", not " + kind;
    if (parts.runtime != runtime_number())
      return what + " is a " + kind + " of runtime number " + std::to_string(parts.runtime) +
             ", not of this one (" + std::to_string(runtime_number()) + ")";
    if (parts.slot < slots_.size() && parts.generation < slots_[parts.slot].generation)
      return what + " is a " + kind + " that is not alive: it was released";
    return what + " was never given out as a " + kind;
  }

  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
  size_t size_ = 0;
  uint32_t free_head_ = kNone, free_tail_ = kNone;
  const nxs_kind kind_;
  const nxs_status missing_;
};

}  // namespace nxs
