// Builds programs from source, SPIR-V, an image of nexus or a driver's own binary.
#include "library.hpp"

#include <cstring>
#include <span>
#include <string_view>

#include "sdk/file.hpp"
#include "sdk/words.hpp"

namespace nxs {
namespace {

using Bytes = std::span<const std::byte>;

// A source as nexus's own compiler module hands it over: this line, with the number of bytes that
// follow it and the options to build them with.
constexpr std::string_view kHeader = "//nexus:opencl ";

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

bool is_spirv(Bytes bytes) {
  constexpr uint32_t kMagic = 0x07230203, kSwapped = 0x03022307;  // SPIR-V specification, 2.3
  uint32_t word = 0;
  if (bytes.size() >= sizeof word) std::memcpy(&word, bytes.data(), sizeof word);
  return word == kMagic || word == kSwapped;
}

bool is_source(Bytes bytes) { return as_text(bytes).find('\0') == std::string_view::npos; }

struct Source {
  std::string_view text;
  std::string options;
};

[[noreturn]] void refuse(const std::string &name, const std::string &why) {
  throw Error(NXS_InvalidBinary, "cannot load " + name + ": " + why);
}

Source split_source(std::string_view text, const std::string &name) {
  if (!text.starts_with(kHeader)) return {text, ""};
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) refuse(name, "it is cut short");
  const std::string line(text.substr(kHeader.size(), end - kHeader.size()));
  char *rest = nullptr;
  const unsigned long long nbytes = std::strtoull(line.c_str(), &rest, 10);
  text.remove_prefix(end + 1);
  if (nbytes != text.size()) refuse(name, "it is cut short, or was changed by hand");
  return {text, os::trimmed(rest)};
}

std::string build_log(const ClDevice &device, cl_program program) {
  return os::trimmed(cl_text([&](size_t room, void *value, size_t *nbytes) {
    return cl().clGetProgramBuildInfo(program, device.id(), CL_PROGRAM_BUILD_LOG, room, value,
                                      nbytes);
  }));
}

void build(const ClDevice &device, ClLibrary &library, const std::string &name) {
  const cl_device_id id = device.id();
  const cl_int status =
      cl().clBuildProgram(library.program.get(), 1, &id, library.options.c_str(), nullptr, nullptr);
  library.log = build_log(device, library.program.get());
  if (status == CL_SUCCESS) return;
  if (library.log.empty()) check_shortage(status, "cannot build " + name);
  const std::string log = library.log.empty() ? "" : "\n" + library.log;
  if (library.kind != "opencl-c") refuse(name, "the driver answers " + cl_name(status) + log);
  throw Error(NXS_BuildProgramFailure, name + " does not compile on " + device.name + " (driver " +
                                           device.driver_version + ", " + cl_name(status) + ")" +
                                           log);
}

void create_from_source(const ClDevice &device, Bytes bytes, ClLibrary &library,
                        const std::string &name) {
  const Source source = split_source(as_text(bytes), name);
  const char *text = source.text.data();
  const size_t nbytes = source.text.size();
  cl_int status = CL_SUCCESS;
  library.kind = "opencl-c";
  library.options = "-cl-kernel-arg-info" + (source.options.empty() ? "" : " " + source.options);
  library.program =
      ClProgram(cl().clCreateProgramWithSource(device.context(), 1, &text, &nbytes, &status));
  check_cl(status, "cannot load " + name);
}

void create_from_spirv(const ClDevice &device, Bytes bytes, ClLibrary &library,
                       const std::string &name) {
  if (device.il_version.empty())
    refuse(name, "it is SPIR-V, which the driver of " + device.name + " does not take");
  cl_int status = CL_SUCCESS;
  library.kind = "spir-v";
  library.program =
      ClProgram(cl().clCreateProgramWithIL(device.context(), bytes.data(), bytes.size(), &status));
  check_shortage(status, "cannot load " + name);
  if (status != CL_SUCCESS) refuse(name, "the driver answers " + cl_name(status));
}

void create_from_binary(const ClDevice &device, Bytes bytes, ClLibrary &library,
                        const std::string &name) {
  const cl_device_id id = device.id();
  const size_t nbytes = bytes.size();
  const auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
  cl_int status = CL_SUCCESS, of_device = CL_SUCCESS;
  library.kind = "opencl-binary";
  library.program = ClProgram(cl().clCreateProgramWithBinary(device.context(), 1, &id, &nbytes,
                                                             &data, &of_device, &status));
  check_shortage(status, "cannot load " + name);
  if (status != CL_SUCCESS)
    refuse(name, "it is neither source nor SPIR-V nor a binary of " + device.name +
                     ": the driver answers " + cl_name(status));
}

// Throws InvalidBinary unless this device and this driver made it.
void check_is_of(const ClDevice &device, const ClImage &image, const std::string &name) {
  const auto check = [&](const char *what, const std::string &its, const std::string &here) {
    if (its != here)
      refuse(name, std::string("it was built for the ") + what + " " + shortened(its) +
                       ", and here is " + here + "; compile its source again");
  };
  check("platform", image.platform, device.platform);
  check("device", image.device, device.name);
  check("driver", image.driver, device.driver_version);
}

void load_image(const ClDevice &device, Bytes bytes, ClLibrary &library, const std::string &name) {
  ClImage image = unpacked(as_text(bytes), name);
  check_is_of(device, image, name);
  create_from_binary(device, std::as_bytes(std::span(image.binary)), library, name);
  library.options = image.options;
  build(device, library, name);
  library.kind = image.kind;
  library.log = image.log;
  library.told = std::move(image.kernels);
  library.keep_image(as_text(bytes));
}

// That the driver made of a program, for the one device of its context; empty: it gives none.
std::string binary_of(cl_program program) {
  size_t nbytes = 0;
  const auto ask = [&](cl_uint what, size_t room, void *value) {
    const cl_int status = cl().clGetProgramInfo(program, what, room, value, nullptr);
    check_shortage(status, "cannot take the binary of a program");
    return status == CL_SUCCESS;
  };
  if (!ask(CL_PROGRAM_BINARY_SIZES, sizeof nbytes, &nbytes)) return {};
  std::string binary(nbytes, '\0');
  char *data = binary.data();
  return nbytes && ask(CL_PROGRAM_BINARIES, sizeof data, &data) ? binary : std::string();
}

// Libraries from memory that are open: the same bytes are built once for a device, since a driver
// takes 50 ms and more even for what it keeps on disk.
class OpenLibraries {
 public:
  static OpenLibraries &instance() {
    static OpenLibraries &libraries = *new OpenLibraries;
    return libraries;
  }

  std::shared_ptr<ClLibrary> find(nxs_int device, std::string_view bytes) {
    std::lock_guard lock(mutex_);
    std::erase_if(libraries_, [](const auto &library) { return library.expired(); });
    for (const auto &open : libraries_)
      if (auto library = open.lock();
          library && library->device == device && library->is_from(bytes))
        return library;
    return nullptr;
  }

  void add(const std::shared_ptr<ClLibrary> &library, std::string_view bytes) {
    constexpr size_t kMost = size_t{1} << 20;  // bytes
    if (bytes.size() > kMost) return;
    library->bytes = bytes;
    std::lock_guard lock(mutex_);
    libraries_.push_back(library);
  }

 private:
  std::mutex mutex_;  // no child of a fork takes it
  std::vector<std::weak_ptr<ClLibrary>> libraries_;
};

std::shared_ptr<ClLibrary> load(nxs_int ordinal, Bytes bytes, const std::string &name) {
  const ClDevice &device = device_at(ordinal);
  if (bytes.empty()) refuse(name, "it is empty");
  auto library = std::make_shared<ClLibrary>();
  library->device = ordinal;
  if (is_image(as_text(bytes))) {
    load_image(device, bytes, *library, name);
    return library;
  }
  if (is_spirv(bytes))
    create_from_spirv(device, bytes, *library, name);
  else if (is_source(bytes))
    create_from_source(device, bytes, *library, name);
  else
    create_from_binary(device, bytes, *library, name);
  build(device, *library, name);
  return library;
}

}  // namespace

std::vector<std::string> ClLibrary::kernel_names() const {
  refuse_forked();
  const std::string all = cl_text([&](size_t room, void *value, size_t *nbytes) {
    const cl_int status =
        cl().clGetProgramInfo(program.get(), CL_PROGRAM_KERNEL_NAMES, room, value, nbytes);
    if (status == CL_INVALID_PROGRAM_EXECUTABLE) return status;  // Intel's of one without kernels
    check_cl(status, "cannot list the kernels of a library");
    return status;
  });
  std::vector<std::string> names;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find(';', begin), all.size());
    if (end > begin) names.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::optional<ToldArguments> ClLibrary::arguments_of(const std::string &kernel,
                                                     cl_kernel object) const {
  const auto found = told.find(kernel);
  return found == told.end() ? ask_arguments(object) : found->second.arguments;
}

ClImage ClLibrary::image() const {
  const ClDevice &its = device_at(device);
  ClImage made{its.platform, its.name, its.driver_version,      kind, options,
               log,          told,     binary_of(program.get())};
  if (made.binary.empty())
    throw Error(NXS_NotSupported, "the driver of " + its.name + " (" + its.platform + " " +
                                      its.driver_version + ") gives no binaries of its programs");
  for (const std::string &name : kernel_names()) {
    if (made.kernels.contains(name)) continue;
    cl_int status = CL_SUCCESS;
    const ClKernelObject kernel(cl().clCreateKernel(program.get(), name.c_str(), &status));
    check_cl(status, "cannot make kernel " + shortened(name));
    if (auto arguments = ask_arguments(kernel.get()))
      made.kernels[name] = {std::move(*arguments), ask_limits(kernel.get(), its.id())};
  }
  return made;
}

const std::string &ClLibrary::binary() {
  refuse_forked();
  {
    std::lock_guard lock(mutex_);
    if (!image_.empty()) return image_;
  }
  std::string made = packed(image());
  std::lock_guard lock(mutex_);
  if (image_.empty()) image_ = std::move(made);
  return image_;
}

bool ClLibrary::is_from(std::string_view source) const {
  if (source.empty()) return false;
  std::lock_guard lock(mutex_);
  return std::string_view(bytes) == source || std::string_view(image_) == source;
}

std::shared_ptr<ClLibrary> load_cl_library(nxs_int device, const void *data, size_t nbytes) {
  refuse_forked();
  const Bytes bytes{static_cast<const std::byte *>(data), nbytes};
  OpenLibraries &open = OpenLibraries::instance();
  auto library = open.find(device, as_text(bytes));
  if (library) return library;
  library = load(device, bytes, "the library in memory");
  open.add(library, as_text(bytes));
  return library;
}

std::shared_ptr<ClLibrary> load_cl_library(nxs_int device, const char *path) {
  file_identity(path);  // refuses folders, and pipes, whose reading would wait for ever
  auto library = load(device, read_whole_file(path).bytes, path);
  library->path = path;
  return library;
}

}  // namespace nxs
