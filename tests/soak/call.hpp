// The part of Draw that knows the types of the functions: one call, and what is around it.
#pragma once

#include "caller.hpp"

namespace soak {

template <class T>
uint64_t as_word(T value) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<uintptr_t>(value);
  else if constexpr (std::is_same_v<T, nxs_dim3>)
    return uint64_t{value.x} | uint64_t{value.y} << 24 | uint64_t{value.z} << 48;
  else
    return static_cast<uint64_t>(value);
}

template <class Result, class... Parameters, class... Values>
void Draw::call(Result (*pointer)(Parameters...), Values... values) {
  ((words_.all[words_.n++] = as_word(values)), ...);
  if (!pointer) return note_missing(*this);
  const auto lock = before_call(*this);
  const auto result = static_cast<int64_t>(as_word(pointer(values...)));
  after_call(*this, result);
}

}  // namespace soak
