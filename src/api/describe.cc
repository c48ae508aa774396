#include "api/describe.h"

#include "api/open_model.h"
#include "checkpoint/format.h"
#include "checkpoint/locate.h"
#include "model/family.h"
#include "tokenizer/tokenizer.h"

namespace limpid {

Result<ModelInfo> describe(std::string_view model, size_t n_tok, const OpenOptions& options) {
  LIMPID_TRY(const Checkpoint checkpoint, open_model(model, options.adapter));
  ModelInfo info;
  info.path = checkpoint.path;
  info.adapter = checkpoint.adapter;
  info.format = checkpoint.format;
  info.n_tensor = checkpoint.tensors.size();
  info.n_parameter = count_parameters(checkpoint);
  for (const auto& [name, tensor] : checkpoint.tensors)
    ++info.n_tensor_by_type[std::string(limpid::info(tensor.type).name)];
  for (const auto& [name, type] : checkpoint.unsupported_tensors) ++info.n_tensor_by_type[type];

  const char* key = checkpoint.dialect == Dialect::kGguf ? "general.architecture" : "model_type";
  LIMPID_TRY(const std::optional<std::string> architecture, checkpoint.metadata.get_string(key));
  info.architecture = architecture.value_or("unknown");

  const Result<Tokenizer> tokenizer = Tokenizer::load(checkpoint);
  info.has_tokenizer = tokenizer.has_value();
  info.tokenizer = tokenizer ? std::string(tokenizer->source()) : tokenizer.error().message;

  Result<ModelDescription> description = describe_model(checkpoint);
  info.n_tok = n_tok;
  if (description) {
    info.spec = description->spec;
    info.memory = estimate_memory(*description, checkpoint, cpu_backend(), n_tok);
    info.memory_budget = memory_budget(options, checkpoint);
    info.plan = plan_memory(info.memory, info.memory_budget);
  } else if (description.error().code == ErrorCode::kUnsupported) {
    info.unsupported = description.error();
  } else {
    return tl::unexpected<Error>(description.error());
  }
  return info;
}

Models list_models() {
  Models models;
  for (const Family* f : families()) {
    models.families.push_back({f->name, f->gguf_architecture, f->examples, f->refused, f->notes});
  }
  for (const Format* f : formats()) models.formats.push_back({f->name, f->description, f->weights});
  models.adapters = {
      {"LoRA", "a folder that PEFT saved (adapter_config.json), for a model in Hugging Face's format"}};
  for (const FoundModel& found : find_models()) {
    models.local.push_back({found.name, found.path, found.format, found.n_bytes});
  }
  return models;
}

Result<LocatedModel> locate(std::string_view model) {
  LIMPID_TRY(const std::filesystem::path path, locate_model(model));
  return LocatedModel{path, display_name(model, path), size_on_disk(path)};
}

}  // namespace limpid
