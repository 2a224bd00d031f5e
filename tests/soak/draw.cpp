// The pools that arguments are drawn from.
#include "draw.hpp"

namespace soak {
namespace {

constexpr uint64_t k31 = uint64_t{1} << 31, k32 = uint64_t{1} << 32, k63 = uint64_t{1} << 63;
constexpr uint64_t kLargeSizes[] = {k31 - 1, k31, k32 - 1, k32,        k32 + 1,
                                    k63 - 1, k63, k63 + 1, UINT64_MAX, UINT64_MAX - 63};
constexpr int64_t kMost = INT64_MAX, kLeast = INT64_MIN;

uint64_t seed_of(const Thread &thread, uint64_t number) {
  Random random(thread.seed ^ static_cast<uint64_t>(thread.number) << 56 ^ number << 8);
  return random.next();
}

}  // namespace

Draw::Draw(Thread &thread, FunctionId function, uint64_t number)
    : thread_(thread), function_(function), number_(number), random_(seed_of(thread, number)) {}

bool Draw::is_own(const Slot *slot) const {
  const Slot *first = thread_.own.front().data();
  return slot >= first && slot < first + kKinds * kOwnSlots;
}

// ---- handles -----------------------------------------------------------------------------------

nxs_handle Draw::handle(int kind, nxs_status refusal, bool nullable) {
  const bool usual = random_.chance(90);
  const nxs_handle drawn =
      usual ? living_or_dead(kind, refusal, nullable) : stranger(kind, refusal, nullable);
  handles_[static_cast<size_t>(kind)] = drawn;
  if (kind == NXS_Kind_Buffer) add_range(usual ? slot_of(kind) : nullptr);
  return drawn;
}

// Of a living buffer that this thread alone uses the size is surely known.
void Draw::add_range(const Slot *slot) {
  Range &range = ranges_[n_ranges_++];
  range.is_known = slot && is_own(slot) && slot->alive.load(std::memory_order_relaxed);
  if (slot) range.nbytes = slot->nbytes.load(std::memory_order_relaxed);
  buffer_nbytes_ = n_ranges_ == 1 ? range.nbytes : std::min(buffer_nbytes_, range.nbytes);
}

nxs_handle Draw::living_or_dead(int kind, nxs_status refusal, bool nullable) {
  const bool shared = random_.chance(20), null = random_.chance(30);
  const bool special = random_.chance(12);
  const uint64_t place = random_.next();
  if (nullable && null) return 0;
  const auto at = static_cast<size_t>(kind);
  Slot &slot =
      shared ? world().shared[at][place % kSharedUsed[at]] : thread_.own[at][place % kOwnUsed[at]];
  if (Slot *const never_released = special ? special_slot(kind) : nullptr) {
    slots_[at] = never_released;
    unsure();
    return never_released->get();
  }
  slots_[at] = &slot;
  const nxs_handle found = slot.get();
  if (shared)
    unsure();
  else if (found == 0 && nullable)
    good();
  else if (!slot.alive.load(std::memory_order_relaxed))
    bad(refusal);
  return found;
}

// The default stream, and for who waits an event that has failed; NULL where there is none.
Slot *Draw::special_slot(int kind) const {
  if (kind == NXS_Kind_Stream) return &world().default_stream;
  const bool waits = function_ == kWaitEvent || function_ == kCreateWaitCommand;
  return kind == NXS_Kind_Event && waits && world().failed_event.get() ? &world().failed_event
                                                                       : nullptr;
}

// What was never given out, or for something else.
nxs_handle Draw::stranger(int kind, nxs_status refusal, bool nullable) {
  const uint64_t place = random_.next(), what = random_.below(12);
  const auto at = static_cast<size_t>(kind), another = at % (kKinds - 1) + 1;
  const Slot &slot = thread_.own[at][place % kOwnUsed[at]];
  // The bits around a dead handle may be somebody's living one.
  const bool alive = slot.alive.load(std::memory_order_relaxed);
  const auto living = static_cast<uint64_t>(alive ? slot.get() : -1);
  const Slot &other = thread_.own[another][place % kOwnUsed[another]];
  const uint64_t strangers[] = {0,
                                UINT64_MAX,
                                k63,
                                k63 - 1,
                                static_cast<uint64_t>(int64_t{refusal}),
                                1 + place % 1000,
                                static_cast<uint64_t>(other.get()),
                                living ^ uint64_t{1} << 52,
                                living + (uint64_t{1} << 24),
                                living | 0xffffff,
                                living ^ uint64_t{1} << 63,
                                living ^ uint64_t{15} << 59};
  const auto drawn = static_cast<nxs_handle>(strangers[what]);
  if (!(nullable && drawn == 0)) bad(refusal);
  return drawn;
}

// ---- numbers -----------------------------------------------------------------------------------

nxs_int Draw::device() {
  constexpr nxs_int kBad[] = {-1, 1, 1 << 20, INT32_MAX, INT32_MIN};
  if (!random_.chance(5)) return 0;
  bad(NXS_InvalidDevice);
  return random_.pick(kBad);
}

nxs_flags Draw::flags(nxs_flags known) {
  constexpr nxs_flags kBad[] = {0x10, 0x80, 0x40000000, 0x80000000, UINT32_MAX};
  const auto drawn = static_cast<nxs_flags>(random_.next()) & known;
  if (random_.chance(3)) {
    bad(info().declares(NXS_InvalidValue) ? NXS_InvalidValue : NXS_InvalidQueueProperties);
    return flags_ = random_.pick(kBad);
  }
  // Bounded limits a blocking run, and is refused without Blocking.
  const bool lone_bound = info().returns == Returns::kTicket && (drawn & 4) && !(drawn & 1);
  if (lone_bound && random_.chance(80)) return flags_ = drawn & ~nxs_flags{4};
  if (lone_bound) bad(NXS_InvalidValue);
  return flags_ = drawn;
}

nxs_int Draw::enum_value(int n) {
  const nxs_int bad_values[] = {-1, n, INT32_MAX, INT32_MIN};
  const auto drawn = static_cast<nxs_int>(random_.below(static_cast<uint64_t>(n)));
  if (function_ == kSetCommandOption) unsure();  // the runtime may not have it
  if (!random_.chance(5)) return drawn;
  bad(NXS_InvalidValue);
  return random_.pick(bad_values);
}

nxs_uint Draw::property() {
  constexpr nxs_uint kEveryObjectHas[] = {NP_Keys, NP_Type};
  constexpr nxs_uint kBad[] = {kPropertyCount, 0xffff, NP_VENDOR_FIRST, UINT32_MAX, k31};
  const uint64_t what = random_.below(100);
  property_drawn_ = true;
  if (what < 60) {
    unsure();
    return property_ = static_cast<nxs_uint>(random_.below(kPropertyCount));
  }
  if (what < 90) return property_ = random_.pick(kEveryObjectHas);
  bad(NXS_InvalidProperty);
  return property_ = random_.pick(kBad);
}

nxs_int Draw::index() {
  constexpr nxs_int kOdd[] = {-1, 15, 16, 1023, 1024, INT32_MAX, INT32_MIN};
  unsure();
  return random_.chance(80) ? static_cast<nxs_int>(random_.below(3)) : random_.pick(kOdd);
}

int64_t Draw::int64() {
  constexpr int64_t kValues[] = {0, 1, 64, 1000, 1 << 20, (1 << 20) + 1, -1, kMost, kLeast};
  unsure();
  return random_.pick(kValues);
}

int64_t Draw::ticket() {
  const int64_t bad_values[] = {0, -1, kMost, kLeast, int64_t{1} << 40};
  const Slot *stream = slot_of(NXS_Kind_Stream);
  const int64_t newest = stream ? stream->ticket.load(std::memory_order_relaxed) : 0;
  const uint64_t what = random_.below(100), back = random_.next(), odd = random_.next();
  if (what >= 92) {
    bad(NXS_InvalidValue);
    return bad_values[odd % std::size(bad_values)];
  }
  unsure();
  if (what < 60 || newest < 1) return newest;
  return 1 + static_cast<int64_t>(back % static_cast<uint64_t>(newest));
}

uint64_t Draw::value() {
  constexpr uint64_t kValues[] = {0,         1, 1, 2, 3, 1000, k32, k63 - 1, k63, UINT64_MAX - 1,
                                  UINT64_MAX};
  return random_.pick(kValues);
}

// The longest end too, because another thread keeps raising every event.
uint64_t Draw::timeout_ns() {
  constexpr uint64_t kTimes[] = {0, 0, 1, 1000, 50000, 1000000, k63, NXS_WAIT_FOREVER};
  return random_.pick(kTimes);
}

size_t Draw::offset() {
  const uint64_t what = random_.below(100), any = random_.next();
  const uint64_t nbytes = buffer_nbytes_ ? buffer_nbytes_ : 1;
  const size_t odd[] = {nbytes - 1, nbytes, nbytes + 1, UINT64_MAX - nbytes + 1};
  size_t &offset = ranges_[n_ranges_ - 1].offset;
  if (what < 50) return offset = 0;
  if (what < 75) return offset = any % nbytes / 16 * 16;
  if (what < 85) return offset = any % nbytes;
  if (what < 93) return offset = odd[any % std::size(odd)];
  return offset = kLargeSizes[any % std::size(kLargeSizes)];
}

size_t Draw::nbytes() {
  const uint64_t what = random_.below(100), any = random_.next();
  const uint64_t nbytes = buffer_nbytes_ ? buffer_nbytes_ : 1;
  nbytes_ = what < 40   ? 16 * (1 + any % 4)
            : what < 60 ? nbytes
            : what < 80 ? 1 + any % nbytes
            : what < 84 ? 0
            : what < 88 ? nbytes + 1
            : what < 92 ? UINT64_MAX - ranges_[n_ranges_ - 1].offset + 1
                        : kLargeSizes[any % std::size(kLargeSizes)];
  judge_ranges();
  return nbytes_;
}

void Draw::judge_ranges() {
  const bool has_pattern = function_ == kFillBuffer || function_ == kCreateFillCommand;
  if (has_pattern) unsure();  // its size divides the range
  for (size_t i = 0; i < n_ranges_; ++i) {
    const Range &range = ranges_[i];
    const bool fits =
        nbytes_ > 0 && range.offset <= range.nbytes && nbytes_ <= range.nbytes - range.offset;
    if (!range.is_known)
      unsure();
    else if (!fits)
      bad(NXS_InvalidBufferSize);
  }
}

nxs_dim3 Draw::group_size() {
  constexpr nxs_dim3 kGood[] = {{1, 1, 1}, {8, 1, 1}, {8, 1, 1}, {64, 1, 1}, {4, 2, 1}, {2, 2, 2}};
  constexpr nxs_dim3 kTooLarge[] = {
      {65537, 1, 1}, {1, 1, 100000}, {1000, 1000, 1}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
  constexpr nxs_dim3 kBad[] = {{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {0, 0, 0}};
  const uint64_t what = random_.below(100);
  unsure();  // the kernel may have one size only
  if (what < 85) return random_.pick(kGood);
  if (what < 92) return random_.pick(kTooLarge);
  bad(NXS_InvalidWorkGroupSize);
  return random_.pick(kBad);
}

nxs_dim3 Draw::grid_size() {
  constexpr nxs_dim3 kGood[] = {{1, 1, 1}, {1, 1, 1},    {8, 1, 1},  {17, 3, 1},
                                {5, 4, 3}, {1000, 1, 1}, {64, 8, 1}, {4097, 1, 1}};
  constexpr auto kOver = static_cast<uint32_t>(k31);
  constexpr nxs_dim3 kBad[] = {{0, 1, 1},     {1, 0, 1},     {1, 1, 0},
                               {kOver, 1, 1}, {1, kOver, 1}, {1, 1, UINT32_MAX}};
  if (random_.chance(90)) return random_.pick(kGood);
  bad(NXS_InvalidGlobalWorkSize);
  return random_.pick(kBad);
}

// ---- text --------------------------------------------------------------------------------------

const char *Draw::name() {
  const uint64_t what = random_.below(100), any = random_.next();
  if (what < 4) {
    bad(NXS_InvalidValue);
    return what < 2 ? nullptr : "";
  }
  unsure();
  const Pools &pools = world().pools;
  if (what < 15) return pools.names[any % pools.names.size()].c_str();
  kernel_ = static_cast<int>(any % pools.kernels.size());
  return pools.kernels[static_cast<size_t>(kernel_)].name;
}

const char *Draw::path() {
  const uint64_t what = random_.below(100), any = random_.next();
  if (what < 6) {
    bad(NXS_InvalidValue);
    return what < 3 ? nullptr : "";
  }
  const Pools &pools = world().pools;
  if (what < 70) return pools.good_files[any % pools.good_files.size()].c_str();
  unsure();
  return pools.bad_files[any % pools.bad_files.size()].c_str();
}

}  // namespace soak
