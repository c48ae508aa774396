// What families accept and refuse, on checkpoints made by hand: tables of one change to a good model each.
#include <cstring>
#include <deque>
#include <functional>
#include <gtest/gtest.h>

#include "model/family.h"

namespace limpid {
namespace {

/// A checkpoint whose tensors hold zeros.
struct Fixture {
  Checkpoint checkpoint;
  std::deque<std::vector<std::byte>> storage;

  void tensor(const std::string& name, std::vector<size_t> shape, DType type = DType::kF32) {
    size_t n = 1;
    for (const size_t s : shape) n *= s;
    auto& bytes = storage.emplace_back(n / info(type).block_size * info(type).block_bytes);
    checkpoint.tensors[name] = {name, type, std::move(shape), bytes};
  }
  void set(const char* key, MetadataValue value) { checkpoint.metadata.set(key, std::move(value)); }
  void drop(std::string_view key) {
    Metadata rest;
    for (const auto& [name, value] : checkpoint.metadata.values()) {
      if (name != key) rest.set(name, value);
    }
    checkpoint.metadata = std::move(rest);
  }
  void set_null(const char* key) {
    drop(key);
    checkpoint.metadata.set_null(key);
  }
  void drop_tensor(const char* name) { checkpoint.tensors.erase(name); }
};

using Change = std::function<void(Fixture&)>;

Fixture llama_folder() {
  Fixture f;
  f.checkpoint.path = "folder";
  f.checkpoint.dialect = Dialect::kHuggingFace;
  f.set("model_type", std::string("llama"));
  f.set("hidden_size", int64_t{8});
  f.set("num_hidden_layers", int64_t{1});
  f.set("num_attention_heads", int64_t{4});
  f.set("num_key_value_heads", int64_t{2});
  f.set("intermediate_size", int64_t{12});
  f.set("max_position_embeddings", int64_t{32});
  f.set("tie_word_embeddings", true);
  f.tensor("model.embed_tokens.weight", {20, 8});
  f.tensor("model.norm.weight", {8});
  const std::string layer = "model.layers.0.";
  f.tensor(layer + "input_layernorm.weight", {8});
  f.tensor(layer + "post_attention_layernorm.weight", {8});
  f.tensor(layer + "self_attn.q_proj.weight", {8, 8});
  f.tensor(layer + "self_attn.k_proj.weight", {4, 8});
  f.tensor(layer + "self_attn.v_proj.weight", {4, 8});
  f.tensor(layer + "self_attn.o_proj.weight", {8, 8});
  f.tensor(layer + "mlp.gate_proj.weight", {12, 8});
  f.tensor(layer + "mlp.up_proj.weight", {12, 8});
  f.tensor(layer + "mlp.down_proj.weight", {8, 12});
  return f;
}

Fixture gpt2_folder() {
  Fixture f;
  f.checkpoint.path = "folder";
  f.set("model_type", std::string("gpt2"));
  f.set("n_embd", int64_t{8});
  f.set("n_layer", int64_t{1});
  f.set("n_head", int64_t{2});
  f.set("n_positions", int64_t{16});
  f.tensor("wte.weight", {20, 8});
  f.tensor("wpe.weight", {16, 8});
  for (const char* norm : {"ln_f", "h.0.ln_1", "h.0.ln_2"}) {
    f.tensor(std::string(norm) + ".weight", {8});
    f.tensor(std::string(norm) + ".bias", {8});
  }
  const auto linear = [&](const std::string& name, size_t n_in, size_t n_out) {
    f.tensor(name + ".weight", {n_in, n_out});
    f.tensor(name + ".bias", {n_out});
  };
  linear("h.0.attn.c_attn", 8, 24);
  linear("h.0.attn.c_proj", 8, 8);
  linear("h.0.mlp.c_fc", 8, 32);
  linear("h.0.mlp.c_proj", 32, 8);
  return f;
}

struct Refusal {
  const char* name;
  Change change;
  ErrorCode code;
  const char* message;  // a part of it
};

void expect_refused(const Fixture& fixture, const Refusal& refusal) {
  const auto model = describe_model(fixture.checkpoint);
  ASSERT_FALSE(model.has_value()) << refusal.name;
  EXPECT_EQ(model.error().code, refusal.code) << refusal.name << ": " << model.error().message;
  EXPECT_NE(model.error().message.find(refusal.message), std::string::npos)
      << refusal.name << ": " << model.error().message;
}

TEST(Llama, DescribesAFolder) {
  const Fixture f = llama_folder();
  const auto model = describe_model(f.checkpoint);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ(model->spec.family, "llama");
  EXPECT_EQ(model->spec.d_head, 2);
  EXPECT_EQ(model->spec.n_vocab, 20);
  EXPECT_EQ(model->spec.ropes.front().inverse_frequency, std::vector<float>{1.0f});
  EXPECT_EQ(model->weights.layers.front().qkv.n_out, 16u);
  EXPECT_EQ(model->weights.unembed.rows.front().tensor, model->weights.embedding);
}

TEST(Llama, Refuses) {
  const Refusal refusals[] = {
      {"no type", [](Fixture& f) { f.checkpoint.metadata = {}; }, ErrorCode::kCorrupt, "model_type"},
      {"another type", [](Fixture& f) { f.set("model_type", std::string("mamba")); }, ErrorCode::kUnsupported,
       "architecture 'mamba', which has state-space (SSM) blocks, is not supported"},
      {"an encoder and a decoder", [](Fixture& f) { f.set("model_type", std::string("t5")); },
       ErrorCode::kUnsupported, "architecture 't5', which has an encoder and a decoder, is not supported"},
      {"an unheard-of type", [](Fixture& f) { f.set("model_type", std::string("acme")); },
       ErrorCode::kUnsupported, "architecture 'acme' is not supported"},
      {"a decoder of a pair", [](Fixture& f) { f.set("is_encoder_decoder", true); }, ErrorCode::kUnsupported,
       "'is_encoder_decoder'"},
      {"a tensor that no llama has",
       [](Fixture& f) { f.tensor("model.layers.0.self_attn.q_norm.weight", {2}); }, ErrorCode::kUnsupported,
       "tensor 'model.layers.0.self_attn.q_norm.weight' is not part of this architecture"},
      {"no layers", [](Fixture& f) { f.set("num_hidden_layers", int64_t{0}); }, ErrorCode::kCorrupt,
       "'num_hidden_layers': expected an integer from 1 to 2147483647, found 0"},
      {"absurd layers", [](Fixture& f) { f.set("num_hidden_layers", int64_t{1} << 40); }, ErrorCode::kCorrupt,
       "num_hidden_layers"},
      {"more layers than tensors", [](Fixture& f) { f.set("num_hidden_layers", int64_t{2}); },
       ErrorCode::kCorrupt, "tensor 'model.layers.1."},
      {"a text for a number", [](Fixture& f) { f.set("hidden_size", std::string("8")); }, ErrorCode::kCorrupt,
       "hidden_size"},
      {"a missing tensor", [](Fixture& f) { f.drop_tensor("model.layers.0.mlp.up_proj.weight"); },
       ErrorCode::kCorrupt, "tensor 'model.layers.0.mlp.up_proj.weight' is missing"},
      {"a missing embedding", [](Fixture& f) { f.drop_tensor("model.embed_tokens.weight"); },
       ErrorCode::kCorrupt, "tensor 'model.embed_tokens.weight' is missing"},
      {"a wrong shape",
       [](Fixture& f) {
         f.tensor("model.layers.0.self_attn.k_proj.weight", {8, 8});
       },
       ErrorCode::kCorrupt, "expected shape [4, 8], found [8, 8]"},
      {"a tensor of integers", [](Fixture& f) { f.tensor("model.norm.weight", {8}, DType::kI64); },
       ErrorCode::kCorrupt, "expected a weight type, found I64"},
      {"a type that cannot be read",
       [](Fixture& f) {
         f.drop_tensor("model.norm.weight");
         f.checkpoint.unsupported_tensors["model.norm.weight"] = "F64";
       },
       ErrorCode::kUnsupported, "has type F64, which is not supported"},
      {"an embedding without rows and columns",
       [](Fixture& f) { f.tensor("model.embed_tokens.weight", {160}); }, ErrorCode::kCorrupt,
       "expected 2 dimensions, found 1"},
      {"another vocabulary", [](Fixture& f) { f.set("vocab_size", int64_t{21}); }, ErrorCode::kCorrupt,
       "the configuration says 21, the embedding has 20 rows"},
      {"heads that do not divide",
       [](Fixture& f) {
         f.set("num_key_value_heads", int64_t{3});
         f.tensor("model.layers.0.self_attn.k_proj.weight", {6, 8});
         f.tensor("model.layers.0.self_attn.v_proj.weight", {6, 8});
       },
       ErrorCode::kCorrupt, "multiple of the key/value heads, found 4 and 3"},
      {"more key/value heads than heads", [](Fixture& f) { f.set("num_key_value_heads", int64_t{8}); },
       ErrorCode::kCorrupt, "multiple of the key/value heads, found 4 and 8"},
      {"heads of no whole width",
       [](Fixture& f) {
         f.set("num_attention_heads", int64_t{3});
         f.set("num_key_value_heads", int64_t{3});
       },
       ErrorCode::kCorrupt, "multiple of the number of heads, found 8 and 3"},
      {"an activation", [](Fixture& f) { f.set("hidden_act", std::string("mish")); }, ErrorCode::kUnsupported,
       "hidden_act 'mish' is not supported"},
      {"a rope scaling", [](Fixture& f) { f.set("rope_scaling.rope_type", std::string("xyz")); },
       ErrorCode::kUnsupported, "rope_scaling type 'xyz' is not supported"},
      {"two rope scalings",
       [](Fixture& f) {
         f.set("rope_scaling.rope_type", std::string("linear"));
         f.set("rope_scaling.type", std::string("yarn"));
         f.set("rope_scaling.factor", 2.0);
       },
       ErrorCode::kCorrupt, "expected the same, found 'linear' and 'yarn'"},
      {"longrope without factors",
       [](Fixture& f) { f.set("rope_scaling.rope_type", std::string("longrope")); }, ErrorCode::kCorrupt,
       "expected 1 entries of long_factor, found 0"},
      {"partly rotated heads", [](Fixture& f) { f.set("partial_rotary_factor", 0.5); },
       ErrorCode::kUnsupported, "'partial_rotary_factor' 0.5"},
      {"rotations by kind of layer",
       [](Fixture& f) { f.set("rope_parameters.full_attention.rope_type", std::string("default")); },
       ErrorCode::kUnsupported, "rope_parameters.full_attention.rope_type"},
      {"a rope base of zero", [](Fixture& f) { f.set("rope_theta", 0.0); }, ErrorCode::kCorrupt,
       "rotary base"},
      {"linear scaling without a factor",
       [](Fixture& f) { f.set("rope_scaling.type", std::string("linear")); }, ErrorCode::kCorrupt,
       "rope_scaling.factor"},
      {"linear scaling by zero",
       [](Fixture& f) {
         f.set("rope_scaling.type", std::string("linear"));
         f.set("rope_scaling.factor", 0.0);
       },
       ErrorCode::kCorrupt, "positive rotary frequencies"},
      {"an odd head", [](Fixture& f) { f.set("head_dim", int64_t{3}); }, ErrorCode::kCorrupt,
       "even rotary dimension"},
      {"a negative epsilon", [](Fixture& f) { f.set("rms_norm_eps", -1.0); }, ErrorCode::kCorrupt,
       "norm epsilon"},
      {"an attention bias that is not there", [](Fixture& f) { f.set("attention_bias", true); },
       ErrorCode::kCorrupt, "self_attn.q_proj.bias' is missing"},
      {"an output matrix that is not there", [](Fixture& f) { f.set("tie_word_embeddings", false); },
       ErrorCode::kCorrupt, "'lm_head.weight' is missing"},
  };
  for (const Refusal& refusal : refusals) {
    Fixture f = llama_folder();
    refusal.change(f);
    expect_refused(f, refusal);
  }
}

TEST(Defaults, AreThoseOfTheClassUnlessNull) {
  struct Case {
    const char* name;
    Change change;
    int window, n_ctx, n_kv_head;
  };
  const Case cases[] = {
      {"all said", [](Fixture& f) { f.set("sliding_window", int64_t{5}); }, 5, 32, 2},
      {"no window, long context", [](Fixture& f) { f.set("max_position_embeddings", int64_t{8192}); }, 4096,
       8192, 2},
      {"a window of null",
       [](Fixture& f) {
         f.set("max_position_embeddings", int64_t{8192});
         f.set_null("sliding_window");
       },
       0, 8192, 2},
      {"no context", [](Fixture& f) { f.drop("max_position_embeddings"); }, 4096, 131072, 2},
      {"key/value heads of null",
       [](Fixture& f) {
         f.set_null("num_key_value_heads");
         f.tensor("model.layers.0.self_attn.k_proj.weight", {8, 8});
         f.tensor("model.layers.0.self_attn.v_proj.weight", {8, 8});
       },
       0, 32, 4},
      {"a layer that does not slide",
       [](Fixture& f) {
         f.set("sliding_window", int64_t{5});
         f.set("layer_types", std::vector<std::string>{"full_attention"});
       },
       0, 32, 2},
  };
  for (const Case& c : cases) {
    Fixture f = llama_folder();
    f.set("model_type", std::string("mistral"));
    c.change(f);
    const auto model = describe_model(f.checkpoint);
    ASSERT_TRUE(model.has_value()) << c.name << ": " << model.error().message;
    EXPECT_EQ(model->spec.layers.front().window, c.window) << c.name;
    EXPECT_EQ(model->spec.n_ctx, c.n_ctx) << c.name;
    EXPECT_EQ(model->spec.n_kv_head, c.n_kv_head) << c.name;
  }
  Fixture f = llama_folder();
  f.set("model_type", std::string("mistral"));
  f.drop("num_key_value_heads");
  expect_refused(f,
                 {"key/value heads of the class", {}, ErrorCode::kCorrupt, "key/value heads, found 4 and 8"});
}

TEST(Gpt2, DescribesAFolderWithoutPrefix) {
  const Fixture f = gpt2_folder();
  const auto model = describe_model(f.checkpoint);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ(model->spec.d_mlp, 32);
  EXPECT_FALSE(!model->spec.ropes.empty());
  EXPECT_TRUE(model->weights.layers.front().qkv.rows.front().transposed);
}

TEST(Gpt2, Refuses) {
  const Refusal refusals[] = {
      {"an activation", [](Fixture& f) { f.set("activation_function", std::string("quick_gelu")); },
       ErrorCode::kUnsupported, "activation_function 'quick_gelu' is not supported"},
      {"cross-attention", [](Fixture& f) { f.set("add_cross_attention", true); }, ErrorCode::kUnsupported,
       "cross-attention ('add_cross_attention')"},
      {"heads that do not divide", [](Fixture& f) { f.set("n_head", int64_t{3}); }, ErrorCode::kCorrupt,
       "multiple of the number of heads, found 8 and 3"},
      {"a missing bias", [](Fixture& f) { f.drop_tensor("h.0.mlp.c_fc.bias"); }, ErrorCode::kCorrupt,
       "'h.0.mlp.c_fc.bias' is missing"},
      {"a projection stored the other way",
       [](Fixture& f) {
         f.tensor("h.0.attn.c_attn.weight", {24, 8});
       },
       ErrorCode::kCorrupt, "expected shape [8, 24], found [24, 8]"},
  };
  for (const Refusal& refusal : refusals) {
    Fixture f = gpt2_folder();
    refusal.change(f);
    expect_refused(f, refusal);
  }
}

TEST(Gguf, RefusesWhatTheLlamaArchitectureAlsoStandsFor) {
  const Refusal refusals[] = {
      {"no architecture", [](Fixture& f) { f.checkpoint.metadata = {}; }, ErrorCode::kCorrupt,
       "general.architecture"},
      {"experts, but not how many are used", [](Fixture& f) { f.set("llama.expert_count", int64_t{8}); },
       ErrorCode::kCorrupt, "configuration has no 'llama.expert_used_count'"},
      {"experts that are not there",
       [](Fixture& f) {
         f.set("llama.expert_count", int64_t{8});
         f.set("llama.expert_used_count", int64_t{2});
       },
       ErrorCode::kCorrupt, "tensor 'blk.0.ffn_gate_inp.weight' is missing"},
      {"a negative window", [](Fixture& f) { f.set("llama.attention.sliding_window", int64_t{-8}); },
       ErrorCode::kCorrupt, "'llama.attention.sliding_window': expected an integer from 1"},
      {"a multiplier", [](Fixture& f) { f.set("llama.logit_scale", 0.5); }, ErrorCode::kUnsupported,
       "'llama.logit_scale' 0.5 of this architecture is not supported"},
      {"both directions", [](Fixture& f) { f.set("llama.attention.causal", false); }, ErrorCode::kUnsupported,
       "attention in both directions ('llama.attention.causal')"},
      {"values of another size", [](Fixture& f) { f.set("llama.attention.value_length", int64_t{4}); },
       ErrorCode::kUnsupported, "value heads and key heads differ in size"},
      {"another rotation", [](Fixture& f) { f.set("llama.rope.dimension_count", int64_t{4}); },
       ErrorCode::kUnsupported, "'rope.dimension_count' 4 of a family that rotates whole heads, here of 2"},
      {"no block count",
       [](Fixture& f) {
         f.checkpoint.metadata = {};
         f.set("general.architecture", std::string("llama"));
         f.set("llama.embedding_length", int64_t{8});
       },
       ErrorCode::kCorrupt, "llama.block_count"},
  };
  for (const Refusal& refusal : refusals) {
    Fixture f;
    f.checkpoint.path = "file.gguf";
    f.checkpoint.dialect = Dialect::kGguf;
    f.set("general.architecture", std::string("llama"));
    f.set("llama.embedding_length", int64_t{8});
    f.set("llama.block_count", int64_t{1});
    f.set("llama.attention.head_count", int64_t{4});
    f.set("llama.feed_forward_length", int64_t{12});
    f.set("llama.context_length", int64_t{32});
    f.tensor("token_embd.weight", {20, 8});
    f.tensor("output_norm.weight", {8});
    for (const char* norm : {"blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) f.tensor(norm, {8});
    for (const char* square : {"q", "k", "v", "output"})
      f.tensor(std::string("blk.0.attn_") + square + ".weight", {8, 8});
    for (const char* wide : {"gate", "up"}) f.tensor(std::string("blk.0.ffn_") + wide + ".weight", {12, 8});
    f.tensor("blk.0.ffn_down.weight", {8, 12});
    ASSERT_TRUE(describe_model(f.checkpoint).has_value()) << describe_model(f.checkpoint).error().message;
    refusal.change(f);
    expect_refused(f, refusal);
  }
}

TEST(Gguf, RefusesHeadsThatAFusedProjectionDoesNotHold) {
  const Refusal refusals[] = {
      {"fewer key/value heads", [](Fixture& f) { f.set("gpt2.attention.head_count_kv", int64_t{1}); },
       ErrorCode::kCorrupt,
       "expected 16 rows of queries, keys and values and 8 columns of the output projection, "
       "found 24 and 8"},
      {"larger heads", [](Fixture& f) { f.set("gpt2.attention.key_length", int64_t{64}); },
       ErrorCode::kCorrupt, "expected 384 rows of queries, keys and values and 128 columns"},
  };
  for (const Refusal& refusal : refusals) {
    Fixture f;
    f.checkpoint.path = "file.gguf";
    f.checkpoint.dialect = Dialect::kGguf;
    f.set("general.architecture", std::string("gpt2"));
    f.set("gpt2.embedding_length", int64_t{8});
    f.set("gpt2.block_count", int64_t{1});
    f.set("gpt2.attention.head_count", int64_t{2});
    f.set("gpt2.feed_forward_length", int64_t{32});
    f.set("gpt2.context_length", int64_t{16});
    const auto stem = [&](const std::string& name, std::vector<size_t> shape) {
      f.tensor(name + ".bias", {shape.front()});
      f.tensor(name + ".weight", std::move(shape));
    };
    f.tensor("token_embd.weight", {20, 8});
    f.tensor("position_embd.weight", {16, 8});
    for (const char* norm : {"output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"}) stem(norm, {8});
    stem("blk.0.attn_qkv", {24, 8});
    stem("blk.0.attn_output", {8, 8});
    stem("blk.0.ffn_up", {32, 8});
    stem("blk.0.ffn_down", {8, 32});
    ASSERT_TRUE(describe_model(f.checkpoint).has_value()) << describe_model(f.checkpoint).error().message;
    refusal.change(f);
    expect_refused(f, refusal);
  }
}

TEST(Describe, AnAdapterChangesOnlyMatricesThatAreUsedOnce) {
  struct Case {
    Fixture (*make)();
    const char* tensor;
    bool is_transposed;
    const char* message;  // "": accepted
  };
  const Case cases[] = {
      {llama_folder, "model.layers.0.self_attn.q_proj.weight", false, ""},
      {llama_folder, "model.layers.0.mlp.down_proj.weight", false, ""},
      {llama_folder, "model.layers.0.self_attn.q_proj.weight", true, "'fan_in_fan_out' does not fit"},
      {llama_folder, "model.embed_tokens.weight", false, "an adapter of tensor 'model.embed_tokens.weight'"},
      {llama_folder, "model.norm.weight", false, "an adapter of tensor 'model.norm.weight'"},
      {gpt2_folder, "h.0.attn.c_proj.weight", true, ""},
      {gpt2_folder, "h.0.attn.c_proj.weight", false, "'fan_in_fan_out' does not fit"},
      {gpt2_folder, "wpe.weight", false, "an adapter of tensor 'wpe.weight'"},
  };
  for (const Case& c : cases) {
    Fixture f = c.make();
    f.checkpoint.adapter = "adapter";
    f.checkpoint.tensors.at(c.tensor).update = LowRankUpdate{nullptr, nullptr, 1, c.is_transposed};
    const auto model = describe_model(f.checkpoint);
    EXPECT_EQ(model.has_value(), *c.message == '\0') << c.tensor;
    if (model) continue;
    EXPECT_TRUE(model.error().message.starts_with("adapter: ")) << model.error().message;
    EXPECT_NE(model.error().message.find(c.message), std::string::npos) << model.error().message;
  }
}

}  // namespace
}  // namespace limpid
