// The objects behind the handles. A handle is an address; the object lives as long as the caller
// or a command in flight holds it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "nexus/cpu_kernel.h"
#include "plan.hpp"

namespace fake {

class Object {
 public:
  explicit Object(Kind kind) : kind_(kind) { n_alive[kind].fetch_add(1); }
  Object(const Object &) = delete;
  Object &operator=(const Object &) = delete;
  virtual ~Object() { n_alive[kind_].fetch_sub(1); }

  void retain() { n_owners_.fetch_add(1); }
  // True: the caller was the last one outside.
  bool release() {
    if (n_owners_.fetch_sub(1) != 1) return false;
    std::exchange(self_, nullptr);
    return true;
  }

  template <class T, class... Values>
  static T *make(Values &&...values) {
    auto made = std::make_shared<T>(std::forward<Values>(values)...);
    made->self_ = made;
    return made.get();
  }
  template <class T>
  static std::shared_ptr<T> hold(T *object) {
    return std::static_pointer_cast<T>(object->self_);
  }

 private:
  const Kind kind_;
  std::atomic<int> n_owners_{1};
  std::shared_ptr<Object> self_;  // for the owners outside
};

template <class T>
std::shared_ptr<T> hold(T *object) {
  return Object::hold(object);
}

// What clGet...Info answers, by the rules: `nbytes` of it, where `room` is enough.
struct Answer {
  size_t room;
  void *value;
  size_t *nbytes;

  cl_int bytes(const void *data, size_t n) const;
  cl_int text(const std::string &words) const { return bytes(words.c_str(), words.size() + 1); }
  template <class T>
  cl_int number(T n) const {
    return bytes(&n, sizeof n);
  }
};

struct Given {  // what a caller hands a command: the events it waits for, and where to put its own
  cl_uint n_waits;
  const cl_event *waits;
  cl_event *event;
};

// Shared virtual memory, which no object made of it has a copy of.
void *allocate_svm(size_t nbytes);
void free_svm(void *memory);

// A kernel of one of the files: a function of the cpu runtime's kernel ABI, and its record.
struct Code {
  std::string name;
  nxs_cpu_kernel *function = nullptr;
  const nxs_kernel_info *info = nullptr;
  const nxs_arg_info &argument(size_t i) const {
    return *reinterpret_cast<const nxs_arg_info *>(reinterpret_cast<const char *>(info->args) +
                                                   i * info->arg_nbytes);
  }
};
const std::vector<Code> &all_code();
bool is_kernel_file(const void *bytes, size_t nbytes);

}  // namespace fake

struct _cl_platform_id {
  int ordinal;
  std::vector<cl_device_id> devices;
};

struct _cl_device_id {
  int ordinal;
  cl_platform_id platform;
};

struct _cl_context : fake::Object {
  explicit _cl_context(cl_device_id device) : Object(fake::kContext), device(device) {}
  const cl_device_id device;
};

struct _cl_mem : fake::Object {
  explicit _cl_mem(cl_context context);
  ~_cl_mem() override;
  static bool is_alive(cl_mem memory);  // whatever the address is
  const cl_context context;
  size_t nbytes = 0;
  std::byte *data = nullptr;
  std::byte *host = nullptr;       // what it was made of, if it has a copy
  std::shared_ptr<std::byte> own;  // its memory
  std::shared_ptr<_cl_mem> whole;  // of a sub-buffer
};

struct _cl_event : fake::Object {
  using Function = void (*)(cl_event, cl_int, void *);
  explicit _cl_event(std::shared_ptr<_cl_command_queue> queue)
      : Object(fake::kEvent), queue(std::move(queue)) {}

  void reach(cl_int now, std::unique_lock<std::mutex> &of_queue);
  cl_int wait();

  const std::shared_ptr<_cl_command_queue> queue;
  std::mutex mutex;
  std::condition_variable changed;
  cl_int status = 3;  // CL_QUEUED
  cl_ulong began = 0, ended = 0;
  std::vector<std::pair<Function, void *>> callbacks;
};

struct _cl_command_queue : fake::Object {
  _cl_command_queue(cl_context context, bool is_timed)
      : Object(fake::kQueue), context(context), is_timed(is_timed) {}

  struct Command {
    std::function<cl_int()> work;
    std::vector<std::shared_ptr<_cl_event>> waits;
    std::shared_ptr<_cl_event> event;
  };

  void start();  // its thread, which ends when the queue was released and is empty
  cl_int add(const fake::Given &given, std::function<cl_int()> work, bool blocks = false);
  void flush(bool closes = false);
  void finish();

  const cl_context context;
  const bool is_timed;

 private:
  void work();
  cl_int execute(Command &command);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Command> commands_;
  size_t n_flushed_ = 0;  // of these commands; the others stay where they are
  size_t n_added_ = 0, n_done_ = 0;
  bool closes_ = false;
};

struct _cl_program : fake::Object {
  explicit _cl_program(cl_context context) : Object(fake::kProgram), context(context) {}
  const cl_context context;
  std::string text;
  bool is_binary = false, is_source = false, is_built = false;
  bool is_remade = false;  // of the binary of one from source
  std::string log;
  std::vector<const fake::Code *> code;
  bool is_portable(const std::string &name) const;
};

struct _cl_kernel : fake::Object {
  _cl_kernel(std::shared_ptr<_cl_program> program, const fake::Code &code);
  const std::shared_ptr<_cl_program> program;
  const fake::Code &code;
  const bool is_portable;  // the grid comes behind its arguments
  struct Argument {
    bool is_set = false;
    std::vector<std::byte> value;     // a number; the address of an SVM buffer
    std::shared_ptr<_cl_mem> memory;  // a buffer
    size_t n_local = 0;               // bytes of local memory
  };
  std::vector<Argument> arguments;  // not locked: OpenCL leaves that to the caller
};
