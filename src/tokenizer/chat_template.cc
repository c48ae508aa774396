#include "tokenizer/chat_template.h"

#include <fmt/format.h>
#include <limpid_rust.h>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "checkpoint/json.h"
#include "checkpoint/text.h"
#include "tokenizer/isolated.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kGgufKey = "tokenizer.chat_template";
constexpr size_t kMaxTemplate = size_t{1} << 20;  // published ones stay below 32 KiB

bool has_file(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Of a list of {"name", "template"}.
const Json* named_default(const Json& list) {
  for (const Json& entry : list) {
    if (entry.is_object() && entry.value("name", Json()) == "default" && entry.contains("template")) {
      return &entry["template"];
    }
  }
  return nullptr;
}

/// "chat_template" of a JSON file; nullopt where the file or the key is missing.
Result<std::optional<ChatTemplate>> in_json(const fs::path& path) {
  if (!has_file(path)) return std::nullopt;
  LIMPID_TRY(const Json json, read_json(path));
  if (!json.is_object()) return corrupt(path.string(), "expected a JSON object");
  const auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return std::nullopt;
  const std::string origin = fmt::format("{}: 'chat_template'", path.string());
  const Json* text = found->is_array() ? named_default(*found) : &*found;
  if (text == nullptr) return corrupt(origin, "expected a template that is named 'default', found none");
  if (!text->is_string()) return corrupt(origin, "expected a text, or a list of named texts");
  return ChatTemplate{text->get<std::string>(), origin};
}

Result<std::optional<ChatTemplate>> in_file(const fs::path& path) {
  if (!has_file(path)) return std::nullopt;
  LIMPID_TRY(const MappedFile file, MappedFile::open(path));
  const auto bytes = file.bytes();
  return ChatTemplate{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string()};
}

Result<std::optional<ChatTemplate>> find_any(const Checkpoint& checkpoint) {
  if (checkpoint.metadata.contains("tokenizer.ggml.model")) {
    LIMPID_TRY(std::optional<std::string> text, checkpoint.metadata.get_string(kGgufKey));
    if (!text) return std::nullopt;
    return ChatTemplate{*std::move(text),
                        fmt::format("{}: metadata '{}'", checkpoint.path.string(), kGgufKey)};
  }
  const fs::path& folder = checkpoint.directory;
  LIMPID_TRY(std::optional<ChatTemplate> found, in_file(folder / "chat_template.jinja"));
  for (const char* name : {"chat_template.json", "tokenizer_config.json"}) {
    if (found) break;
    LIMPID_TRY(found, in_json(folder / name));
  }
  return found;
}

LimpidView view(std::string_view text) {
  return {text.data(), text.size()};
}

std::string take(LimpidText text) {
  std::string copy(text.data, text.size);
  limpid_text_free(text);
  return copy;
}

/// What became of a template: a letter, then the text or the reason.
enum Outcome : char { kRendered = 'o', kRefused = 'r', kBroken = 'b' };

std::string render(std::string_view source, const ChatInput& input) {
  std::vector<LimpidView> messages;
  for (const ChatMessage& message : input.messages) {
    messages.push_back(view(message.role));
    messages.push_back(view(message.content));
  }
  std::vector<LimpidView> variables;
  const auto add = [&](std::string_view name, const std::optional<std::string>& text) {
    if (text) variables.insert(variables.end(), {view(name), view(*text)});
  };
  add("bos_token", input.bos);
  add("eos_token", input.eos);
  const LimpidChat chat = {messages.data(),      messages.size() / 2,         variables.data(),
                           variables.size() / 2, input.add_generation_prompt, &input.now};
  LimpidText text{};
  bool refused = false;
  const LimpidText error = limpid_chat_render(view(source), &chat, &text, &refused);
  if (error.data == nullptr) return std::string(1, kRendered) + take(text);
  return std::string(1, refused ? kRefused : kBroken) + take(error);
}

}  // namespace

Result<ChatTemplate> find_chat_template(const Checkpoint& checkpoint) {
  LIMPID_TRY(std::optional<ChatTemplate> found, find_any(checkpoint));
  if (!found) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: expected a chat template, found none", checkpoint.path.string()),
                "the model was not made for conversations; without --chat the prompt is taken as it is");
  }
  if (found->text.size() > kMaxTemplate || !is_utf8(found->text)) {
    return corrupt(found->origin, fmt::format("expected at most {} bytes of UTF-8", kMaxTemplate));
  }
  return *std::move(found);
}

Result<std::string> render_chat(const ChatTemplate& chat, const ChatInput& input) {
  for (const ChatMessage& message : input.messages) {
    if (is_utf8(message.content)) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("message of the {}: expected UTF-8, found other bytes", message.role));
  }
  const Result<std::string> answer = run_isolated([&] { return render(chat.text, input); });
  if (!answer) {
    Error error = answer.error();
    error.message = fmt::format("{}: the template does not render: {}", chat.origin, error.message);
    return tl::unexpected<Error>(std::move(error));
  }
  std::string text = answer->substr(1);
  switch (static_cast<Outcome>(answer->front())) {
    case kRendered:
      return text;
    case kRefused:
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: the template refuses the conversation: {}", chat.origin, text));
    case kBroken:
      break;
  }
  return fail(ErrorCode::kUnsupported,
              fmt::format("{}: the template does not render: {}", chat.origin, text));
}

}  // namespace limpid
