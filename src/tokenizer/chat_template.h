// A model's own chat template: where it is found, and what it makes of a conversation. Templates are programs
// that strangers wrote; they run in a process of their own and within limits (isolated.h).
#pragma once

#include <ctime>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

struct ChatTemplate {
  std::string text;    // Jinja, UTF-8
  std::string origin;  // the file, and the key inside it; begins the error messages
};

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

struct ChatInput {
  std::span<const ChatMessage> messages;
  std::optional<std::string> bos;  // texts of the special tokens
  std::optional<std::string> eos;
  bool add_generation_prompt = true;  // open the turn that the model is to write
  std::tm now = {};                   // what strftime_now tells
};

/// Metadata "tokenizer.chat_template" of a GGUF file; beside a vocabulary that is not in one:
/// chat_template.jinja, chat_template.json, or "chat_template" of tokenizer_config.json, of several templates
/// the one named "default". Errors: kUnsupported (the model has none), kCorrupt, kIo.
Result<ChatTemplate> find_chat_template(const Checkpoint& checkpoint);

/// The text as Hugging Face's apply_chat_template gives it. Contents must be UTF-8. Errors: kInvalidArgument
/// with what the template gives for a reason (raise_exception), kUnsupported when it does not render or takes
/// more than a template may, kIo.
Result<std::string> render_chat(const ChatTemplate& chat, const ChatInput& input);

}  // namespace limpid
