// Packs a program with its facts. First comes a line with the bytes of what follows, then the facts
// as lines of text, a word before each, then the binary:
//
//     //nexus:opencl-binary 1 BYTES-OF-FACTS BYTES-OF-BINARY
//     platform NAME
//     device NAME
//     driver VERSION
//     kind KIND OF WHAT WAS BUILT
//     options OPTIONS OF THE BUILD
//     log A LINE OF IT
//     kernel NAME
//     limits GROUP-X GROUP-Y GROUP-Z GROUP-MEMORY MAX-GROUP PRIVATE-MEMORY
//     argument ADDRESS-SPACE QUALIFIERS NAME TYPE
#include "image.hpp"

#include <charconv>

#include "sdk/error.hpp"

namespace nxs {
namespace {

constexpr std::string_view kHead = "//nexus:opencl-binary ";
constexpr unsigned kVersion = 1;

std::string line(const char *word, const std::string &value) {
  return std::string(word) + " " + value + "\n";
}

std::string line_of(const ToldArgument &argument) {
  return line("argument", std::to_string(argument.space) + " " +
                              std::to_string(argument.qualifiers) + " " + argument.name + " " +
                              argument.type);
}

std::string line_of(const ToldLimits &limits) {
  std::string text;
  for (const size_t size : limits.group) text += std::to_string(size) + " ";
  return line("limits", text + std::to_string(limits.group_memory_nbytes) + " " +
                            std::to_string(limits.max_group) + " " +
                            std::to_string(limits.private_nbytes));
}

// Takes what is before the next `end` off the text; all of it where there is none.
std::string_view next(std::string_view &text, char end) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return first;
}

class Reader {
 public:
  explicit Reader(const std::string &name) : name_(name) {}

  ClImage read(std::string_view bytes) {
    bytes.remove_prefix(kHead.size());
    std::string_view head = next(bytes, '\n');
    const auto version = number(next(head, ' '));
    if (version != kVersion)
      refuse("it is of version " + std::to_string(version) + " and this nexus reads version " +
             std::to_string(kVersion));
    const size_t n_facts = number(next(head, ' ')), n_binary = number(head);
    if (n_facts > bytes.size() || n_binary != bytes.size() - n_facts)
      refuse("it is cut short, or was changed by hand");
    std::string_view facts = bytes.substr(0, n_facts);
    while (!facts.empty()) take(next(facts, '\n'));
    image_.binary = bytes.substr(n_facts);
    return std::move(image_);
  }

 private:
  [[noreturn]] void refuse(const std::string &why) const {
    throw Error(NXS_InvalidBinary, "cannot load " + name_ + ": " + why);
  }

  uint64_t number(std::string_view text) const {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
      refuse("it was changed by hand: no number stands where one has to");
    return value;
  }

  void take(std::string_view fact) {
    const std::string_view word = next(fact, ' ');
    if (word == "platform") image_.platform = fact;
    if (word == "device") image_.device = fact;
    if (word == "driver") image_.driver = fact;
    if (word == "kind") image_.kind = fact;
    if (word == "options") image_.options = fact;
    if (word == "log") image_.log += (image_.log.empty() ? "" : "\n") + std::string(fact);
    if (word == "kernel") kernel_ = &image_.kernels[std::string(fact)];
    if (word == "argument") take_argument(fact);
  }

  void take_argument(std::string_view fact) {
    if (!kernel_) refuse("it was changed by hand: an argument is of no kernel");
    ToldArgument argument;
    argument.space = static_cast<cl_uint>(number(next(fact, ' ')));
    argument.qualifiers = number(next(fact, ' '));
    argument.name = next(fact, ' ');
    argument.type = fact;
    kernel_->arguments.push_back(std::move(argument));
  }

  const std::string &name_;
  ClImage image_;
  ToldKernel *kernel_ = nullptr;
};

std::string text_of(cl_kernel kernel, cl_uint index, cl_uint what) {
  return cl_text([&](size_t room, void *value, size_t *nbytes) {
    return cl().clGetKernelArgInfo(kernel, index, what, room, value, nbytes);
  });
}

}  // namespace

bool is_image(std::string_view bytes) { return bytes.starts_with(kHead); }

std::string packed(const ClImage &image) {
  std::string facts = line("platform", image.platform) + line("device", image.device) +
                      line("driver", image.driver) + line("kind", image.kind) +
                      line("options", image.options);
  for (std::string_view log = image.log; !log.empty();)
    facts += line("log", std::string(next(log, '\n')));
  for (const auto &[name, kernel] : image.kernels) {
    facts += line("kernel", name) + line_of(kernel.limits);
    for (const ToldArgument &argument : kernel.arguments) facts += line_of(argument);
  }
  return std::string(kHead) + std::to_string(kVersion) + " " + std::to_string(facts.size()) + " " +
         std::to_string(image.binary.size()) + "\n" + facts + image.binary;
}

ClImage unpacked(std::string_view bytes, const std::string &name) {
  return Reader(name).read(bytes);
}

cl_uint count_arguments(cl_kernel kernel) {
  cl_uint n = 0;
  check_cl(cl().clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof n, &n, nullptr),
           "cannot ask for a kernel's arguments");
  return n;
}

std::optional<ToldArguments> ask_arguments(cl_kernel kernel) {
  ToldArguments arguments(count_arguments(kernel));
  for (cl_uint i = 0; i < arguments.size(); ++i) {
    ToldArgument &argument = arguments[i];
    const auto ask = [&](cl_uint what, size_t nbytes, void *value) {
      const cl_int status = cl().clGetKernelArgInfo(kernel, i, what, nbytes, value, nullptr);
      check_shortage(status, "cannot ask for a kernel's arguments");
      return status == CL_SUCCESS;
    };
    if (!ask(CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof argument.space, &argument.space))
      return std::nullopt;
    ask(CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof argument.qualifiers, &argument.qualifiers);
    argument.name = text_of(kernel, i, CL_KERNEL_ARG_NAME);
    argument.type = text_of(kernel, i, CL_KERNEL_ARG_TYPE_NAME);
  }
  return arguments;
}

ToldLimits ask_limits(cl_kernel kernel, cl_device_id device) {
  ToldLimits limits;
  const auto ask = [&](cl_uint what, size_t nbytes, void *value) {
    check_shortage(cl().clGetKernelWorkGroupInfo(kernel, device, what, nbytes, value, nullptr),
                   "cannot ask for a kernel's limits");
  };
  ask(CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof limits.group, limits.group);
  ask(CL_KERNEL_WORK_GROUP_SIZE, sizeof limits.max_group, &limits.max_group);
  ask(CL_KERNEL_LOCAL_MEM_SIZE, sizeof limits.group_memory_nbytes, &limits.group_memory_nbytes);
  ask(CL_KERNEL_PRIVATE_MEM_SIZE, sizeof limits.private_nbytes, &limits.private_nbytes);
  return limits;
}

}  // namespace nxs
