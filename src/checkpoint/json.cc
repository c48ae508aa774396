#include "checkpoint/json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxNesting = 64;
constexpr size_t kMaxBytes = size_t{32} << 20;  // a document takes up to twenty times its text

/// What building a document would let pass: it keeps the last of two equal keys, and nests without limit.
class Checker : public nlohmann::json_sax<Json> {
 public:
  const std::string& error() const { return error_; }

  bool start_object(size_t) override { return enter(); }
  bool start_array(size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(std::string& text) override {
    if (keys_.back().insert(text).second) return true;
    error_ = fmt::format("the key {} appears twice", quote(text));
    return false;
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }

  bool parse_error(size_t position, const std::string& token, const Json::exception&) override {
    error_ = fmt::format("not valid JSON at byte {}, near {}", position, quote(token));
    return false;
  }

 private:
  bool enter() {
    keys_.emplace_back();
    if (keys_.size() <= kMaxNesting) return true;
    error_ = fmt::format("expected at most {} levels of nesting, found more", kMaxNesting);
    return false;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string, std::less<>>> keys_;  // of every open object; empty for a list
  std::string error_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view origin) {
  if (text.size() > kMaxBytes) {
    return corrupt(origin,
                   fmt::format("expected at most {} bytes of JSON, found {}", kMaxBytes, text.size()));
  }
  // The parser takes a NUL for the end of its input and would not see what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return corrupt(origin, fmt::format("not valid JSON at byte {}: a NUL byte", nul));
  }
  Checker checker;
  if (!Json::sax_parse(text, &checker)) return corrupt(origin, checker.error());
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

Result<Json> read_json(const std::filesystem::path& path) {
  LIMPID_TRY(const MappedFile file, MappedFile::open(path));
  const auto bytes = file.bytes();
  return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace limpid
