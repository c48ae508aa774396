#include "fuzz_checks.h"

#include "checkpoint/safetensors_file.h"
#include "checkpoint/scaled_tensors.h"

namespace limpid {
namespace {

/// A scale has a factor for every element, all of them inside `bytes`.
void check_scale(const TensorInfo& tensor, std::span<const std::byte> bytes) {
  if (!tensor.scale || tensor.data.empty()) return;
  const TensorScale& scale = *tensor.scale;
  CHECK(scale.data.size() == scale.rows * scale.cols * info(scale.type).block_bytes);
  CHECK(scale.data.data() >= bytes.data() &&
        scale.data.data() + scale.data.size() <= bytes.data() + bytes.size());
  CHECK(scale.block_rows > 0 && (tensor.n_row() - 1) / scale.block_rows < scale.rows);
  CHECK(scale.block_cols > 0 && (tensor.shape.back() - 1) / scale.block_cols < scale.cols);
}

}  // namespace
}  // namespace limpid

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  const auto bytes = std::as_bytes(std::span(data, size));
  auto contents = parse_safetensors(bytes, "input.safetensors");
  if (!contents) {
    check_error(contents.error());
    return 0;
  }
  check_tensors(contents->tensors, bytes);
  for (const auto& [name, type] : contents->unsupported_tensors) CHECK(!contents->tensors.contains(name));

  Checkpoint checkpoint;
  checkpoint.path = "input.safetensors";
  checkpoint.metadata.set("quantization_config.weight_block_size", std::vector<int64_t>{4, 2});
  checkpoint.tensors = std::move(contents->tensors);
  checkpoint.unsupported_tensors = std::move(contents->unsupported_tensors);
  if (const auto joined = join_scales(checkpoint); !joined) {
    check_error(joined.error());
    return 0;
  }
  check_tensors(checkpoint.tensors, bytes);
  for (const auto& [name, tensor] : checkpoint.tensors) check_scale(tensor, bytes);
  return 0;
}
