// Writes the nested data of an Object property as JSON text.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace nxs {

// A JSON value that is only ever written. Build it from the inside out:
// Json::object({{"Type", "L2"}, {"Size", 1048576}}).
class Json {
 public:
  using Members = std::vector<std::pair<std::string, Json>>;
  Json(const char *text) : text_(quote(text)) {}
  Json(const std::string &text) : text_(quote(text)) {}
  Json(int64_t number) : text_(std::to_string(number)) {}
  Json(int number) : text_(std::to_string(number)) {}
  static Json array(const std::vector<Json> &items) {
    Json json("");
    json.text_ = "[";
    for (const Json &item : items) json.text_ += (json.text_.size() > 1 ? "," : "") + item.text_;
    json.text_ += "]";
    return json;
  }
  static Json object(const Members &members) {
    Json json("");
    json.text_ = "{";
    for (const auto &[name, value] : members)
      json.text_ += (json.text_.size() > 1 ? "," : "") + quote(name) + ":" + value.text_;
    json.text_ += "}";
    return json;
  }
  const std::string &text() const { return text_; }

 private:
  static std::string quote(std::string_view raw) {
    std::string out = "\"";
    for (const char c : raw) {
      if (c == '"' || c == '\\') {
        out += {'\\', c};
      } else if (static_cast<unsigned char>(c) < 0x20) {
        char escape[7];  // \u00XX and NUL
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        out += escape;
      } else {
        out += c;
      }
    }
    return out + "\"";
  }
  std::string text_;
};

}  // namespace nxs
