// A small program that uses every function of the API and checks what each has done. How a call is
// made is its user's to say: plainly, with memory that ends, in the child of a fork.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "plugin.hpp"

namespace nxs::test {

inline constexpr const char *kEverySource = R"(
#include <nexus/cpu_kernel.h>
#include <string.h>
NXS_CPU_KERNEL(add, val(int, n), inout(int, y)) {
  if (launch->group_memory) memset(launch->group_memory, 1, launch->group_memory_nbytes);
  for (int64_t i = nxs_cpu_begin(launch); i < nxs_cpu_end(launch); ++i) y[i] += n;
}
)";

// The plugin that is used, and a library for it.
struct Target {
  const nxs_table *api = nullptr;
  bool computes = false;  // its kernels do something
  std::string path;       // of a library with the kernel `add`
  std::string bytes;      // the same from memory
};

inline Target target(const nxs_table &api, const std::string &name, const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {&api, name == "cpu", path, std::string(std::istreambuf_iterator<char>(file), {})};
}

class Everything {
 public:
  using Body = std::function<int64_t()>;
  // Makes a call of the function `name`; answers its result, never below 0. One that is `sure`
  // needs nothing that could be refused.
  using Call = std::function<int64_t(const char *name, bool sure, const Body &body)>;

  Everything(const Target &target, Call call)
      : api_(*target.api), target_(target), call_(std::move(call)) {}

  void run() {
    buffers();
    library();
    others();
    record();
    blocking_runs();
    runs_in_flight();
    waits();
    properties();
#if !defined(__SANITIZE_THREAD__)  // the thread sanitizer allows no thread after a fork
    sure("fork", [&] { return use_in_child(); });
#endif
    releases();
  }

  // A run of a new schedule, from nothing to nothing.
  void run_once() {
    library();
    buffer_ = make("CreateBuffer", [&] { return api_.CreateBuffer(0, kNbytes, 0, host_); });
    stream_ = make("CreateStream", [&] { return api_.CreateStream(0, 0); });
    make("GetDefaultStream", [&] { return api_.GetDefaultStream(0); });
    schedule_ = make("CreateSchedule", [&] { return api_.CreateSchedule(0, 0); });
    dispatch();
    blocking_runs();
    for (const nxs_handle command : commands_) api_.ReleaseCommand(command);
    api_.ReleaseSchedule(schedule_);
    api_.ReleaseStream(stream_);
    api_.ReleaseBuffer(buffer_);
    api_.ReleaseKernel(kernel_);
    for (const nxs_handle found : libraries_) api_.ReleaseLibrary(found);
  }

  const std::set<std::string> &called() const { return called_; }

 private:
  static constexpr int kItems = 1000;
  static constexpr size_t kNbytes = kItems * sizeof(int), kLarge = size_t{5} << 20;

  int64_t make(const char *name, const Body &body) {
    called_.insert(name);
    const int64_t result = call_(name, false, body);
    CHECK(result >= 0);
    return result;
  }
  void sure(const char *name, const Body &body) {
    called_.insert(name);
    CHECK(call_(name, true, body) >= 0);
  }

  void buffers() {
    for (int i = 0; i < kItems; ++i) host_[i] = i;
    buffer_ = make("CreateBuffer", [&] { return api_.CreateBuffer(0, kNbytes, 0, host_); });
    large_ = make("CreateBuffer", [&] { return api_.CreateBuffer(0, kLarge, 0, nullptr); });
    wrapped_ = make("CreateBuffer", [&] {
      return api_.CreateBuffer(0, kNbytes, NXS_BufferFlags_Wrap, wrapped_host_);
    });
    view_ = make("CreateSubBuffer", [&] { return api_.CreateSubBuffer(large_, 64, kNbytes); });
    expect(buffer_, [](int i) { return i; });
    make("CopyBufferRegion", [&] {
      return api_.CopyBufferRegion(buffer_, 0, large_, 64, kNbytes, 0, NXS_RunFlags_Blocking);
    });
    expect(view_, [](int i) { return i; });
    const int seven = 7;
    make("FillBuffer", [&] {
      return api_.FillBuffer(view_, 0, kNbytes, &seven, sizeof seven, 0, NXS_RunFlags_Blocking);
    });
    expect(view_, [](int) { return 7; });
  }

  // Copies a buffer to the host and looks at it.
  template <class Value>
  void expect(nxs_handle buffer, Value value) {
    std::memset(seen_, 0xff, kNbytes);
    make("CopyBuffer",
         [&] { return api_.CopyBuffer(buffer, seen_, 0, kNbytes, NXS_WAIT_FOREVER); });
    bool equal = true;
    for (int i = 0; i < kItems; ++i) equal &= seen_[i] == value(i);
    CHECK(equal);
  }

  void library() {
    libraries_ = {make("CreateLibraryFromFile",
                       [&] { return api_.CreateLibraryFromFile(0, target_.path.c_str()); }),
                  make("CreateLibrary", [&] {
                    return api_.CreateLibrary(0, target_.bytes.data(), target_.bytes.size());
                  })};
    size_t nbytes = sizeof text_;
    make("GetLibraryKernels", [&] {
      nbytes = sizeof text_;
      return api_.GetLibraryKernels(libraries_[1], text_, &nbytes);
    });
    CHECK(!target_.computes || std::string(text_) == "add");
    kernel_ = make("GetKernel", [&] { return api_.GetKernel(libraries_[1], "add", 0); });
  }

  void others() {
    make("GetDefaultStream", [&] { return api_.GetDefaultStream(0); });
    stream_ = make("CreateStream", [&] { return api_.CreateStream(0, 0); });
    gate_ = make("CreateEvent", [&] { return api_.CreateEvent(0, NXS_EventType_Shared); });
    done_ = make("CreateEvent", [&] { return api_.CreateEvent(0, NXS_EventType_Signal); });
    schedule_ = make("CreateSchedule", [&] { return api_.CreateSchedule(0, 0); });
  }

  int64_t n_commands() {
    int64_t count = -1;
    size_t nbytes = sizeof count;
    CHECK(api_.GetScheduleProperty(schedule_, NP_Count, &count, &nbytes) == NXS_Success);
    return count;
  }

  // A command that was refused is not recorded.
  nxs_handle recorded(const char *name, const Body &body) {
    const int64_t before = n_commands();
    commands_.push_back(make(name, body));
    CHECK(n_commands() == before + 1);
    return commands_.back();
  }

  void dispatch() {
    const nxs_handle command =
        recorded("CreateCommand", [&] { return api_.CreateCommand(schedule_, kernel_); });
    const int one = 1;
    make("SetCommandScalar", [&] { return api_.SetCommandScalar(command, 0, &one, sizeof one); });
    make("SetCommandArgument", [&] { return api_.SetCommandArgument(command, 1, buffer_); });
    make("SetCommandOption",
         [&] { return api_.SetCommandOption(command, NXS_CommandOption_GroupMemoryBytes, 4096); });
    make("SetCommandOption",
         [&] { return api_.SetCommandOption(command, NXS_CommandOption_Timing, 1); });
    make("FinalizeCommand",
         [&] { return api_.FinalizeCommand(command, {64, 1, 1}, {kItems, 1, 1}); });
  }

  void record() {
    dispatch();
    recorded("CreateCopyCommand",
             [&] { return api_.CreateCopyCommand(schedule_, buffer_, 0, wrapped_, 0, kNbytes); });
    const char pattern[16] = {1};
    recorded("CreateFillCommand", [&] {
      return api_.CreateFillCommand(schedule_, view_, 0, 992, pattern, sizeof pattern);
    });
    recorded("CreateSignalCommand", [&] { return api_.CreateSignalCommand(schedule_, done_, 1); });
  }

  void blocking_runs() {
    for (const nxs_flags flags : {nxs_flags{NXS_RunFlags_Blocking}, nxs_flags{0}}) complete(flags);
    called_.insert("WaitRun");
  }

  // From a known state: a run that was refused or has failed may have done a part.
  void complete(nxs_flags flags) {
    const int zero = 0;
    make("RunSchedule", [&] {
      const int64_t cleared =
          api_.FillBuffer(buffer_, 0, kNbytes, &zero, sizeof zero, stream_, NXS_RunFlags_Blocking);
      if (cleared < 0) return cleared;
      if (done_) api_.ResetEvent(done_, 0);
      const int64_t ticket = api_.RunSchedule(schedule_, stream_, flags | NXS_RunFlags_Timing);
      return ticket < 0 ? ticket : int64_t{api_.WaitRun(stream_, ticket, NXS_WAIT_FOREVER)};
    });
    expect(buffer_, [&](int) { return target_.computes ? 1 : 0; });
  }

  // A wait that is submitted before its signal: the run is parked, edited, and freed by the host.
  void runs_in_flight() {
    const nxs_handle waiting = make("CreateSchedule", [&] { return api_.CreateSchedule(0, 0); });
    const nxs_handle wait =
        make("CreateWaitCommand", [&] { return api_.CreateWaitCommand(waiting, gate_, 1); });
    uint64_t value = 0;
    make("RunSchedule", [&] {
      ++value;  // of a run that failed, the signal was made all the same
      if (const nxs_status set = api_.SetCommandScalar(wait, 0, &value, sizeof value); set < 0)
        return int64_t{set};
      const int64_t ticket = api_.RunSchedule(waiting, stream_, 0);
      if (ticket < 0) return ticket;
      CHECK(api_.SignalEvent(gate_, value) == NXS_Success);
      return int64_t{api_.WaitRun(stream_, ticket, NXS_WAIT_FOREVER)};
    });
    called_.insert("SignalEvent");
    sure("ReleaseCommand", [&] { return api_.ReleaseCommand(wait); });
    sure("ReleaseSchedule", [&] { return api_.ReleaseSchedule(waiting); });
  }

  void waits() {
    make("SynchronizeStream", [&] { return api_.SynchronizeStream(stream_, NXS_WAIT_FOREVER); });
    make("WaitBuffer", [&] { return api_.WaitBuffer(buffer_, NXS_WAIT_FOREVER); });
    sure("WaitEvent", [&] { return api_.WaitEvent(done_, 1, NXS_WAIT_FOREVER); });
    sure("ResetEvent", [&] { return api_.ResetEvent(done_, 0); });
    sure("SignalEvent", [&] { return api_.SignalEvent(done_, 5); });
    nxs_property_info info{};
    info.struct_size = sizeof info;
    make("GetPropertyInfo", [&] { return api_.GetPropertyInfo(NP_Name, &info); });
    CHECK(info.name && std::string(info.name) == "Name");
  }

  // Every property that the object has.
  void all_properties(const char *name,
                      const std::function<nxs_status(nxs_uint, void *, size_t *)> &get) {
    int64_t keys[128];
    size_t nbytes = 0;
    make(name, [&] {
      nbytes = sizeof keys;
      return get(NP_Keys, keys, &nbytes);
    });
    const size_t n_keys = nbytes / sizeof *keys;
    CHECK(n_keys > 2);
    for (size_t i = 0; i < n_keys; ++i)
      make(name, [&] {
        size_t room = sizeof text_;
        return get(static_cast<nxs_uint>(keys[i]), text_, &room);
      });
  }

  void properties() {
    using std::placeholders::_1, std::placeholders::_2, std::placeholders::_3;
    all_properties("GetRuntimeProperty", api_.GetRuntimeProperty);
    all_properties("GetDeviceProperty", std::bind(api_.GetDeviceProperty, 0, _1, _2, _3));
    all_properties("GetBufferProperty", std::bind(api_.GetBufferProperty, view_, _1, _2, _3));
    all_properties("GetLibraryProperty",
                   std::bind(api_.GetLibraryProperty, libraries_[0], _1, _2, _3));
    all_properties("GetKernelProperty", std::bind(api_.GetKernelProperty, kernel_, _1, _2, _3));
    all_properties("GetStreamProperty", std::bind(api_.GetStreamProperty, stream_, _1, _2, _3));
    all_properties("GetEventProperty", std::bind(api_.GetEventProperty, done_, _1, _2, _3));
    all_properties("GetScheduleProperty",
                   std::bind(api_.GetScheduleProperty, schedule_, _1, _2, _3));
    for (const nxs_handle command : commands_)
      all_properties("GetCommandProperty", std::bind(api_.GetCommandProperty, command, _1, _2, _3));
    all_properties("GetRunProperty", std::bind(api_.GetRunProperty, stream_, 1, _1, _2, _3));
  }

  // The child makes and runs something of its own, and ends; it has a time limit.
  int64_t use_in_child() {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);                  // seconds; a hang is a failure too
      nxs::test::failures() = 0;  // those of the parent were told
      stream_ = make("CreateStream", [&] { return api_.CreateStream(0, 0); });
      complete(0);
      _exit(nxs::test::failures() ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0 ? 0 : -1;
  }

  // In any order, and never refused.
  void releases() {
    sure("ReleaseStream", [&] { return api_.ReleaseStream(stream_); });
    for (const nxs_handle found : libraries_)
      sure("ReleaseLibrary", [&] { return api_.ReleaseLibrary(found); });
    sure("ReleaseSchedule", [&] { return api_.ReleaseSchedule(schedule_); });
    for (const nxs_handle buffer : {large_, buffer_, wrapped_, view_})
      sure("ReleaseBuffer", [&] { return api_.ReleaseBuffer(buffer); });
    for (const nxs_handle event : {gate_, done_})
      sure("ReleaseEvent", [&] { return api_.ReleaseEvent(event); });
    for (const nxs_handle command : commands_)
      sure("ReleaseCommand", [&] { return api_.ReleaseCommand(command); });
    sure("ReleaseKernel", [&] { return api_.ReleaseKernel(kernel_); });
  }

  const nxs_table &api_;
  const Target &target_;
  const Call call_;
  std::set<std::string> called_;
  int host_[kItems] = {}, wrapped_host_[kItems] = {}, seen_[kItems] = {};
  char text_[65536];
  nxs_handle buffer_ = 0, large_ = 0, wrapped_ = 0, view_ = 0;
  nxs_handle kernel_ = 0, stream_ = 0, gate_ = 0, done_ = 0, schedule_ = 0;
  std::vector<nxs_handle> libraries_, commands_;
};

// Makes a call as a program does that expects no failure.
inline int64_t call_plainly(const nxs_table &api, const char *name, const Everything::Body &body) {
  const int64_t result = body();
  if (result < 0) std::fprintf(stderr, "nxs%s: %ld %s\n", name, long(result), api.GetLastError());
  return result;
}

inline void do_everything(const Target &target) {
  Everything(target, [&](const char *name, bool, const Everything::Body &body) {
    return call_plainly(*target.api, name, body);
  }).run();
}

}  // namespace nxs::test
