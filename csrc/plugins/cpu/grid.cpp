// Calls kernels: prepares the launch record, keeps group memory, and turns what a kernel throws
// into a failed run.
#include "grid.hpp"

#include <cstdio>

namespace nxs {

namespace {

// The size of an arena stands before it, in a cache line of its own.
struct alignas(kBufferAlignment) ArenaHead {
  size_t nbytes = 0;
};
using Arena = ThreadBlock<ArenaHead>;

// What a kernel says when it fails; the first sentence counts.
struct Complaint {
  char why[1024];  // empty: none

  static void hear(void *context, const char *why) {
    auto *complaint = static_cast<Complaint *>(context);
    if (!complaint->why[0])
      std::snprintf(complaint->why, sizeof complaint->why, "%s", why && *why ? why : "?");
  }
};

}  // namespace

bool prepare_group_arenas() { return Arena::prepare(); }

void *group_arena(size_t nbytes) {
  auto *head = static_cast<ArenaHead *>(Arena::get());
  if (!head || head->nbytes < nbytes) {
    void *block = nullptr;
    if (posix_memalign(&block, alignof(ArenaHead), sizeof(ArenaHead) + nbytes) != 0)
      throw Error(NXS_OutOfHostMemory,
                  "cannot allocate " + std::to_string(nbytes) + " bytes of group memory");
    head = new (block) ArenaHead{nbytes};
    if (!Arena::set(block)) {
      std::free(block);
      throw Error(NXS_OutOfHostMemory, "cannot keep group memory for a thread");
    }
  }
  return head + 1;
}

void Launch::prepare(const Step<Backend> &step) {
  function_ = step.kernel->function();
  const uint32_t grid[] = {step.grid.x, step.grid.y, step.grid.z};
  const uint32_t group[] = {step.group.x, step.group.y, step.group.z};
  sizes_.struct_size = sizeof sizes_;
  for (int d = 0; d < 3; ++d) {
    sizes_.grid[d] = static_cast<int32_t>(grid[d]);
    sizes_.group[d] = static_cast<int32_t>(group[d]);
    sizes_.groups[d] = static_cast<int32_t>(groups_in(grid[d], group[d]));
  }
  sizes_.group_memory_nbytes = step.group_memory_nbytes;
  many_.clear();
  if (step.args.size() > few_.size()) many_.resize(step.args.size());
  void **args = many_.empty() ? few_.data() : many_.data();
  for (size_t i = 0; i < step.args.size(); ++i) args[i] = step.args[i].data();
}

void Launch::call(int64_t begin, int64_t end) const {
  Complaint complaint;
  complaint.why[0] = '\0';  // the rest is written only by a kernel that fails
  nxs_cpu_launch part = sizes_;
  part.begin = begin;
  part.end = end;
  part.group_memory = part.group_memory_nbytes ? group_arena(part.group_memory_nbytes) : nullptr;
  part.fail = Complaint::hear;
  part.context = &complaint;
  try {
    function_(many_.empty() ? few_.data() : many_.data(), &part);
  } catch (const std::exception &error) {
    throw Error(NXS_ExecutionFailed, std::string("the kernel threw: ") + error.what());
  } catch (...) {
    throw Error(NXS_ExecutionFailed,
                "the kernel threw something that is no std::exception, or not the one of the C++ "
                "library that nexus has; catch it in the kernel to see its text");
  }
  if (complaint.why[0])
    throw Error(NXS_ExecutionFailed, std::string("the kernel gave up: ") + complaint.why);
}

// Claims what nobody has claimed yet, unrun: a failed dispatch ends early.
int64_t Grid::fail_rest() {
  const int64_t next = next_.exchange(n_groups_, std::memory_order_relaxed);
  return next < n_groups_ ? n_groups_ - next : 0;
}

bool Grid::run(int64_t begin, int64_t end) noexcept {
  int64_t done = end - begin;
  const int64_t n_groups = n_groups_;
  try {
    launch.call(begin, end);
  } catch (...) {
    Failure failure = current_failure();
    std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::move(failure);
    done += fail_rest();
  }
  return n_done_.fetch_add(done, std::memory_order_acq_rel) + done == n_groups;
}

}  // namespace nxs
