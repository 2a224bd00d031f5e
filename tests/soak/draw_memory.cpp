// Draws host memory: always real, and never a byte more than is there.
#include <algorithm>

#include "draw.hpp"

namespace soak {
namespace {

// Bytes; from here on the plugins allocate otherwise. Small for the thread sanitizer: it looks
// through all races so far for each eight bytes that two threads write, a minute for a large fill.
#if defined(__SANITIZE_THREAD__)
constexpr size_t kLarge = size_t{8} << 10;
#else
constexpr size_t kLarge = size_t{4} << 20;
#endif

// Beyond what the driver lets anybody allocate.
constexpr size_t kHuge[] = {
    (size_t{1} << 31) - 1, size_t{1} << 31, size_t{1} << 32, size_t{1} << 39,
    size_t{1} << 62,       size_t{1} << 63, SIZE_MAX,        SIZE_MAX - 63};

}  // namespace

HostMemory Draw::host_in(bool nullable) {
  if (function_ == kCreateLibrary) return library_bytes();
  if (function_ == kCreateBuffer) return new_contents();
  const size_t nbytes = function_ == kSetCommandScalar ? size_of_scalar() : size_of_pattern();
  const bool null = random_.chance(4);
  const size_t from = random_.below(kBlock - nbytes);
  if (!null) return {thread_.constant.get() + from, nbytes};
  if (!nullable) bad(NXS_InvalidHostPtr);
  return {nullptr, nbytes};
}

HostMemory Draw::library_bytes() {
  const uint64_t what = random_.below(100), any = random_.next(), cut = random_.next();
  Pools &pools = world().pools;
  std::string &whole = pools.good_libraries[any % pools.good_libraries.size()];
  if (what < 60) return {whole.data(), whole.size()};
  if (what < 66) {
    bad(NXS_InvalidHostPtr);
    return {nullptr, cut % 4096};
  }
  unsure();
  if (what < 82) return {whole.data(), cut % whole.size()};
  std::string &wrong = pools.bad_libraries[any % pools.bad_libraries.size()];
  return {wrong.data(), wrong.size()};
}

HostMemory Draw::new_contents() {
  constexpr size_t kSizes[] = {1, 3, 16, 64, 64, 100, 4096, 4096, 65536, 100000};
  const uint64_t what = random_.below(100), any = random_.next(), from = random_.next() % 64;
  const bool wraps = flags_ & NXS_BufferFlags_Wrap;
  if (what < 5) bad(NXS_InvalidBufferSize);
  nbytes_ = what < 5 ? 0 : what < 45 ? kSizes[any % std::size(kSizes)] : 1 + any % 8192;
  if (what < 60) {
    if (wraps) return {thread_.wrapped.get() + 64 * from, nbytes_};
    return {thread_.constant.get() + from, nbytes_};
  }
  if (wraps) bad(NXS_InvalidHostPtr);
  if (what >= 98) nbytes_ = kLarge + any % 65536;
  if (what >= 90 && what < 98) {
    nbytes_ = kHuge[any % std::size(kHuge)];
    unsure();
    if (!wraps) bad(NXS_Success);  // refused in one way or another: too large, or no memory
  }
  return {nullptr, nbytes_};
}

size_t Draw::size_of_pattern() {
  constexpr size_t kGood[] = {1, 1, 2, 4, 8, 16}, kBad[] = {0, 3, 5, 12, 17, 32, 4096};
  const bool fits = random_.chance(90);
  const uint64_t any = random_.next();
  if (!fits) bad(NXS_InvalidArgSize);
  return fits ? kGood[any % std::size(kGood)] : kBad[any % std::size(kBad)];
}

size_t Draw::size_of_scalar() {
  constexpr size_t kUsual[] = {4, 4, 4, 8}, kOdd[] = {1, 2, 16, 264, 65536, 65537, 100000, 0};
  const bool usual = random_.chance(75);
  const uint64_t any = random_.next();
  unsure();
  return usual ? kUsual[any % std::size(kUsual)] : kOdd[any % std::size(kOdd)];
}

// Of the buffer's size, when there is so much memory; else of one that does not fit.
HostMemory Draw::host_out() {
  const uint64_t what = random_.below(100), any = random_.next();
  size_t nbytes = std::min<size_t>(buffer_nbytes_, kBlock);
  if (what < 4) {
    bad(NXS_InvalidHostPtr);
    return {nullptr, nbytes};
  }
  if (what >= 88) nbytes = any % kBlock;
  if (!ranges_[0].is_known)
    unsure();
  else if (nbytes != ranges_[0].nbytes)
    bad(NXS_InvalidBufferSize);
  return written_ = {thread_.scratch.get(), nbytes};
}

Room Draw::value_out() {
  constexpr size_t kEnough[] = {4096, 4096, kRoom}, kLittle[] = {0, 1, 7, 8, 8, 9, 16, 64};
  const uint64_t what = random_.below(100), any = random_.next();
  room_claimed_ = what < 60 ? kEnough[any % std::size(kEnough)] : kLittle[any % std::size(kLittle)];
  if (what < 60 && function_ == kGetLibraryBinary) room_claimed_ = kRoom;  // a program is large
  thread_.room_nbytes = room_claimed_;
  room_ = {thread_.room.get(), &thread_.room_nbytes};
  if (what >= 60) unsure();
  if (what >= 80) room_.pointer = nullptr;
  if (what >= 96) {
    bad(NXS_InvalidValue);
    room_.nbytes = nullptr;
  }
  return room_;
}

// The runtime is started already: only what is refused is drawn.
const ::nxs_init *Draw::nxs_init() {
  constexpr nxs_uint kSizes[] = {0, 1, sizeof init_ - 1};
  constexpr nxs_uint kVersions[] = {0, 77u << 16, NXS_API_VERSION + (1u << 16), UINT32_MAX};
  constexpr nxs_uint kRuntimes[] = {NXS_MAX_RUNTIMES, 1 << 20, UINT32_MAX};
  init_ = {sizeof init_, NXS_API_VERSION, world().runtime};
  const uint64_t what = random_.below(4), any = random_.next();
  bad(what == 2 ? NXS_IncompatibleVersion : NXS_InvalidValue);
  if (what == 1) init_.struct_size = kSizes[any % std::size(kSizes)];
  if (what == 2) init_.api_version = kVersions[any % std::size(kVersions)];
  if (what == 3) init_.runtime = kRuntimes[any % std::size(kRuntimes)];
  return what ? &init_ : nullptr;
}

::nxs_property_info *Draw::nxs_property_info() {
  constexpr nxs_uint kSizes[] = {0, 1, 8, sizeof info_room_.info - 1};
  const uint64_t what = random_.below(100), any = random_.next();
  std::memset(static_cast<void *>(&info_room_), kUntouched, sizeof info_room_);
  ::nxs_property_info &info = info_room_.info;
  info.struct_size = what < 10   ? kSizes[any % std::size(kSizes)]
                     : what < 60 ? sizeof info
                                 : sizeof info_room_;
  if (what < 15) bad(NXS_InvalidValue);
  if (what >= 10 && what < 15) return nullptr;
  info_drawn_ = &info;
  return &info;
}

}  // namespace soak
