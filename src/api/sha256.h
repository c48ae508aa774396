// SHA-256: names for content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace limpid {

class Sha256 {
 public:
  Sha256();

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// Its length first, so that "ab","c" and "a","bc" differ.
  void add_field(std::string_view text);
  void add_number(uint64_t number);

  /// The digest of all that was added, as 64 lower-case hexadecimal digits. Ends this object's use.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace limpid
