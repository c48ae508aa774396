#include "fuzz_checks.h"

#include "checkpoint/gguf_file.h"
#include "checkpoint/gguf_split.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto contents = parse_gguf(bytes, "input.gguf");
  if (!contents) {
    check_error(contents.error());
    return 0;
  }
  check_tensors(contents->tensors, bytes);
  const auto split = read_gguf_split(contents->metadata, "input.gguf");
  if (!split) {
    check_error(split.error());
  } else if (*split) {
    CHECK((*split)->number >= 1 && (*split)->number <= (*split)->count);
  }
  for (const auto& [key, value] : contents->metadata.values()) {
    const auto integer = contents->metadata.get_int(key);
    const auto number = contents->metadata.get_double(key);
    if (!integer) check_error(integer.error());
    if (!number) check_error(number.error());
    CHECK(!integer || number);
  }
  return 0;
}
