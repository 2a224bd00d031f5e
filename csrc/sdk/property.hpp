// Property tables: one array per kind of object is both what it answers and the list of what it
// answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sdk/error.hpp"
#include "sdk/json.hpp"

namespace nxs {

// A value as it crosses the C API; monostate: this object does not have the property.
using Value = std::variant<std::monostate, int64_t, double, std::string, std::vector<int64_t>,
                           std::vector<double>, std::vector<std::string>, Json>;

// One property of T: its id, and how to read it.
template <class T>
struct Property {
  nxs_uint id;
  Value (*get)(const T &);
};

// An object as a getter sees it: looked up, and the handle it was looked up by.
template <class T>
struct Owned {
  std::shared_ptr<T> object;
  nxs_handle handle;
};

// What objects of a kind answer in every runtime, and what they answer in this one too.
template <class T, size_t N, size_t M>
constexpr std::array<Property<T>, N + M> both(const std::array<Property<T>, N> &common,
                                              const std::array<Property<T>, M> &own) {
  std::array<Property<T>, N + M> all{};
  std::copy(own.begin(), own.end(), std::copy(common.begin(), common.end(), all.begin()));
  return all;
}

struct PropertyInfo {
  nxs_uint id;
  nxs_property_type type;
  const char *name;
};

inline std::span<const PropertyInfo> property_infos() {
  static constexpr PropertyInfo kInfos[] = {
#define NXS_PROPERTY(name, type) {NP_##name, NXS_PropertyType_##type, #name},
#include <nexus/nxs_properties.def>
#undef NXS_PROPERTY
  };
  return kInfos;
}

inline std::string property_name(nxs_uint id) {
  for (const PropertyInfo &info : property_infos())
    if (info.id == id) return info.name;
  return "property " + std::to_string(id);
}

// nxsGetPropertyInfo for the properties of nxs.h.
inline void get_property_info(nxs_uint id, nxs_property_info *out) {
  // As version 1.0 has it: a later caller's is larger, never smaller.
  constexpr size_t kInfoNbytes = offsetof(nxs_property_info, name) + sizeof(const char *);
  if (!out || out->struct_size < kInfoNbytes)
    throw Error(NXS_InvalidValue, "nxs_property_info is NULL or its struct_size is not set");
  for (const PropertyInfo &info : property_infos()) {
    if (info.id != id) continue;
    out->type = info.type;
    out->name = info.name;
    return;
  }
  throw Error(NXS_InvalidProperty, "there is no property " + std::to_string(id));
}

// Hands `nbytes` bytes over by the rule of every getter: NULL asks for the size; too little room
// writes nothing.
inline void write_bytes(const void *bytes, size_t nbytes, void *value, size_t *room) {
  if (!room) throw Error(NXS_InvalidValue, "the pointer to the byte count is NULL");
  const size_t had = std::exchange(*room, nbytes);
  if (!value) return;
  if (had < nbytes)
    throw Error(NXS_InvalidArgSize, "the value has " + std::to_string(nbytes) +
                                        " bytes and there is room for " + std::to_string(had));
  if (nbytes) std::memcpy(value, bytes, nbytes);
}

inline void write_strings(const std::vector<std::string> &strings, void *value, size_t *room) {
  std::string joined;
  for (const std::string &text : strings) joined.append(text.c_str(), text.size() + 1);
  write_bytes(joined.data(), joined.size(), value, room);
}

inline void write_value(const Value &from, void *value, size_t *room) {
  struct Writer {
    void *value;
    size_t *room;
    void operator()(std::monostate) const {}
    void operator()(const int64_t &number) const {
      write_bytes(&number, sizeof number, value, room);
    }
    void operator()(const double &number) const {
      write_bytes(&number, sizeof number, value, room);
    }
    void operator()(const std::string &text) const {
      write_bytes(text.c_str(), text.size() + 1, value, room);
    }
    void operator()(const std::vector<int64_t> &v) const {
      write_bytes(v.data(), v.size() * 8, value, room);
    }
    void operator()(const std::vector<double> &v) const {
      write_bytes(v.data(), v.size() * 8, value, room);
    }
    void operator()(const std::vector<std::string> &v) const { write_strings(v, value, room); }
    void operator()(const Json &json) const { (*this)(json.text()); }
  };
  std::visit(Writer{value, room}, from);
}

// Whether the object has the property now; one that answers with an error (a time that was not
// taken) has it not.
template <class T>
bool answers(const Property<T> &property, const T &object) {
  try {
    return !std::holds_alternative<std::monostate>(property.get(object));
  } catch (const Error &) {
    return false;
  }
}

template <class T>
std::vector<int64_t> keys(std::span<const Property<T>> properties, const T &object) {
  std::vector<int64_t> ids{NP_Keys};
  for (const Property<T> &property : properties)
    if (answers(property, object)) ids.push_back(property.id);
  return ids;
}

// The body of every nxsGet...Property.
template <class T>
void get_property(std::span<const Property<T>> properties, const T &object, nxs_uint id,
                  void *value, size_t *room) {
  if (id == NP_Keys) return write_value(keys(properties, object), value, room);
  for (const Property<T> &property : properties) {
    if (property.id != id) continue;
    const Value found = property.get(object);
    if (std::holds_alternative<std::monostate>(found)) break;
    return write_value(found, value, room);
  }
  std::string known;
  for (const int64_t key : keys(properties, object))
    known += " " + property_name(static_cast<nxs_uint>(key));
  throw Error(NXS_InvalidProperty,
              property_name(id) + " is no property of this object; it has:" + known);
}

}  // namespace nxs
