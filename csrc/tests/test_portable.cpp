// What launchers read of portable kernels: the record, and the type name of OpenCL.
#include "check.hpp"
#include "sdk/portable.hpp"

using nxs::portable::parse_access;
using nxs::portable::parse_record;

namespace {

std::vector<std::byte> record(uint32_t version, uint32_t n_args, const std::string &text) {
  std::array<uint32_t, 21> head{version, n_args, 16, 8, 1, 4, 4, 8};
  std::vector<std::byte> bytes(sizeof head + text.size() + 1);
  std::memcpy(bytes.data(), head.data(), sizeof head);
  std::memcpy(bytes.data() + sizeof head, text.data(), text.size());
  return bytes;
}

void test_a_record_is_read() {
  const auto info = parse_record(record(1, 3, "val(float, a), in(float, x),inout( walk , y )"));
  CHECK(info.has_value());
  if (!info) return;
  CHECK((info->group == std::array<uint32_t, 3>{16, 8, 1}));
  CHECK(info->args.size() == 3);
  CHECK(info->args[0].name == "a" && info->args[0].type == "float" && info->args[0].is_value());
  CHECK(info->args[1].access == 'i' && info->args[1].nbytes == 4);
  CHECK(info->args[2].name == "y" && info->args[2].type == "walk" && info->args[2].nbytes == 8);
}

void test_other_bytes_are_no_record() {
  CHECK(!parse_record({}));
  CHECK(!parse_record(record(2, 1, "in(float, x)")));
  CHECK(!parse_record(record(1, 0, "")));
  CHECK(!parse_record(record(1, 17, "in(float, x)")));
  CHECK(!parse_record(record(1, 2, "in(float, x)")));
  CHECK(!parse_record(record(1, 1, "in(float, x), in(float, y)")));
  for (const char *text : {"inn(float, x)", "in(float)", "in(float, x", "in float, x)", "in(, x)"})
    CHECK(!parse_record(record(1, 1, text)));
  const auto whole = record(1, 1, "in(float, x)");
  for (size_t n = 0; n + 1 < whole.size(); ++n) CHECK(!parse_record(std::span(whole).first(n)));
  CHECK(!parse_record(record(1, 1, std::string(5000, 'x'))));
}

void test_the_access_is_in_a_type_name() {
  CHECK((parse_access("saxpy", "saxpy__nxs_val_in_inout") == std::vector<char>{'v', 'i', 'b'}));
  CHECK((parse_access("a__nxs_in", "a__nxs_in__nxs_out") == std::vector<char>{'o'}));
  for (const char *text : {"uint", "saxpy", "saxpy__nxs", "saxpy__nxs_", "saxpy__nxs_valin",
                           "saxpy__nxs_val__in", "saxpy2__nxs_val", "saxpy__nxs_val_in_"})
    CHECK(parse_access("saxpy", text).empty());
}

void test_sizes_of_types() {
  CHECK(nxs::portable::nbytes_of("nxs_uint64") == 8);
  CHECK(nxs::portable::nbytes_of("walk") == 0);
}

}  // namespace

int main() {
  test_a_record_is_read();
  test_other_bytes_are_no_record();
  test_the_access_is_in_a_type_name();
  test_sizes_of_types();
  return nxs::test::failures();
}
