#include "fuzz_checks.h"

#include "checkpoint/pytorch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto contents = parse_pytorch(bytes, "input.bin");
  if (!contents) {
    check_error(contents.error());
    return 0;
  }
  check_tensors(contents->tensors, bytes);
  for (const auto& [name, type] : contents->unsupported_tensors) CHECK(!contents->tensors.contains(name));
  return 0;
}
