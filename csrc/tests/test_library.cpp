// Library files of the cpu plugin: cut short, not libraries, rebuilt and overwritten while in use;
// what is a kernel.
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "plugin.hpp"
#include "sdk/dylib.hpp"

using nxs::test::contains;

namespace {

const nxs_table *api;

std::string source(int added) {
  return "#include <nexus/cpu_kernel.h>\n"
         "NXS_CPU_KERNEL(add, inout(int, y)) { y[0] += " +
         std::to_string(added) +
         "; }\n"
         "extern \"C\" __attribute__((visibility(\"default\"))) void bare(void *const *, const "
         "nxs_cpu_launch *) {}\n";
}

std::vector<char> bytes_of(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

void write(const std::string &path, const char *data, size_t nbytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(data, static_cast<std::streamsize>(nbytes));
}

int run_add(nxs_handle library) {
  int value = 0;
  const nxs_handle kernel = api->GetKernel(library, "add", 0),
                   buffer = api->CreateBuffer(0, sizeof value, 0, &value);
  const nxs_handle schedule = api->CreateSchedule(0, 0),
                   command = api->CreateCommand(schedule, kernel);
  CHECK(api->SetCommandArgument(command, 0, buffer) == NXS_Success);
  CHECK(api->FinalizeCommand(command, {1, 1, 1}, {1, 1, 1}) == NXS_Success);
  CHECK(api->RunSchedule(schedule, 0, NXS_RunFlags_Blocking) > 0);
  CHECK(api->CopyBuffer(buffer, &value, 0, sizeof value, NXS_WAIT_FOREVER) == NXS_Success);
  api->ReleaseSchedule(schedule);
  api->ReleaseCommand(command);
  api->ReleaseKernel(kernel);
  api->ReleaseBuffer(buffer);
  return value;
}

// dlopen itself dies of SIGBUS on most of these.
void test_a_file_cut_short_is_refused(const std::vector<char> &whole) {
  const std::string path = "/tmp/nexus-cut-" + std::to_string(getpid());
  for (size_t n = 0; n < whole.size(); n += n < 512 ? 7 : 97) {
    CHECK(api->CreateLibrary(0, whole.data(), n) == NXS_InvalidBinary);
    CHECK(contains(api->GetLastError(), "cannot load"));
  }
  write(path, whole.data(), whole.size() / 2);
  CHECK(api->CreateLibraryFromFile(0, path.c_str()) == NXS_InvalidBinary);
  CHECK(contains(api->GetLastError(), "cut short"));
  std::remove(path.c_str());
}

void test_what_is_no_library_is_refused(std::vector<char> whole) {
  const std::string text =
      "this is no library, and long enough to hold an ELF header of sixty-four bytes";
  CHECK(api->CreateLibrary(0, text.data(), text.size()) == NXS_InvalidBinary);
  CHECK(contains(api->GetLastError(), "no ELF shared object"));
  CHECK(api->CreateLibraryFromFile(0, "/no/such/file") == NXS_InvalidValue);
  CHECK(contains(api->GetLastError(), "No such file"));
  CHECK(api->CreateLibraryFromFile(0, "/tmp") == NXS_InvalidBinary);
  whole[18] = 2;  // e_machine: SPARC
  CHECK(api->CreateLibrary(0, whole.data(), whole.size()) == NXS_InvalidBinary);
  CHECK(contains(api->GetLastError(), "another machine"));
}

// Any byte may be wrong: a refusal or a library, never a crash of the reader.
void test_damaged_headers_do_not_crash_the_reader(const std::vector<char> &whole) {
  for (size_t at = 0; at < 64; ++at) {
    std::vector<char> damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    const nxs_handle library = api->CreateLibrary(0, damaged.data(), damaged.size());
    CHECK(library > 0 || library == NXS_InvalidBinary);
    if (library > 0) api->ReleaseLibrary(library);
  }
}

void test_a_rebuilt_file_is_the_new_code(const std::string &path) {
  const nxs_handle old = api->CreateLibraryFromFile(0, path.c_str());
  CHECK(run_add(old) == 1);
  const std::string rebuilt = nxs::test::build(source(10), "rebuilt");
  const std::vector<char> bytes = bytes_of(rebuilt);
  write(path, bytes.data(), bytes.size());  // in place: the same inode
  const nxs_handle fresh = api->CreateLibraryFromFile(0, path.c_str());
  CHECK(run_add(fresh) == 10);
  CHECK(run_add(old) == 1);
  write(path, bytes.data(), 100);
  CHECK(run_add(fresh) == 10 && run_add(old) == 1);
  std::remove(rebuilt.c_str());
  for (const nxs_handle library : {old, fresh}) api->ReleaseLibrary(library);
}

void test_a_file_is_known_by_its_time_once_that_has_passed() {
  using namespace std::chrono;
  nxs::FileIdentity identity;
  identity.changed_s = 1000, identity.changed_ns = 999'000'000;
  const system_clock::time_point changed(seconds(1000) + milliseconds(999));
  CHECK(!nxs::is_settled(identity, changed - hours(1)));  // the clock was set back
  CHECK(!nxs::is_settled(identity, changed));
  CHECK(!nxs::is_settled(identity, changed + milliseconds(10)));
  CHECK(nxs::is_settled(identity, changed + milliseconds(20)));
}

void test_only_kernels_of_the_file_are_kernels(const std::string &path) {
  const nxs_handle library = api->CreateLibraryFromFile(0, path.c_str());
  CHECK(api->GetKernel(library, "malloc", 0) == NXS_InvalidKernelName);
  CHECK(contains(api->GetLastError(), "its kernels: add"));
  CHECK(api->GetKernel(library, "malloc", NXS_KernelFlags_Unchecked) == NXS_InvalidKernelName);
  CHECK(api->GetKernel(library, "bare", 0) == NXS_InvalidKernelDefinition);
  const nxs_handle bare = api->GetKernel(library, "bare", NXS_KernelFlags_Unchecked);
  CHECK(bare > 0);
  char names[16];
  size_t nbytes = sizeof names;
  CHECK(api->GetLibraryKernels(library, names, &nbytes) == NXS_Success && nbytes == 4 &&
        std::string(names) == "add");
  api->ReleaseKernel(bare);
  api->ReleaseLibrary(library);
}

void test_a_kernel_outlives_its_library(const std::string &path) {
  const nxs_handle library = api->CreateLibraryFromFile(0, path.c_str());
  const nxs_handle kernel = api->GetKernel(library, "add", 0);
  api->ReleaseLibrary(library);
  char name[8];
  size_t nbytes = sizeof name;
  CHECK(api->GetKernelProperty(kernel, NP_Name, name, &nbytes) == NXS_Success &&
        std::string(name) == "add");
  api->ReleaseKernel(kernel);
}

// The list of images that are open changes at each of these calls.
void test_threads_open_and_release_libraries(const std::string &path) {
  constexpr int kThreads = 4, kRounds = 100;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([copy = path + std::to_string(t), content = bytes_of(path)] {
      write(copy, content.data(), content.size());
      for (int round = 0; round < kRounds; ++round) {
        const nxs_handle library = api->CreateLibraryFromFile(0, copy.c_str());
        CHECK(library > 0 && api->ReleaseLibrary(library) == NXS_Success);
      }
      std::remove(copy.c_str());
    });
  for (std::thread &thread : threads) thread.join();
}

}  // namespace

int main(int, char **argv) {
  api = &nxs::test::plugin(argv[1], "cpu");
  const std::string path = nxs::test::build(source(1), "library");
  const std::vector<char> whole = bytes_of(path);
  test_a_file_cut_short_is_refused(whole);
  test_what_is_no_library_is_refused(whole);
  test_damaged_headers_do_not_crash_the_reader(whole);
  test_only_kernels_of_the_file_are_kernels(path);
  test_a_kernel_outlives_its_library(path);
  test_threads_open_and_release_libraries(path);
  test_a_rebuilt_file_is_the_new_code(path);
  test_a_file_is_known_by_its_time_once_that_has_passed();
  std::remove(path.c_str());
  return nxs::test::failures();
}
