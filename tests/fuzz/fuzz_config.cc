#include <nlohmann/json.hpp>

#include "fuzz_checks.h"

#include "checkpoint/json.h"
#include "checkpoint/json_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  const auto document = parse_json({reinterpret_cast<const char*>(data), size}, "config.json");
  if (!document) {
    check_error(document.error());
    return 0;
  }
  CHECK(!document->is_discarded());
  const auto metadata = flatten_json(*document, "config.json");
  if (!metadata) {
    check_error(metadata.error());
    return 0;
  }
  for (const auto& [key, value] : metadata->values()) {
    CHECK(is_utf8(key) && !metadata->omitted().contains(key));
    const auto integer = metadata->get_int(key);
    if (!integer) check_error(integer.error());
  }
  return 0;
}
