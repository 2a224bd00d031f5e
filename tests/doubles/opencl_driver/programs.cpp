// Programs and kernels: a program is a text that names kernels of the files, or the bytes of a
// file.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include "objects.hpp"
#include "sdk/elf.hpp"

using fake::hold;

namespace fake {
namespace {

constexpr std::string_view kBinary{"FAKE\0", 5};  // and the source
std::atomic<int> n_sources{0};

struct File {
  std::string bytes;
  void *handle;
};

const std::vector<File> &files() {
  static const auto &all = *[] {
    auto *made = new std::vector<File>;
    for (const std::string &path : options().kernels) {
      std::ifstream file(path, std::ios::binary);
      made->push_back({{std::istreambuf_iterator<char>(file), {}},
                       ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)});
    }
    return made;
  }();
  return all;
}

void find_code(const File &file, std::vector<Code> &found) {
  const std::string suffix = "__nxs_info";
  const auto bytes = std::as_bytes(std::span(file.bytes.data(), file.bytes.size()));
  for (const nxs::Symbol &symbol : nxs::elf::defined_symbols(bytes, "kernels")) {
    if (!symbol.name.ends_with(suffix)) continue;
    Code code{symbol.name.substr(0, symbol.name.size() - suffix.size())};
    code.info = static_cast<const nxs_kernel_info *>(::dlsym(file.handle, symbol.name.c_str()));
    code.function = reinterpret_cast<nxs_cpu_kernel *>(::dlsym(file.handle, code.name.c_str()));
    found.push_back(code);
  }
}

bool names(const std::string &text, const std::string &word) {
  const auto is_part = [](char letter) { return std::isalnum(letter) || letter == '_'; };
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if ((at == 0 || !is_part(text[at - 1])) && !is_part(text.c_str()[at + word.size()]))
      return true;
  return false;
}

cl_program make_program(cl_context context, std::string text) {
  auto *program = Object::make<_cl_program>(context);
  program->text = std::move(text);
  return program;
}

}  // namespace

const std::vector<Code> &all_code() {
  static const auto &all = *[] {
    auto *found = new std::vector<Code>;
    for (const File &file : files()) find_code(file, *found);
    return found;
  }();
  return all;
}

bool is_kernel_file(const void *bytes, size_t nbytes) {
  const std::string_view given(static_cast<const char *>(bytes), nbytes);
  return std::ranges::any_of(files(), [&](const File &file) { return file.bytes == given; });
}

}  // namespace fake

// How many programs were made of source.
FAKE_API int opencl_double_sources() { return fake::n_sources.load(); }

// As <nexus/kernel.h> spells it: NXS_KERNEL(name, NXS_GROUP_KERNEL(name.
bool _cl_program::is_portable(const std::string &name) const {
  return (is_source || is_remade) && text.find("KERNEL(" + name + ",") != text.npos;
}

FAKE_API cl_program clCreateProgramWithSource(cl_context context, cl_uint, const char **texts,
                                              const size_t *nbytes, cl_int *status) {
  FAKE_CREATE(status);
  *status = CL_SUCCESS;
  cl_program program = fake::make_program(context, std::string(texts[0], nbytes[0]));
  program->is_source = true;
  fake::n_sources.fetch_add(1);
  return program;
}

FAKE_API cl_program clCreateProgramWithBinary(cl_context context, cl_uint, const cl_device_id *,
                                              const size_t *nbytes, const unsigned char **bytes,
                                              cl_int *of_device, cl_int *status) {
  FAKE_CREATE(status);
  constexpr cl_int kInvalidBinary = -42;
  const std::string_view given(reinterpret_cast<const char *>(bytes[0]), nbytes[0]);
  if (given.starts_with(fake::kBinary) && fake::options().binaries == 1) {
    if (of_device) *of_device = CL_SUCCESS;
    *status = CL_SUCCESS;
    cl_program program =
        fake::make_program(context, std::string(given.substr(fake::kBinary.size())));
    program->is_remade = true;
    return program;
  }
  *status = fake::is_kernel_file(bytes[0], nbytes[0]) ? CL_SUCCESS : kInvalidBinary;
  if (of_device) *of_device = *status;
  if (*status != CL_SUCCESS) return nullptr;
  cl_program program = fake::make_program(context, std::string(given));
  program->is_binary = true;
  return program;
}

FAKE_API cl_int clBuildProgram(cl_program program, cl_uint, const cl_device_id *, const char *,
                               void (*)(cl_program, void *), void *) {
  FAKE_CALL();
  for (const fake::Code &code : fake::all_code())
    if (program->is_binary || fake::names(program->text, code.name)) program->code.push_back(&code);
  program->log = program->code.empty() ? "error: no kernel that this driver knows" : "";
  program->is_built = !program->code.empty();
  return program->is_built ? CL_SUCCESS : CL_BUILD_PROGRAM_FAILURE;
}

FAKE_API cl_int clGetProgramInfo(cl_program program, cl_uint what, size_t room, void *value,
                                 size_t *nbytes) {
  FAKE_CALL();
  const fake::Answer answer{room, value, nbytes};
  std::string binary =
      program->is_binary ? program->text : std::string(fake::kBinary) + program->text;
  if (!fake::options().binaries) binary.clear();
  if (what == CL_PROGRAM_BINARY_SIZES) return answer.number<size_t>(binary.size());
  if (what == CL_PROGRAM_BINARIES) {
    std::copy(binary.begin(), binary.end(), *static_cast<char **>(value));
    return CL_SUCCESS;
  }
  std::string names;
  for (const fake::Code *code : program->code) names += (names.empty() ? "" : ";") + code->name;
  return answer.text(names);
}

FAKE_API cl_int clGetProgramBuildInfo(cl_program program, cl_device_id, cl_uint, size_t room,
                                      void *value, size_t *nbytes) {
  FAKE_CALL();
  return fake::Answer{room, value, nbytes}.text(program->log);
}

FAKE_API cl_int clReleaseProgram(cl_program program) { return program->release(), CL_SUCCESS; }
