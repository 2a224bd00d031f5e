// Names the host's processor from CPUID or /proc, with the architecture names of GCC and LLVM
// (-march).
#include "processor.hpp"

#include <array>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace nxs {
namespace {

#if defined(__x86_64__)

bool has(const std::string &features, const std::string &feature) {
  return (" " + features + " ").find(" " + feature + " ") != std::string::npos;
}

struct Identity {
  std::string vendor;
  unsigned family = 0, model = 0, stepping = 0;
};

Identity identify() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  Identity id;
  __get_cpuid(0, &a, &b, &c, &d);
  for (const unsigned word : {b, d, c}) id.vendor.append(reinterpret_cast<const char *>(&word), 4);
  __get_cpuid(1, &a, &b, &c, &d);
  id.family = (a >> 8 & 0xf) + ((a >> 8 & 0xf) == 0xf ? a >> 20 & 0xff : 0);
  id.model = (a >> 4 & 0xf) | (a >> 12 & 0xf0);
  id.stepping = a & 0xf;
  return id;
}

struct Models {
  unsigned first, last;
  const char *architecture;
};

const char *find(const Models *begin, const Models *end, unsigned model) {
  for (const Models *it = begin; it != end; ++it)
    if (model >= it->first && model <= it->last) return it->architecture;
  return nullptr;
}

// Families 17h to 1Ah: LLVM, llvm/lib/TargetParser/Host.cpp, getAMDProcessorTypeAndSubtype.
const char *amd_architecture(const Identity &id) {
  static constexpr Models kZen12[] = {{0x30, 0x3f, "znver2"}, {0x47, 0x47, "znver2"},
                                      {0x60, 0x7f, "znver2"}, {0x84, 0x87, "znver2"},
                                      {0x90, 0xaf, "znver2"}, {0x00, 0x2f, "znver1"}};
  static constexpr Models kZen34[] = {{0x00, 0x0f, "znver3"},
                                      {0x20, 0x5f, "znver3"},
                                      {0x10, 0x1f, "znver4"},
                                      {0x60, 0xaf, "znver4"}};
  static constexpr Models kZen56[] = {{0x00, 0x4f, "znver5"},
                                      {0x60, 0x77, "znver5"},
                                      {0xd0, 0xd7, "znver5"},
                                      {0x50, 0x5f, "znver6"}};
  if (id.family == 0x17) return find(std::begin(kZen12), std::end(kZen12), id.model);
  if (id.family == 0x19) return find(std::begin(kZen34), std::end(kZen34), id.model);
  if (id.family == 0x1a) return find(std::begin(kZen56), std::end(kZen56), id.model);
  return nullptr;
}

// Family 6: LLVM, llvm/lib/TargetParser/Host.cpp, getIntelProcessorTypeAndSubtype.
const char *intel_architecture(const Identity &id) {
  if (id.family != 6) return nullptr;
  if (id.model == 0x55)
    return id.stepping >= 10 ? "cooperlake" : id.stepping >= 5 ? "cascadelake" : "skylake-avx512";
  static constexpr Models kModels[] = {
      {0x3c, 0x3c, "haswell"},          {0x3f, 0x3f, "haswell"},
      {0x45, 0x46, "haswell"},          {0x3d, 0x3d, "broadwell"},
      {0x47, 0x47, "broadwell"},        {0x4f, 0x4f, "broadwell"},
      {0x56, 0x56, "broadwell"},        {0x4e, 0x4e, "skylake"},
      {0x5e, 0x5e, "skylake"},          {0x8e, 0x8e, "skylake"},
      {0x9e, 0x9e, "skylake"},          {0xa5, 0xa6, "skylake"},
      {0xa7, 0xa7, "rocketlake"},       {0x7d, 0x7e, "icelake-client"},
      {0x6a, 0x6a, "icelake-server"},   {0x6c, 0x6c, "icelake-server"},
      {0x8c, 0x8d, "tigerlake"},        {0x97, 0x97, "alderlake"},
      {0x9a, 0x9a, "alderlake"},        {0xb7, 0xb7, "raptorlake"},
      {0xba, 0xba, "raptorlake"},       {0xbf, 0xbf, "raptorlake"},
      {0xaa, 0xaa, "meteorlake"},       {0xac, 0xac, "meteorlake"},
      {0xc5, 0xc5, "arrowlake"},        {0xb5, 0xb5, "arrowlake"},
      {0xc6, 0xc6, "arrowlake-s"},      {0xbd, 0xbd, "lunarlake"},
      {0xcc, 0xcc, "pantherlake"},      {0x8f, 0x8f, "sapphirerapids"},
      {0xcf, 0xcf, "emeraldrapids"},    {0xad, 0xad, "graniterapids"},
      {0xae, 0xae, "graniterapids-d"},  {0xaf, 0xaf, "sierraforest"},
      {0xdd, 0xdd, "clearwaterforest"},
  };
  return find(std::begin(kModels), std::end(kModels), id.model);
}

// The x86-64 psABI level, for a processor that is not in the tables.
const char *level(const std::string &features) {
  if (has(features, "avx512vl") && has(features, "avx512bw") && has(features, "avx512dq"))
    return "x86-64-v4";
  if (has(features, "avx2") && has(features, "fma") && has(features, "bmi2")) return "x86-64-v3";
  return has(features, "sse4_2") ? "x86-64-v2" : "x86-64";
}

void read_identity(Processor &cpu) {
  const Identity id = identify();
  const bool amd = id.vendor == "AuthenticAMD";
  cpu.vendor = amd ? "AMD" : id.vendor == "GenuineIntel" ? "Intel" : id.vendor;
  const char *architecture = amd ? amd_architecture(id) : intel_architecture(id);
  cpu.architecture = architecture ? architecture : level(cpu.features);
}

int64_t lanes(const std::string &features) {
  return has(features, "avx512f") ? 16 : has(features, "avx2") ? 8 : 4;
}

#else

struct Part {
  const char *implementer, *part, *vendor, *architecture;
};

// MIDR_EL1 implementer and part: LLVM, llvm/lib/TargetParser/Host.cpp,
// getHostCPUNameForARMFromComponents. The vendor is that of the core; Azure Cobalt has Arm's.
constexpr Part kParts[] = {
    {"0x41", "0xd0c", "ARM", "neoverse-n1"},   {"0x41", "0xd49", "ARM", "neoverse-n2"},
    {"0x41", "0xd8e", "ARM", "neoverse-n3"},   {"0x41", "0xd40", "ARM", "neoverse-v1"},
    {"0x41", "0xd4f", "ARM", "neoverse-v2"},   {"0x41", "0xd84", "ARM", "neoverse-v3"},
    {"0x41", "0xd83", "ARM", "neoverse-v3ae"}, {"0x41", "0xd4a", "ARM", "neoverse-e1"},
    {"0x6d", "0xd49", "ARM", "neoverse-n2"},   {"0x41", "0xd08", "ARM", "cortex-a72"},
    {"0x41", "0xd0b", "ARM", "cortex-a76"},    {"0xc0", "0xac3", "Ampere", "ampere1"},
    {"0xc0", "0xac4", "Ampere", "ampere1a"},   {"0xc0", "0xac5", "Ampere", "ampere1b"},
    {"0x61", "0x022", "Apple", "apple-m1"},    {"0x61", "0x023", "Apple", "apple-m1"},
    {"0x61", "0x024", "Apple", "apple-m1"},    {"0x61", "0x025", "Apple", "apple-m1"},
    {"0x61", "0x028", "Apple", "apple-m1"},    {"0x61", "0x029", "Apple", "apple-m1"},
    {"0x61", "0x032", "Apple", "apple-m2"},    {"0x61", "0x033", "Apple", "apple-m2"},
    {"0x61", "0x034", "Apple", "apple-m2"},    {"0x61", "0x035", "Apple", "apple-m2"},
    {"0x61", "0x038", "Apple", "apple-m2"},    {"0x61", "0x039", "Apple", "apple-m2"},
    {"0x61", "0x048", "Apple", "apple-m3"},    {"0x61", "0x049", "Apple", "apple-m3"},
};

#if defined(__APPLE__)
// "Apple M3 Max" -> apple-m3, the name of LLVM.
std::string apple_architecture(const std::string &name) {
  const auto at = name.find(" M");
  std::string model;
  for (auto i = at == std::string::npos ? name.size() : at + 2; i < name.size() && isdigit(name[i]);
       ++i)
    model += name[i];
  return model.empty() ? "apple" : "apple-m" + model;
}
#endif

void read_identity(Processor &cpu) {
#if defined(__APPLE__)
  cpu.vendor = "Apple";
  cpu.architecture = apple_architecture(cpu.name);
  return;
#endif
  const std::string implementer = os::cpu_field("CPU implementer"),
                    part = os::cpu_field("CPU part");
  cpu.vendor = implementer == "0x41" ? "ARM" : "unknown";
  cpu.architecture = "armv8-a";
  for (const Part &known : kParts)
    if (implementer == known.implementer && part == known.part) {
      cpu.vendor = known.vendor;
      cpu.architecture = known.architecture;
    }
  if (cpu.name.empty()) cpu.name = cpu.vendor + " " + cpu.architecture;
}

int64_t lanes(const std::string &) { return 4; }  // NEON; the width of SVE is not fixed

#endif

}  // namespace

Processor read_processor() {
  Processor cpu;
  cpu.name = os::cpu_name();
  cpu.features = os::cpu_features();
  read_identity(cpu);
  cpu.simd_lanes = lanes(cpu.features);
  cpu.n_cores = os::n_cores();
  cpu.n_numa_nodes = os::n_numa_nodes();
  cpu.memory_nbytes = os::memory_nbytes();
  cpu.page_nbytes = os::page_nbytes();
  cpu.clock_mhz = os::max_clock_mhz();
  cpu.caches = os::caches();
  return cpu;
}

}  // namespace nxs
