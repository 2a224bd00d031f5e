// For test programs that talk to a real plugin: its table, and libraries built with the host's
// compiler.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "check.hpp"
#include "nexus/loader.hpp"

namespace nxs::test {

inline std::string plugin_path(const std::string &folder, const std::string &name) {
#if defined(__APPLE__)
  const std::string suffix = ".dylib";
#else
  const std::string suffix = ".so";
#endif
  return folder + "/libnexus_" + name + suffix;
}

// The table of libnexus_<name> in the folder that the test runner gives.
inline const nxs_table &plugin(const std::string &folder, const std::string &name) {
  auto &loader = loader::Loader::instance();
  const loader::Outcome outcome = loader.load(plugin_path(folder, name));
  if (outcome.result < 0) {
    std::fprintf(stderr, "cannot load %s: %s\n", name.c_str(), outcome.text.c_str());
    std::exit(2);
  }
  return *nxs_table_at(loader.slots(), static_cast<int>(outcome.result));
}

// Builds C++ source into a library; returns its path.
inline std::string build(const std::string &source, const std::string &name) {
  const char *given = std::getenv("TMPDIR");
  const std::string base =
      std::string(given ? given : "/tmp") + "/nexus-test-" + std::to_string(getpid()) + name;
  std::ofstream(base + ".cpp") << source;
  const std::string here = __FILE__, csrc = here.substr(0, here.rfind("/tests/"));
  const char *compiler = std::getenv("CXX");
  const std::string command = std::string(compiler ? compiler : "c++") +
                              " -std=c++17 -O1 -fPIC -shared -I" + csrc + "/include " + base +
                              ".cpp -o " + base + ".so";
  if (std::system(command.c_str()) != 0) {
    std::fprintf(stderr, "cannot build: %s\n", command.c_str());
    std::exit(2);
  }
  std::remove((base + ".cpp").c_str());
  return base + ".so";
}

}  // namespace nxs::test
