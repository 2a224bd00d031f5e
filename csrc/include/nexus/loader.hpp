// The one loader of plugins: opens a shared object, checks its API version, fills a table of its
// functions, starts it, and publishes the table in a slot. Header-only, C++17. Nothing that was
// opened is ever closed: objects, threads and thread-local destructors may outlive their last user.
#ifndef NEXUS_LOADER_HPP_
#define NEXUS_LOADER_HPP_

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "nexus/nxs.h"
#include "nexus/search.hpp"
#include "nexus/slots.h"

namespace nxs::loader {

// What came of opening something: a runtime number, or a negative nxs_status with a sentence.
struct Outcome {
  int64_t result = NXS_InvalidRuntime;
  std::string text;
};

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

// A symbol of an open image, as a function; NULL when it is not there.
template <class Pointer>
void find_symbol(void *image, const char *name, Pointer *out) {
  *out = reinterpret_cast<Pointer>(dlsym(image, name));
}

inline std::string version_text(uint32_t version) {
  return std::to_string(version >> 16) + "." + std::to_string(version & 0xFFFF);
}

// Refuses an image that is no plugin, or one of another major version; success is an empty text.
inline Outcome check_version(void *image) {
  nxs_uint (*get_version)(void) = nullptr;
  find_symbol(image, "nxsGetApiVersion", &get_version);
  if (!get_version)
    return {NXS_InvalidBinary, "it is no plugin of nexus: it has no function nxsGetApiVersion"};
  const uint32_t theirs = get_version();
  if (theirs >> 16 == NXS_API_MAJOR) return {NXS_Success, {}};
  return {NXS_IncompatibleVersion, "it speaks version " + version_text(theirs) +
                                       " of the plugin API and nexus speaks " +
                                       version_text(NXS_API_VERSION) +
                                       "; install a plugin and a nexus of one major version"};
}

// The text that a plugin or layer has for its last failing call on this thread.
inline std::string failure_text(const nxs_table &table) {
  const char *text = table.GetLastError ? table.GetLastError() : nullptr;
  return text && *text ? text : "the plugin gives no reason";
}

// Looks up every function of nxs.h; one that the image lacks stays NULL.
inline void fill_table(void *image, nxs_table *table) {
  *table = {};
  table->struct_size = sizeof(nxs_table);
#define NXS_FUNCTION(name, returns, parameters, arguments, required) \
  find_symbol(image, "nxs" #name, &table->name);
#include "nexus/nxs_api.def"
#undef NXS_FUNCTION
  table->api_version = table->GetApiVersion();
}

// The runtimes of one process. Thread-safe; loading is serialized, reading takes no lock.
class Loader {
 public:
  // Lives as long as the process: threads of plugins may still run when destructors do.
  static Loader &instance() {
    static Loader *const loader = new Loader;
    return *loader;
  }

  const nxs_slot *slots() const { return slots_; }

  // Opens and starts the plugin at `path`. A plugin that was opened before, whether it started or
  // failed to, answers as it did then. May take as long as a driver takes to start.
  Outcome load(const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    void *image = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!image) return {NXS_InvalidBinary, dlerror()};
    auto [known, fresh] = outcomes_.try_emplace(image);
    if (fresh) known->second = start(image);
    return known->second;
  }

  // Wraps a running runtime in the layer at `path`. Calls that are under way finish on the old
  // table, which is kept.
  Outcome attach(int runtime, const std::string &path) {
    std::lock_guard<std::mutex> lock(mutex_);
    const nxs_table *next = nxs_table_at(slots_, runtime);
    if (!next) return {NXS_InvalidRuntime, "there is no loaded runtime " + std::to_string(runtime)};
    void *image = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!image) return {NXS_InvalidBinary, dlerror()};
    return wrap(image, runtime, *next);
  }

 private:
  Outcome start(void *image) {
    if (Outcome refused = check_version(image); refused.result != NXS_Success) return refused;
    const int runtime = free_slot();
    if (runtime < 0)
      return {NXS_OutOfResources, "all " + std::to_string(NXS_MAX_RUNTIMES) +
                                      " runtime numbers of this process are taken"};
    auto table = std::make_unique<nxs_table>();
    fill_table(image, table.get());
    if (!table->Initialize)
      return {NXS_InvalidBinary, "it is no plugin of nexus: it has no function nxsInitialize"};
    nxs_init init{};
    init.struct_size = sizeof init;
    init.api_version = NXS_API_VERSION;
    init.runtime = static_cast<nxs_uint>(runtime);
    if (const nxs_status status = table->Initialize(&init); status < 0)
      return {status, failure_text(*table)};
    publish(runtime, std::move(table));
    return {runtime, {}};
  }

  Outcome wrap(void *image, int runtime, const nxs_table &next) {
    if (Outcome refused = check_version(image); refused.result != NXS_Success) return refused;
    nxs_attach_layer_fn attach_layer = nullptr;
    find_symbol(image, "nxsAttachLayer", &attach_layer);
    if (!attach_layer)
      return {NXS_InvalidBinary, "it is no layer of nexus: it has no function nxsAttachLayer"};
    // A layer that is older than a function leaves it as it is.
    auto table = std::make_unique<nxs_table>(next);
    if (const nxs_status status = attach_layer(runtime, &next, table.get()); status < 0) {
      nxs_table own;  // the layer's words, not the plugin's
      fill_table(image, &own);
      return {status, failure_text(own)};
    }
    publish(runtime, std::move(table));
    return {runtime, {}};
  }

  int free_slot() const {
    for (int runtime = 0; runtime < NXS_MAX_RUNTIMES; ++runtime)
      if (!slots_[runtime]) return runtime;
    return -1;
  }

  void publish(int runtime, std::unique_ptr<nxs_table> table) {
    tables_.push_back(std::move(table));
    __atomic_store_n(&slots_[runtime], tables_.back().get(), __ATOMIC_RELEASE);
  }

  std::mutex mutex_;
  nxs_slot slots_[NXS_MAX_RUNTIMES] = {};
  std::map<void *, Outcome> outcomes_;              // by image, as dlopen names it
  std::vector<std::unique_ptr<nxs_table>> tables_;  // replaced ones too: somebody may be calling
};

}  // namespace nxs::loader

#endif  // NEXUS_LOADER_HPP_
