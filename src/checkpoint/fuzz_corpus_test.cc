// The seed corpus of the fuzz targets (tools/make_fuzz_corpus.py), held to what its file names promise.
#include <functional>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "checkpoint/gguf_file.h"
#include "checkpoint/gguf_split.h"
#include "checkpoint/json.h"
#include "checkpoint/json_metadata.h"
#include "checkpoint/pickle.h"
#include "checkpoint/pytorch_file.h"
#include "checkpoint/safetensors_file.h"
#include "checkpoint/scaled_tensors.h"
#include "checkpoint/torch_state_dict.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::byte>;

struct Parser {
  const char* folder;
  std::function<std::optional<Error>(Bytes)> parse;
};

template <class T>
std::optional<Error> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

Result<Metadata> parse_config(Bytes bytes) {
  LIMPID_TRY(const nlohmann::json document,
             parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "x"));
  return flatten_json(document, "x");
}

/// What opening a file does before it looks for the other parts of the model.
std::optional<Error> gguf_error(Bytes bytes) {
  const auto contents = parse_gguf(bytes, "x");
  return contents ? error_of(read_gguf_split(contents->metadata, "x")) : contents.error();
}

Result<std::vector<TorchTensor>> parse_pickle(Bytes bytes) {
  LIMPID_TRY(const Pickle pickle, read_pickle(bytes, "x"));
  return read_state_dict(pickle, "x");
}

std::optional<Error> safetensors_error(Bytes bytes) {
  auto contents = parse_safetensors(bytes, "x");
  if (!contents) return contents.error();
  Checkpoint checkpoint;
  checkpoint.metadata.set("quantization_config.weight_block_size", std::vector<int64_t>{4, 2});
  checkpoint.tensors = std::move(contents->tensors);
  return error_of(join_scales(checkpoint));
}

class FuzzCorpus : public testing::TestWithParam<Parser> {};

TEST_P(FuzzCorpus, ParsesOrFailsAsNamed) {
  size_t n_file = 0;
  for (const auto& file :
       fs::directory_iterator(fs::path(LIMPID_TESTDATA) / "../tests/fuzz/corpus" / GetParam().folder)) {
    const std::string name = file.path().filename().string();
    const auto mapped = MappedFile::open(file.path());
    ASSERT_TRUE(mapped) << name;
    const auto error = GetParam().parse(mapped->bytes());
    if (name.starts_with("ok-")) {
      EXPECT_FALSE(error) << name << ": " << error->message;
    } else if (!name.starts_with("found-")) {
      EXPECT_TRUE(error) << name;
    }
    ++n_file;
  }
  EXPECT_GE(n_file, 10);
}

INSTANTIATE_TEST_SUITE_P(
    All, FuzzCorpus,
    testing::Values(Parser{"gguf", gguf_error}, Parser{"safetensors", safetensors_error},
                    Parser{"pickle", [](Bytes bytes) { return error_of(parse_pickle(bytes)); }},
                    Parser{"pytorch", [](Bytes bytes) { return error_of(parse_pytorch(bytes, "x")); }},
                    Parser{"config", [](Bytes bytes) { return error_of(parse_config(bytes)); }}),
    [](const auto& test) { return test.param.folder; });

}  // namespace
}  // namespace limpid
