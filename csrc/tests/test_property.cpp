// Property tables: sizes, types on the wire, keys, refusals; JSON text.
#include <array>

#include "check.hpp"
#include "sdk/property.hpp"

using nxs::Json;
using nxs::Property;
using nxs::Value;
using nxs::test::contains;
using nxs::test::thrown;

namespace {

struct Thing {
  bool has_time = false;
};

Value time_of(const Thing &thing) {
  if (!thing.has_time) throw nxs::Error(NXS_ProfilingInfoNotAvailable, "no time");
  return 1.5;
}

constexpr std::array kProperties{
    Property<Thing>{NP_Name, [](const Thing &) -> Value { return std::string("thing"); }},
    Property<Thing>{NP_Size, [](const Thing &) -> Value { return int64_t{7}; }},
    Property<Thing>{NP_Features, [](const Thing &) -> Value { return {}; }},
    Property<Thing>{NP_ElapsedTime, time_of},
    Property<Thing>{NP_SupportedMemoryTypes,
                    [](const Thing &) -> Value { return std::vector<std::string>{"L1", "L2"}; }},
};

void get(nxs_uint id, void *value, size_t *nbytes, Thing thing = {}) {
  nxs::get_property<Thing>(kProperties, thing, id, value, nbytes);
}

void test_null_asks_for_the_size() {
  size_t nbytes = 0;
  get(NP_Name, nullptr, &nbytes);
  CHECK(nbytes == 6);  // "thing" and NUL
}

void test_too_little_room_writes_nothing() {
  char text[8] = "????";
  size_t nbytes = 5;
  CHECK(contains(thrown<nxs::Error>([&] { get(NP_Name, text, &nbytes); }),
                 "6 bytes and there is room for 5"));
  CHECK(std::string(text) == "????" && nbytes == 6);
}

void test_values_arrive_whole() {
  char text[16];
  size_t nbytes = sizeof text;
  get(NP_SupportedMemoryTypes, text, &nbytes);
  CHECK(nbytes == 6 && std::string(text, 6) == std::string("L1\0L2\0", 6));
  int64_t number = 0;
  nbytes = sizeof number;
  get(NP_Size, &number, &nbytes);
  CHECK(number == 7 && nbytes == 8);
}

void test_keys_are_exactly_what_answers() {
  size_t nbytes = 0;
  get(NP_Keys, nullptr, &nbytes);
  CHECK(nbytes == 8 * 4);  // Keys, Name, Size, SupportedMemoryTypes
  get(NP_Keys, nullptr, &nbytes, Thing{.has_time = true});
  CHECK(nbytes == 8 * 5);
}

void test_unknown_property_names_the_known_ones() {
  size_t nbytes = 0;
  const std::string refusal = thrown<nxs::Error>([&] { get(NP_Vendor, nullptr, &nbytes); });
  CHECK(contains(refusal, "Vendor is no property") && contains(refusal, "Keys Name Size"));
  CHECK(contains(thrown<nxs::Error>([&] { get(NP_Features, nullptr, &nbytes); }), "no property"));
  CHECK(contains(thrown<nxs::Error>([&] { get(NP_ElapsedTime, nullptr, &nbytes); }), "no time"));
}

void test_a_null_byte_count_is_refused() {
  CHECK(contains(thrown<nxs::Error>([] { get(NP_Name, nullptr, nullptr); }), "byte count is NULL"));
}

void test_json_is_quoted() {
  const Json json = Json::object({{"a\"b", "c\\d\n"}, {"n", 3}, {"list", Json::array({1, "x"})}});
  CHECK(json.text() == "{\"a\\\"b\":\"c\\\\d\\u000a\",\"n\":3,\"list\":[1,\"x\"]}");
  CHECK(Json::array({}).text() == "[]" && Json::object({}).text() == "{}");
}

}  // namespace

int main() {
  test_null_asks_for_the_size();
  test_too_little_room_writes_nothing();
  test_values_arrive_whole();
  test_keys_are_exactly_what_answers();
  test_unknown_property_names_the_known_ones();
  test_a_null_byte_count_is_refused();
  test_json_is_quoted();
  return nxs::test::failures();
}
