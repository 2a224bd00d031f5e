// The one loader of plugins: opens a shared object, checks its API version, fills a table of its
// functions, starts it, and publishes the table in a slot. Header-only, C++17. All code of a plugin
// runs on a thread of its own, which may hang without its caller. Nothing that was opened is ever
// closed: objects, threads and thread-local destructors may outlive their last user.
#ifndef NEXUS_LOADER_HPP_
#define NEXUS_LOADER_HPP_

#include <sys/stat.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nexus/attempt.hpp"
#include "nexus/image.hpp"
#include "nexus/nxs.h"
#include "nexus/search.hpp"
#include "nexus/slots.h"

namespace nxs::loader {

// One function of nxs.h, by its symbol.
struct Function {
  std::string_view name;
  size_t offset;  // in nxs_table
  bool required;
};

inline constexpr Function kFunctions[] = {
#define NXS_FUNCTION(name, returns, parameters, arguments, required) \
  {"nxs" #name, offsetof(nxs_table, name), required != 0},
#include "nexus/nxs_api.def"
#undef NXS_FUNCTION
};

// The address of a function in a table; NULL when the plugin does not have it, or nobody does.
inline void *address_of(const nxs_table &table, std::string_view name) {
  for (const Function &function : kFunctions)
    if (function.name == name)
      return *reinterpret_cast<void *const *>(reinterpret_cast<const char *>(&table) +
                                              function.offset);
  return nullptr;
}

inline std::string version_text(uint32_t version) {
  return std::to_string(version >> 16) + "." + std::to_string(version & 0xFFFF);
}

// Refuses an image that is no plugin, or one of another major version; success is an empty text.
inline Outcome check_version(void *image, nxs_table *table) {
  image::find(image, "nxsGetApiVersion", &table->GetApiVersion);
  if (!table->GetApiVersion)
    return {NXS_InvalidBinary, "it is no plugin of nexus: it has no function nxsGetApiVersion"};
  table->api_version = table->GetApiVersion();
  if (table->api_version >> 16 == NXS_API_MAJOR) return {NXS_Success, {}};
  return {NXS_IncompatibleVersion, "it speaks version " + version_text(table->api_version) +
                                       " of the plugin API and nexus speaks " +
                                       version_text(NXS_API_VERSION) +
                                       "; install a plugin and a nexus of one major version"};
}

inline constexpr size_t kMaxText = size_t{1} << 20;  // bytes of a message; a log may be long

// The text that a plugin or layer has for its last failing call on this thread; empty: none. One
// without an end is cut.
inline std::string last_error(const nxs_table &table, size_t most = kMaxText) {
  const char *text = table.GetLastError ? table.GetLastError() : nullptr;
  return text ? std::string(text, strnlen(text, most)) : std::string();
}

// A start that answered something else than success.
inline Outcome refusal(const nxs_table &table, const char *function, int64_t status) {
  if (status > 0)
    return {NXS_InvalidBinary, std::string(function) + " answers " + std::to_string(status) +
                                   ", which is no status; mend the plugin"};
  constexpr size_t kMaxWords = 4096;  // bytes; lists of what is not available show them
  const std::string text = last_error(table, kMaxWords);
  return {status, text.empty() ? std::string(function) + " answers status " +
                                     std::to_string(status) + " and gives no reason"
                               : text};
}

// Looks up every function of nxs.h; one that the image lacks stays NULL.
inline void fill_table(void *image, nxs_table *table) {
  table->struct_size = sizeof(nxs_table);
#define NXS_FUNCTION(name, returns, parameters, arguments, required) \
  image::find(image, "nxs" #name, &table->name);
#include "nexus/nxs_api.def"
#undef NXS_FUNCTION
}

// Refuses a plugin without a function that each must have; success is an empty text. A function of
// a later minor version is never required, so that older plugins load.
inline Outcome check_functions(const nxs_table &table) {
  constexpr size_t kNamed = 8;
  std::string names;
  size_t n_missing = 0;
  for (const Function &function : kFunctions) {
    if (!function.required || address_of(table, function.name)) continue;
    if (++n_missing <= kNamed) names += (names.empty() ? "" : ", ") + std::string(function.name);
  }
  if (n_missing == 0) return {NXS_Success, {}};
  if (n_missing > kNamed) names += " and " + std::to_string(n_missing - kNamed) + " more";
  return {NXS_InvalidBinary,
          "it is no plugin of nexus: it lacks " + names + ", which every plugin must have"};
}

// The runtimes of one process. Thread-safe; reading takes no lock.
class Loader {
 public:
  // Lives as long as the process: threads of plugins may still run when destructors do.
  static Loader &instance() {
    static Loader *const loader = new Loader;
    return *loader;
  }

  const nxs_slot *slots() const { return slots_; }

  // Begins to open and start the plugin at `path`, or joins who does. A plugin that was opened
  // before, whether it started or failed to, answers as it did then; one that lacked memory or the
  // like is started again.
  AttemptPtr begin_load(const std::string &path) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0)
      return std::make_shared<Attempt>(
          Attempts::finished({NXS_InvalidBinary, std::strerror(errno)}));
    const FileKey file(info.st_dev, info.st_ino);
    std::lock_guard<std::mutex> lock(attempts_.mutex());
    const auto [known, fresh] = files_.try_emplace(file);
    if (!fresh) return known->second;
    try {
      known->second = attempts_.begin([this, path, file] { return try_file(path, file); });
    } catch (...) {
      files_.erase(known);
      throw;
    }
    const AttemptPtr attempt = known->second;
    if (attempt->finished) files_.erase(known);  // there was no thread for it
    return attempt;
  }

  // Begins to wrap a running runtime in the layer at `path`. Calls that are under way finish on the
  // old table, which is kept.
  AttemptPtr begin_attach(int runtime, const std::string &path) {
    std::lock_guard<std::mutex> lock(attempts_.mutex());
    return attempts_.begin([this, runtime, path] { return attach_file(runtime, path); });
  }

  // Opens and starts the plugin at `path`. May take as long as a driver takes to start, or for
  // ever.
  Outcome load(const std::string &path) {
    const AttemptPtr attempt = begin_load(path);
    while (!attempts_.wait(*attempt, std::chrono::seconds(60))) {
    }
    return attempts_.outcome_of(*attempt);
  }

 private:
  using FileKey = std::pair<dev_t, ino_t>;  // keeps its file for as long as that is open: for ever

  // A runtime number that nobody else gets meanwhile; given back unless it is kept.
  struct Number {
    Loader &loader;
    int value;
    bool kept = false;
    ~Number() {
      if (value < 0 || kept) return;
      std::lock_guard<std::mutex> lock(loader.attempts_.mutex());
      loader.taken_[static_cast<size_t>(value)] = false;
    }
  };

  int take_number() {
    std::lock_guard<std::mutex> lock(attempts_.mutex());
    for (size_t number = 0; number < taken_.size(); ++number)
      if (!std::exchange(taken_[number], true)) return static_cast<int>(number);
    return -1;
  }

  // What follows runs on the thread of an attempt.
  Outcome try_file(const std::string &path, const FileKey &file) {
    try {
      Outcome outcome = load_file(path, file);
      const bool passes =
          outcome.result == NXS_OutOfHostMemory || outcome.result == NXS_OutOfResources;
      if (passes) forget(file);
      return outcome;
    } catch (const std::bad_alloc &) {
      forget(file);
      throw;
    }
  }

  // The file is tried again when somebody asks for it again.
  void forget(const FileKey &file) {
    std::lock_guard<std::mutex> lock(attempts_.mutex());
    const auto known = files_.find(file);
    if (known == files_.end()) return;
    const AttemptPtr attempt = known->second;
    files_.erase(known);
    for (auto image = images_.begin(); image != images_.end();)
      image = image->second == attempt ? images_.erase(image) : std::next(image);
  }

  Outcome load_file(const std::string &path, const FileKey &file) {
    Outcome problem;
    void *image = open_image(path, &problem);
    if (!image) {
      forget(file);
      return problem;
    }
    std::unique_lock<std::mutex> lock(attempts_.mutex());
    // A file that was put into the place of an open one is not seen: dlopen goes by the path too.
    const auto [known, fresh] = images_.try_emplace(image, files_.at(file));
    if (!fresh && !known->second->finished)
      return {NXS_DeviceNotAvailable, "a plugin that was at this path before has not started yet"};
    if (!fresh) return known->second->outcome;
    lock.unlock();
    return start(image);
  }

  static void *open_image(const std::string &path, Outcome *problem) {
    *problem = {NXS_InvalidBinary, image::file_problem(path)};
    if (!problem->text.empty()) return nullptr;
    void *image = image::open(path);
    if (image) return image;
    const char *why = dlerror();
    problem->text = why ? why : "the loader of the system gives no reason";
    return nullptr;
  }

  Outcome start(void *image) {
    auto table = std::make_unique<nxs_table>();
    if (Outcome refused = check_version(image, table.get()); refused.result < 0) return refused;
    fill_table(image, table.get());
    if (Outcome refused = check_functions(*table); refused.result < 0) return refused;
    Number runtime{*this, take_number()};
    if (runtime.value < 0)
      return {NXS_OutOfResources, "all " + std::to_string(NXS_MAX_RUNTIMES) +
                                      " runtime numbers of this process are taken"};
    nxs_init init{};
    init.struct_size = sizeof init;
    init.api_version = NXS_API_VERSION;
    init.runtime = static_cast<nxs_uint>(runtime.value);
    if (const int64_t status = table->Initialize(&init))
      return refusal(*table, "nxsInitialize", status);
    publish(runtime.value, std::move(table));
    runtime.kept = true;
    return {runtime.value, {}};
  }

  Outcome attach_file(int runtime, const std::string &path) {
    if (!nxs_table_at(slots_, runtime))
      return {NXS_InvalidRuntime, "there is no loaded runtime " + std::to_string(runtime)};
    std::lock_guard<std::mutex> lock(attaching_[static_cast<size_t>(runtime)]);
    Outcome problem;
    void *image = open_image(path, &problem);
    return image ? wrap(image, runtime, *nxs_table_at(slots_, runtime)) : problem;
  }

  Outcome wrap(void *image, int runtime, const nxs_table &next) {
    nxs_table own{};  // of the layer's words
    if (Outcome refused = check_version(image, &own); refused.result < 0) return refused;
    nxs_attach_layer_fn attach_layer = nullptr;
    image::find(image, "nxsAttachLayer", &attach_layer);
    if (!attach_layer)
      return {NXS_InvalidBinary, "it is no layer of nexus: it has no function nxsAttachLayer"};
    // A layer that is older than a function leaves it as it is.
    auto table = std::make_unique<nxs_table>(next);
    if (const int64_t status = attach_layer(runtime, &next, table.get())) {
      fill_table(image, &own);
      return refusal(own, "nxsAttachLayer", status);
    }
    publish(runtime, std::move(table));
    return {runtime, {}};
  }

  void publish(int runtime, std::unique_ptr<nxs_table> table) {
    std::lock_guard<std::mutex> lock(attempts_.mutex());
    tables_.push_back(std::move(table));
    __atomic_store_n(&slots_[runtime], tables_.back().get(), __ATOMIC_RELEASE);
  }

  Attempts &attempts_ = Attempts::instance();
  nxs_slot slots_[NXS_MAX_RUNTIMES] = {};
  std::array<bool, NXS_MAX_RUNTIMES> taken_{};          // numbers
  std::array<std::mutex, NXS_MAX_RUNTIMES> attaching_;  // one layer at a time, for each runtime
  std::map<FileKey, AttemptPtr> files_;                 // files that are open, or being opened
  std::map<void *, AttemptPtr> images_;                 // the same, as dlopen names them
  std::vector<std::unique_ptr<nxs_table>> tables_;  // replaced ones too: somebody may be calling
};

}  // namespace nxs::loader

#endif  // NEXUS_LOADER_HPP_
