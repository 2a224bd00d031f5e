// The reader of ELF files on damaged copies of real libraries: it answers or refuses, and never
// reads outside the bytes. Seeded; more rounds with the environment variable ELF_ROUNDS.
#include <random>

#include "plugin.hpp"
#include "sdk/elf.hpp"

#if defined(__APPLE__)
int main() { return 0; }
#else

namespace {

using Image = std::vector<std::byte>;

// Each takes a copy: fewer of a large image, as that of a build with sanitizers.
int rounds(const Image &image) {
  const char *given = std::getenv("ELF_ROUNDS");
  return given ? std::atoi(given) : image.size() < 500'000 ? 20'000 : 400;
}

Image read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text(std::istreambuf_iterator<char>(file), {});
  const auto *first = reinterpret_cast<const std::byte *>(text.data());
  return Image(first, first + text.size());
}

// True: it was refused with a sentence. Anything else than that or an answer ends the program.
bool refused(const Image &image) {
  try {
    for (const nxs::Symbol &symbol : nxs::elf::defined_symbols(image, "it.so"))
      CHECK(symbol.name.size() <= nxs::elf::kMaxName);
    return false;
  } catch (const nxs::Error &error) {
    CHECK(error.status() == NXS_InvalidBinary && error.message().starts_with("cannot load it.so"));
    return true;
  }
}

// Where damage is worth most: the headers, the section table, and what sections of symbols hold.
std::vector<std::pair<size_t, size_t> > targets(const Image &image) {
  const Elf64_Ehdr head = nxs::elf::header(image, "it.so");
  std::vector<std::pair<size_t, size_t> > found{{0, sizeof head},
                                                {head.e_phoff, head.e_phnum * sizeof(Elf64_Phdr)},
                                                {head.e_shoff, head.e_shnum * sizeof(Elf64_Shdr)}};
  for (const auto &section : nxs::elf::table<Elf64_Shdr>(image, head.e_shoff, head.e_shnum, "it.so",
                                                         "section header table"))
    if (section.sh_type == SHT_DYNSYM || section.sh_type == SHT_STRTAB)
      found.emplace_back(section.sh_offset, section.sh_size);
  return found;
}

void damage(Image &image, const std::vector<std::pair<size_t, size_t> > &places,
            std::mt19937 &random) {
  static constexpr uint64_t kWords[] = {0,          1,          0x7fffffff, 0xffffffff,  1ull << 32,
                                        ~0ull >> 1, 1ull << 63, ~0ull,      ~0ull - 63u, 0x10000};
  const auto &[begin, nbytes] = places[random() % places.size()];
  const size_t at = begin + random() % nbytes;
  switch (random() % 4) {
    case 0:
      image[at] ^= std::byte(1u << random() % 8);
      break;
    case 1:
      image[at] = std::byte(random());
      break;
    case 2:
      for (size_t i = 0; i < 8 && at + i < image.size(); ++i)
        image[at + i] = std::byte(kWords[random() % std::size(kWords)] >> 8 * i);
      break;
    default:
      image.insert(image.begin() + static_cast<std::ptrdiff_t>(at), std::byte(random()));
      image.pop_back();
  }
}

void test_damage(const Image &whole) {
  const auto places = targets(whole);
  std::mt19937 random(7);
  const int n_rounds = rounds(whole);
  int n_refused = 0;
  for (int round = 0; round < n_rounds; ++round) {
    Image image = whole;
    for (unsigned n = 1 + random() % 3; n > 0; --n) damage(image, places, random);
    n_refused += refused(image);
  }
  CHECK(n_refused > n_rounds / 20 && n_refused < n_rounds);  // the damage is of both kinds
}

// The section table stands at the end, so no shorter file is whole.
void test_cuts(const Image &whole) {
  const size_t stride = whole.size() / 400 | 1;
  for (size_t nbytes = 0; nbytes < whole.size(); nbytes += nbytes < 4096 ? 1 : stride)
    CHECK(refused(Image(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(nbytes))));
}

}  // namespace

int main(int, char **argv) {
  const Image whole = read(nxs::test::plugin_path(argv[1], "null"));
  CHECK(!refused(whole));
  test_cuts(whole);
  test_damage(whole);
  return nxs::test::failures();
}
#endif
