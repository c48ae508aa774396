#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/verb.h"

namespace limpid {

namespace {

struct Options {
  std::string model;
  std::string adapter;
  std::string format;
  size_t n_tok = 64;
  size_t memory = 0;
};

std::string megabytes(size_t bytes) {
  return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

void line(std::string_view label, const std::string& value) {
  fmt::print("{:<14}{}\n", label, value);
}

/// What the plan means for the user.
std::string describe_plan(const ModelInfo& info) {
  switch (info.plan.policy) {
    case MemoryPolicy::kResident:
      return "all weights are kept";
    case MemoryPolicy::kStreamed:
      return fmt::format("{} of the weights are kept, the rest is read from the file by each run",
                         megabytes(info.plan.kept_bytes));
    case MemoryPolicy::kTooLarge:
      return fmt::format("not enough: {} tokens need {} beside weights", info.n_tok,
                         megabytes(info.memory.working_bytes()));
  }
  return {};
}

void print_memory(const ModelInfo& info) {
  const MemoryEstimate& m = info.memory;
  line("memory",
       fmt::format("about {} for {} tokens: weights {}, states {}, buffers {}; file {}",
                   megabytes(m.packed_bytes + m.working_bytes()), info.n_tok, megabytes(m.packed_bytes),
                   megabytes(m.trace_bytes), megabytes(m.scratch_bytes), megabytes(m.stored_bytes)));
  line("", fmt::format("within {}: {}", megabytes(info.memory_budget), describe_plan(info)));
}

void print_text(const ModelInfo& info) {
  line("path", info.path.string());
  if (!info.adapter.empty()) line("adapter", info.adapter.string());
  line("format", info.format);
  line("architecture", info.architecture);
  if (info.spec) {
    const ModelSpec& s = *info.spec;
    line("layers", fmt::format("{}", s.n_layer));
    line("heads", s.n_kv_head == s.n_head ? fmt::format("{}", s.n_head)
                                          : fmt::format("{} ({} key/value)", s.n_head, s.n_kv_head));
    line("widths", fmt::format("d_model {}, d_head {}, d_mlp {}", s.d_model, s.d_head, s.d_mlp));
    line("context", fmt::format("{} tokens", s.n_ctx));
    line("vocabulary", fmt::format("{} tokens", s.n_vocab));
  }
  std::string types;
  for (const auto& [type, count] : info.n_tensor_by_type) {
    types += fmt::format("{}{} x {}", types.empty() ? "" : ", ", count, type);
  }
  line("parameters", fmt::format("{:.1f} M in {} tensors ({})", static_cast<double>(info.n_parameter) / 1e6,
                                 info.n_tensor, types));
  line("tokenizer", info.has_tokenizer ? info.tokenizer : fmt::format("none: {}", info.tokenizer));
  if (info.unsupported) {
    line("supported", fmt::format("no: {}", info.unsupported->message));
    if (!info.unsupported->hint.empty()) line("", info.unsupported->hint);
    return;
  }
  line("supported", "yes");
  print_memory(info);
}

Status run_info(const Options& options) {
  LIMPID_TRY(const ModelInfo info,
             describe(options.model, options.n_tok, {.adapter = options.adapter, .memory = options.memory}));
  if (options.format == "json") {
    fmt::print("{}", to_json(info));
  } else {
    print_text(info);
  }
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, kModelText)->option_text("[MODEL]");
  add_adapter_option(app, options->adapter);
  app.add_option("--tokens", options->n_tok, "Prompt length that the memory estimate is for")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str()
      ->group(kComputeGroup);
  add_memory_option(app, options->memory);
  add_format_option(app, options->format, {"table", "json"});
  return [options] { return run_info(*options); };
}

}  // namespace

extern const Verb k_info;
const Verb k_info = {
    "info", "Describe a model without loading it", "limpid info\nlimpid info --tokens 1024 --memory 400M",
    define,
    "Reads the headers of a model and says what it is made of, whether limpid can run it and, "
    "if not, why, and how much memory a run will take."};

}  // namespace limpid
