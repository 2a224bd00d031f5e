// A queue whose elements never move, made of blocks that are used again: what is pushed and popped
// all the time needs no memory then.
#pragma once

#include <deque>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace nxs {

// Some empty blocks are kept for the next that are needed. Not thread-safe.
template <class T>
class BlockQueue {
  static_assert(std::is_nothrow_move_constructible_v<T>);

 public:
  BlockQueue() = default;
  BlockQueue(const BlockQueue &) = delete;
  BlockQueue &operator=(const BlockQueue &) = delete;
  ~BlockQueue() { clear(); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T &operator[](size_t index) const {
    const size_t at = first_ + index;
    return *std::launder(reinterpret_cast<T *>(blocks_[at / kPerBlock]->place[at % kPerBlock]));
  }
  T &front() const { return (*this)[0]; }

  void push_back(T &&element) {
    const size_t at = first_ + size_;
    if (at / kPerBlock == blocks_.size()) add_block();
    new (blocks_[at / kPerBlock]->place[at % kPerBlock]) T(std::move(element));
    ++size_;
  }

  void pop_front() noexcept {
    std::destroy_at(&front());
    ++first_;
    if (--size_ == 0) {
      first_ = 0;  // of the one block that is left
    } else if (first_ == kPerBlock) {
      drop_block();
    }
  }

  void clear() noexcept {
    while (!empty()) pop_front();
  }

 private:
  static constexpr size_t kPerBlock = 16, kMaxSpare = 64;
  struct Block {
    alignas(T) std::byte place[kPerBlock][sizeof(T)];
    std::unique_ptr<Block> next;  // of the spare ones
  };

  void add_block() {
    if (!spare_) spare_.reset(new Block), n_spare_ = 1;
    blocks_.emplace_back();
    blocks_.back() = std::exchange(spare_, std::move(spare_->next));
    --n_spare_;
  }

  void drop_block() noexcept {
    std::unique_ptr<Block> empty = std::move(blocks_.front());
    blocks_.pop_front();
    first_ = 0;
    if (n_spare_ == kMaxSpare) return;
    empty->next = std::move(spare_);
    spare_ = std::move(empty);
    ++n_spare_;
  }

  std::deque<std::unique_ptr<Block>> blocks_;
  std::unique_ptr<Block> spare_;
  size_t n_spare_ = 0;
  size_t first_ = 0, size_ = 0;  // the place of the first element in its block
};

}  // namespace nxs
