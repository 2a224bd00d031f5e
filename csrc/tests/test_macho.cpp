// The reader of macOS libraries, on any system: what a file defines, and no file that is cut short
// or of another kind.
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "check.hpp"
#include "sdk/error.hpp"
#include "sdk/symbol.hpp"

#if !defined(__APPLE__)
#define __APPLE__ 1  // after the headers of this system; tests/darwin stands for those of macOS
#endif
#include "sdk/macho.hpp"

namespace {

using nxs::Error;
using nxs::test::contains;
using nxs::test::thrown;

// A dylib of one segment and four symbols, as a linker lays it out.
struct Image {
  mach_header_64 header{MH_MAGIC_64, CPU_TYPE_ARM64, 0, 6, 2, 0, 0, 0};
  segment_command_64 segment{
      LC_SEGMENT_64, sizeof segment, "__TEXT", 0, 4096, 0, sizeof(Image), 5, 5, 0, 0};
  symtab_command table{LC_SYMTAB, sizeof table,          offsetof(Image, symbols),
                       4,         offsetof(Image, text), sizeof text};
  nlist_64 symbols[4] = {{{1}, N_EXT | N_SECT, 1, 0, 0},     // _add
                         {{6}, N_EXT | N_UNDF, 0, 0, 0},     // _malloc: of another file
                         {{14}, N_SECT, 1, 0, 0},            // _inner: for this file alone
                         {{999}, N_EXT | N_SECT, 1, 0, 0}};  // its name lies nowhere
  char text[32] = "\0_add\0_malloc\0_inner";

  std::span<const std::byte> bytes(size_t nbytes = sizeof(Image)) const {
    return {reinterpret_cast<const std::byte *>(this), nbytes};
  }
  std::string refusal(size_t nbytes = sizeof(Image)) const {
    return thrown<Error>([&] { nxs::macho::defined_symbols(bytes(nbytes), "it.dylib"); });
  }
};

void test_a_file_defines_its_own_symbols_without_the_underscore() {
  const auto found = nxs::macho::defined_symbols(Image().bytes(), "it.dylib");
  CHECK(found.size() == 1 && found[0].name == "add");
}

void test_a_file_cut_anywhere_is_refused() {
  for (size_t nbytes = 0; nbytes < sizeof(Image); ++nbytes)
    CHECK(contains(Image().refusal(nbytes), "cannot load it.dylib: it is cut short") ||
          contains(Image().refusal(nbytes), "a segment lies outside the file"));
}

void test_another_processor_and_another_format_are_refused() {
  Image image;
  image.header.cputype = 7;  // 32-bit x86
  CHECK(contains(image.refusal(), "it is no arm64 dylib"));
  image = {};
  image.header.magic = 0xbebafeca;  // a universal binary
  CHECK(contains(image.refusal(), "it is no arm64 dylib"));
}

void test_numbers_that_overflow_are_refused() {
  Image image;
  image.segment.fileoff = UINT64_MAX;
  CHECK(contains(image.refusal(), "a segment lies outside the file"));
  image = {};
  image.segment.filesize = UINT64_MAX;
  CHECK(contains(image.refusal(), "a segment lies outside the file"));
  image = {};
  image.segment.cmdsize = 0;
  CHECK(contains(image.refusal(), "a load command has no size"));
  image = {};
  image.header.ncmds = UINT32_MAX;
  CHECK(!image.refusal().empty());
  image = {};
  image.table.nsyms = UINT32_MAX;
  CHECK(contains(image.refusal(), "it is cut short"));
  image = {};
  image.table.stroff = UINT32_MAX;
  CHECK(contains(image.refusal(), "it is cut short"));
}

// A plugin that was built for macOS, whole and cut at many places.
void test_a_real_plugin(const char *path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto read = [&](size_t nbytes) {
    return nxs::macho::defined_symbols(std::as_bytes(std::span(text.data(), nbytes)), "it.dylib");
  };
  size_t n_functions = 0;
  for (const nxs::Symbol &symbol : read(text.size())) n_functions += symbol.name.starts_with("nxs");
  CHECK(n_functions > 40);
  for (size_t cut = 0; cut < 1000; ++cut)
    CHECK(!thrown<Error>([&] { read(cut * text.size() / 1000); }).empty());
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 3) test_a_real_plugin(argv[2]);
  test_a_file_defines_its_own_symbols_without_the_underscore();
  test_a_file_cut_anywhere_is_refused();
  test_another_processor_and_another_format_are_refused();
  test_numbers_that_overflow_are_refused();
  return nxs::test::failures();
}
