#include "checkpoint/safetensors_header.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "checkpoint/text.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDimensions = 16;

/// Receives the header token by token; returning false stops the parser, with the reason in error().
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  const std::string& error() const { return error_; }
  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(size_t) override {
    switch (place_) {
      case Place::kOutside:
        place_ = Place::kHeader;
        return true;
      case Place::kValue:
        place_ = name_ == "__metadata__" ? Place::kMetadata : Place::kTensor;
        entry_ = {};
        entry_.name = name_;
        fields_.clear();
        return true;
      default:
        return unexpected("an object");
    }
  }

  bool key(std::string& text) override {
    switch (place_) {
      case Place::kHeader:
        name_ = text;
        place_ = Place::kValue;
        return names_.insert(text).second || refuse("appears twice");
      case Place::kMetadata:
        field_ = text;
        return !header_.metadata.contains(text) ||
               refuse(fmt::format("the key {} appears twice", quote(text)));
      default:  // kTensor; arrays have no keys
        field_ = text;
        if (text != "dtype" && text != "shape" && text != "data_offsets") {
          return refuse(
              fmt::format("expected the fields dtype, shape and data_offsets, found {}", quote(text)));
        }
        return fields_.insert(text).second || refuse(fmt::format("the field {} appears twice", text));
    }
  }

  bool string(std::string& text) override {
    if (place_ == Place::kMetadata) {
      header_.metadata.emplace(field_, std::move(text));
      return true;
    }
    if (place_ != Place::kTensor || field_ != "dtype") return unexpected("a string");
    entry_.dtype = std::move(text);
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::kTensor || field_ == "dtype") return unexpected("a list");
    place_ = field_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool number_unsigned(uint64_t number) override {
    if (place_ == Place::kShape) {
      entry_.shape.push_back(static_cast<size_t>(number));
      return entry_.shape.size() <= kMaxDimensions ||
             refuse(fmt::format("expected at most {} dimensions, found more", kMaxDimensions));
    }
    if (place_ != Place::kOffsets) return unexpected("a number");
    (n_offset_ == 0 ? entry_.begin : entry_.end) = number;
    return ++n_offset_ <= 2 || refuse("data_offsets: expected 2 numbers, found more");
  }

  bool end_array() override {
    const bool was_offsets = place_ == Place::kOffsets;
    place_ = Place::kTensor;
    const size_t found = std::exchange(n_offset_, 0);
    if (was_offsets && found != 2)
      return refuse(fmt::format("data_offsets: expected 2 numbers, found {}", found));
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kHeader) return true;
    if (place_ == Place::kTensor) {
      if (fields_.size() != 3)
        return refuse("expected the fields dtype, shape and data_offsets, found fewer");
      header_.entries.push_back(std::move(entry_));
    }
    place_ = Place::kHeader;
    return true;
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool number_integer(int64_t number) override { return unexpected(fmt::format("{}", number)); }
  bool number_float(double, const std::string& text) override { return unexpected(text); }
  bool binary(Json::binary_t&) override { return unexpected("binary data"); }

  bool parse_error(size_t position, const std::string& token, const Json::exception&) override {
    error_ = fmt::format("the header is not valid JSON at byte {}, near {}", position, quote(token));
    return false;
  }

 private:
  /// Where the next token belongs: outside of everything, at a name of the header, at the value after that
  /// name, or inside that value.
  enum class Place { kOutside, kHeader, kValue, kMetadata, kTensor, kShape, kOffsets };

  bool refuse(std::string_view what) {
    error_ = fmt::format("header entry {}: {}", quote(name_), what);
    return false;
  }

  bool unexpected(std::string_view found) {
    switch (place_) {
      case Place::kMetadata:
        return refuse(fmt::format("expected a string for {}, found {}", quote(field_), found));
      case Place::kShape:
        return refuse(fmt::format("shape: expected whole numbers, found {}", found));
      case Place::kOffsets:
        return refuse(fmt::format("data_offsets: expected whole numbers, found {}", found));
      case Place::kTensor:
        return refuse(fmt::format("{}: found {}, which does not belong there", field_, found));
      default:
        return refuse(fmt::format("expected an object, found {}", found));
    }
  }

  SafetensorsHeader header_;
  std::set<std::string, std::less<>> names_;
  Place place_ = Place::kOutside;
  std::string name_;              // key of the header that is being read
  std::string field_;             // key inside that entry
  std::set<std::string> fields_;  // fields of the tensor seen so far
  SafetensorsEntry entry_;
  size_t n_offset_ = 0;
  std::string error_;
};

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::string_view origin) {
  // The parser takes a NUL for the end of its input and would not see what follows.
  if (const size_t nul = json.find('\0'); nul != std::string_view::npos) {
    return corrupt(origin, fmt::format("the header is not valid JSON at byte {}: a NUL byte", nul));
  }
  HeaderReader reader;
  if (!Json::sax_parse(json, &reader)) return corrupt(origin, reader.error());
  return reader.take();
}

}  // namespace limpid
