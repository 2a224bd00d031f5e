// Opens shared objects, shares the image of what is open already, and takes only real kernels out
// of them.
#include "library.hpp"

#include <algorithm>
#include <cstddef>

#include "pool.hpp"
#include "sdk/step.hpp"
#include "sdk/words.hpp"

namespace nxs {
namespace {

constexpr const char *kInfoSuffix = "__nxs_info";

// No group runs beside the static destructors of a library.
struct Image {
  Image(std::span<const std::byte> bytes, const std::string &name)
      : dylib(bytes, name), stop(name) {}

  Dylib dylib;
  StopBeforeDestructors stop;
};

// What an open image was made of: a file in this state, or these bytes.
struct Origin {
  std::optional<FileIdentity> file;
  std::vector<std::byte> bytes;
};

// So that opening what is open costs a look at the file, or at the bytes.
struct OpenImages {
  std::mutex mutex;
  std::vector<std::pair<Origin, std::weak_ptr<const Image>>> images;

  static OpenImages &instance() {
    static OpenImages &open = *new OpenImages;
    return open;
  }

  template <class IsWanted>
  std::shared_ptr<const Image> find(const IsWanted &is_wanted) {
    std::lock_guard lock(mutex);
    std::erase_if(images, [](const auto &image) { return image.second.expired(); });
    for (const auto &[origin, image] : images)
      if (is_wanted(origin)) return image.lock();
    return nullptr;
  }

  void keep(Origin origin, const std::shared_ptr<const Image> &image) {
    std::lock_guard lock(mutex);
    images.emplace_back(std::move(origin), image);
  }
};

std::shared_ptr<const Image> open_file(const char *path) {
  OpenImages &open = OpenImages::instance();
  const FileIdentity wanted = file_identity(path);
  if (auto image = open.find([&](const Origin &origin) { return origin.file == wanted; }))
    return image;
  const File file = read_whole_file(path);
  auto image = std::make_shared<const Image>(file.bytes, path);
  // One that was only just written may be written again and look the same.
  if (file.is_settled) open.keep({file.identity, {}}, image);
  return image;
}

std::shared_ptr<const Image> open_bytes(std::span<const std::byte> bytes) {
  constexpr size_t kMaxKept = 1 << 20;  // larger ones are opened anew, not held twice
  OpenImages &open = OpenImages::instance();
  const auto is_wanted = [&](const Origin &origin) {
    return !origin.file && std::ranges::equal(origin.bytes, bytes);
  };
  if (auto image = open.find(is_wanted)) return image;
  auto image = std::make_shared<const Image>(bytes, "the library in memory");
  if (bytes.size() <= kMaxKept) open.keep({std::nullopt, {bytes.begin(), bytes.end()}}, image);
  return image;
}

std::shared_ptr<CpuLibrary> library_of(nxs_int device, const std::shared_ptr<const Image> &image,
                                       std::string path) {
  return std::make_shared<CpuLibrary>(CpuLibrary{device, {image, &image->dylib}, std::move(path)});
}

// The records as version 1.0 had them: later ones are larger, never smaller.
constexpr size_t kKernelInfoNbytes = offsetof(nxs_kernel_info, arg_nbytes) + sizeof(uint32_t);
constexpr size_t kArgInfoNbytes = offsetof(nxs_arg_info, access) + sizeof(char);

constexpr size_t kMaxArgInfoNbytes = 1024;  // so that damage does not lead far away

[[noreturn]] void refuse_info(const std::string &name) {
  throw Error(NXS_InvalidKernelDefinition,
              "the info record of kernel " + name +
                  " is damaged or of another version; rebuild the library with the headers of "
                  "this version");
}

void check_info(const nxs_kernel_info &record, const std::string &name) {
  const bool whole = record.struct_size >= kKernelInfoNbytes && record.n_args <= kMaxArguments;
  const bool walkable = record.args && record.arg_nbytes >= kArgInfoNbytes &&
                        record.arg_nbytes <= kMaxArgInfoNbytes &&
                        record.arg_nbytes % alignof(nxs_arg_info) == 0;
  if (!whole || (record.n_args && !walkable)) refuse_info(name);
}

// The record of a kernel; NULL when it has none.
const nxs_kernel_info *find_info(const Dylib &dylib, const std::string &name) {
  const Symbol *symbol = dylib.look_up(name + kInfoSuffix);
  if (!symbol) return nullptr;
  const bool small = symbol->kind == Symbol::kData && symbol->nbytes < kKernelInfoNbytes;
  if (symbol->kind == Symbol::kFunction || symbol->kind == Symbol::kOther || small)
    refuse_info(name);
  return static_cast<const nxs_kernel_info *>(dylib.find(symbol->name));
}

KernelInfo copy_info(const nxs_kernel_info &record, const std::string &name) {
  check_info(record, name);
  KernelInfo info;
  for (size_t d = 0; d < 3; ++d) info.group[d] = static_cast<uint32_t>(record.group[d]);
  const auto *first = reinterpret_cast<const std::byte *>(record.args);
  for (uint32_t i = 0; i < record.n_args; ++i) {
    const auto &arg =
        *reinterpret_cast<const nxs_arg_info *>(first + size_t{i} * record.arg_nbytes);
    info.args.push_back(
        {arg.name ? arg.name : "", arg.type ? arg.type : "", arg.nbytes, arg.access});
  }
  return info;
}

}  // namespace

std::mutex &open_images_mutex() { return OpenImages::instance().mutex; }

std::vector<std::string> CpuLibrary::kernel_names() const {
  std::vector<std::string> names;
  for (const Symbol &symbol : dylib->symbols()) {
    if (!symbol.name.ends_with(kInfoSuffix)) continue;
    std::string name = symbol.name.substr(0, symbol.name.size() - std::string(kInfoSuffix).size());
    if (dylib->defines(name)) names.push_back(std::move(name));
  }
  return names;
}

CpuKernel::CpuKernel(std::shared_ptr<CpuLibrary> library, std::string name, bool unchecked)
    : library_(std::move(library)), name_(std::move(name)) {
  const Dylib &dylib = *library_->dylib;
  function_ = reinterpret_cast<nxs_cpu_kernel *>(dylib.find(name_));
  if (!function_)
    throw Error(NXS_InvalidKernelName,
                "no kernel " + shortened(name_) + " in " +
                    (library_->path.empty() ? "the library" : library_->path) +
                    "; its kernels: " + joined(library_->kernel_names()));
  if (const nxs_kernel_info *record = find_info(dylib, name_)) {
    info_ = copy_info(*record, name_);
  } else if (!unchecked) {
    throw Error(NXS_InvalidKernelDefinition,
                "symbol " + name_ + " has no record " + name_ + kInfoSuffix +
                    " and may be anything; write the kernel with <nexus/kernel.h> or "
                    "<nexus/cpu_kernel.h>, or look it "
                    "up unchecked");
  }
  const Symbol::Kind kind = dylib.look_up(name_)->kind;
  if (kind == Symbol::kData || kind == Symbol::kOther)
    throw Error(NXS_InvalidKernelDefinition, "symbol " + name_ + " is no function");
}

std::shared_ptr<CpuLibrary> load_cpu_library(nxs_int device, const char *path) {
  return library_of(device, open_file(path), path);
}

std::shared_ptr<CpuLibrary> load_cpu_library(nxs_int device, const void *data, size_t nbytes) {
  return library_of(device, open_bytes({static_cast<const std::byte *>(data), nbytes}), "");
}

}  // namespace nxs
