#include "tokenizer/gguf_tokenizer.h"

#include <deque>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checkpoint/text.h"
#include "tokenizer/gguf_vocabulary.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/score_merges.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetaspace = "▁";
constexpr std::string_view kPre = "tokenizer.ggml.pre";

/// A tokenizer.json with an empty BPE model.
struct Parts {
  std::string json;
  bool add_bos = false;
};

Json bpe_model(const Json& options) {
  Json model = {{"type", "BPE"}, {"vocab", Json::object()}, {"merges", Json::array()}};
  model.update(options);
  return model;
}

Result<Parts> byte_level_parts(const std::string& pre, std::string_view origin) {
  const PreTokenizer* row = find_pre_tokenizer(pre);
  if (row == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: metadata '{}': pre-tokenizer {} is not supported", origin, kPre, quote(pre)),
                "supported: " + pre_tokenizer_names() +
                    "; the model's Hugging Face folder with its tokenizer.json may work");
  }
  const Json parts = {
      {"normalizer", Json::parse(row->normalizer)},
      {"pre_tokenizer", Json::parse(row->pre_tokenizer)},
      {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}}},
      {"model", bpe_model({{"ignore_merges", row->ignore_merges}})}};
  return Parts{parts.dump(), row->add_bos};
}

/// What Hugging Face's converter gives a Llama vocabulary: spaces become "▁", and one is put before the text.
Result<Parts> sentencepiece_parts(const Metadata& metadata, const GgufVocabulary& vocabulary,
                                  std::string_view origin) {
  LIMPID_TRY(const auto add_space, metadata.get_bool("tokenizer.ggml.add_space_prefix"));
  LIMPID_TRY(const auto unknown,
             read_token_id(metadata, "tokenizer.ggml.unknown_token_id", vocabulary.tokens.size(), origin));
  Json normalizers = Json::array();
  Json decoders = {{{"type", "Replace"}, {"pattern", {{"String", kMetaspace}}}, {"content", " "}},
                   {{"type", "ByteFallback"}},
                   {{"type", "Fuse"}}};
  if (add_space.value_or(true)) {
    normalizers.push_back({{"type", "Prepend"}, {"prepend", kMetaspace}});
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMetaspace}});

  Json options = {{"byte_fallback", true}, {"fuse_unk", true}};
  for (size_t i = 0; i < vocabulary.tokens.size() && !options.contains("unk_token"); ++i) {
    const bool is_unknown =
        unknown ? i == static_cast<size_t>(*unknown) : vocabulary.type(i) == TokenType::kUnknown;
    if (is_unknown) options["unk_token"] = vocabulary.tokens[i];
  }
  const Json parts = {{"normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}},
                      {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}},
                      {"model", bpe_model(options)}};
  return Parts{parts.dump(), true};
}

/// Tokens that are matched as a whole: control tokens by name, user-defined ones as text.
std::string added_tokens(const GgufVocabulary& vocabulary) {
  std::string list = "[";
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const TokenType type = vocabulary.type(i);
    const bool special = type == TokenType::kControl || type == TokenType::kUnknown;
    if (!special && type != TokenType::kUserDefined) continue;
    if (list.size() > 1) list += ',';
    list += added_token_json(vocabulary.tokens[i], special);
  }
  return list + "]";
}

/// Some files write runs of spaces literally where the sentencepiece vocabulary has runs of "▁".
std::deque<std::string> restore_metaspaces(GgufVocabulary& vocabulary) {
  std::deque<std::string> storage;  // keeps its addresses
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    std::string_view& token = vocabulary.tokens[i];
    if (vocabulary.type(i) != TokenType::kUserDefined || token.find_first_not_of(' ') != token.npos) continue;
    std::string& text = storage.emplace_back();
    for (size_t n = 0; n < token.size(); ++n) text += kMetaspace;
    token = text;
  }
  return storage;
}

Result<LoadedTokenizer> finish(const Metadata& metadata, Engine engine, const GgufVocabulary& vocabulary,
                               bool add_bos_by_default, std::string source, std::string_view origin) {
  const size_t n_token = vocabulary.tokens.size();
  LIMPID_CHECK_OK(engine.add_tokens(added_tokens(vocabulary)));
  LIMPID_TRY(const auto bos, read_token_id(metadata, "tokenizer.ggml.bos_token_id", n_token, origin));
  LIMPID_TRY(const auto eos, read_token_id(metadata, "tokenizer.ggml.eos_token_id", n_token, origin));
  LIMPID_TRY(const auto add_bos, metadata.get_bool("tokenizer.ggml.add_bos_token"));
  if (add_bos.value_or(false) && !bos) {
    return corrupt(origin, "metadata 'tokenizer.ggml.add_bos_token' is true, but there is no bos_token_id");
  }
  LoadedTokenizer loaded{std::move(engine), {}, bos, eos, std::move(source)};
  if (bos && add_bos.value_or(add_bos_by_default)) loaded.prefix = {*bos};
  return loaded;
}

}  // namespace

Result<LoadedTokenizer> load_gguf_tokenizer(const Metadata& metadata, std::string_view origin) {
  LIMPID_TRY(const auto model, metadata.get_string("tokenizer.ggml.model"));
  LIMPID_TRY(const auto named_pre, metadata.get_string(kPre));
  const bool byte_level = model == "gpt2";
  if (!byte_level && model != "llama") {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: vocabulary of type {} is not supported", origin, quote(model.value_or(""))),
                "supported in GGUF files: 'gpt2' (byte-level BPE) and 'llama' (sentencepiece BPE)");
  }
  const std::string pre = named_pre.value_or("default");
  LIMPID_TRY(GgufVocabulary vocabulary, read_gguf_vocabulary(metadata, origin));
  const std::deque<std::string> storage =
      byte_level ? std::deque<std::string>() : restore_metaspaces(vocabulary);

  Parts parts;
  std::vector<std::string_view> merges;
  if (byte_level) {
    LIMPID_TRY(parts, byte_level_parts(pre, origin));
    LIMPID_TRY(merges, split_merges(vocabulary.merges, origin));
  } else {
    LIMPID_TRY(parts, sentencepiece_parts(metadata, vocabulary, origin));
    if (vocabulary.scores.empty())
      return corrupt(origin, "metadata 'tokenizer.ggml.scores': expected scores, found none");
    merges = merges_from_scores(vocabulary.tokens, vocabulary.scores);
  }
  LIMPID_TRY(Engine engine, Engine::from_bpe(parts.json, vocabulary.tokens, merges, origin));
  const std::string source = byte_level ? "GGUF gpt2/" + pre : "GGUF llama";
  return finish(metadata, std::move(engine), vocabulary, parts.add_bos, source, origin);
}

}  // namespace limpid
