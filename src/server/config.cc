#include "server/config.h"

#include <algorithm>
#include <climits>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <toml++/toml.h>

#include "server/security.h"

namespace limpid {

namespace {

constexpr size_t kShortestToken = 16;

/// The values of one file, with the messages that name file and line.
class Reader {
 public:
  Reader(std::string origin, std::string_view key, const toml::node& node)
      : where_(fmt::format("{}:{}: {}", origin, node.source().begin.line, key)), node_(node) {}

  Status read(std::string& to) const {
    const auto value = node_.value_exact<std::string>();
    if (!value) return wrong("a text");
    to = *value;
    return {};
  }
  Status read(bool& to) const {
    const auto value = node_.value_exact<bool>();
    if (!value) return wrong("true or false");
    to = *value;
    return {};
  }
  template <class T>
  Status read(std::optional<T>& to) const {
    return read(to.emplace());
  }
  template <class T>
  Status read(T& to, int64_t least, int64_t most) const {
    const auto value = node_.value_exact<int64_t>();
    if (!value || *value < least || *value > most) {
      return wrong(fmt::format("an integer from {} to {}", least, most));
    }
    to = static_cast<T>(*value);
    return {};
  }
  Status read(std::vector<std::string>& to) const {
    const toml::array* array = node_.as_array();
    if (array == nullptr) return wrong("a list of texts");
    to.clear();
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value) return wrong("a list of texts");
      to.push_back(*value);
    }
    return {};
  }

 private:
  Status wrong(const std::string& expected) const {
    std::ostringstream kind;
    kind << node_.type();
    const auto number = node_.value_exact<int64_t>();
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected {}, found {}", where_, expected,
                                                         number ? std::to_string(*number) : kind.str()));
  }

  std::string where_;
  const toml::node& node_;
};

using Setter = std::function<Status(const Reader&, ServerConfig&)>;

template <class T>
Setter set(T ServerConfig::*member) {
  return [member](const Reader& reader, ServerConfig& config) { return reader.read(config.*member); };
}

template <class T>
Setter set(T ServerConfig::*member, int64_t least, int64_t most) {
  return [member, least, most](const Reader& reader, ServerConfig& config) {
    return reader.read(config.*member, least, most);
  };
}

const std::map<std::string_view, Setter>& setters() {
  constexpr int64_t kMany = int64_t{1} << 50;
  static const std::map<std::string_view, Setter> kSetters = {
      {"host", set(&ServerConfig::host)},
      {"port", set(&ServerConfig::port, 0, 65535)},
      {"token", set(&ServerConfig::token)},
      {"hosts", set(&ServerConfig::hosts)},
      {"models", set(&ServerConfig::models)},
      {"default_model", set(&ServerConfig::default_model)},
      {"demo", set(&ServerConfig::demo)},
      {"debug", set(&ServerConfig::debug)},
      {"sample_prompts", set(&ServerConfig::sample_prompts)},
      {"upload_allowed", set(&ServerConfig::upload_allowed)},
      {"max_prompt_tokens", set(&ServerConfig::max_prompt_tokens, 1, 1 << 20)},
      {"max_generated_tokens", set(&ServerConfig::max_generated_tokens, 1, 4096)},
      {"max_sweep_runs", set(&ServerConfig::max_sweep_runs, 1, 100'000)},
      {"cache_bytes", set(&ServerConfig::cache_bytes, 0, kMany)},
      {"memory_bytes", set(&ServerConfig::memory_bytes, 0, kMany)},
      {"threads", set(&ServerConfig::threads, 0, 1024)},
      {"backend", set(&ServerConfig::backend)},
      {"computations", set(&ServerConfig::computations, 1, 64)},
      {"max_waiting", set(&ServerConfig::max_waiting, 1, 1024)},
      {"max_streams", set(&ServerConfig::max_streams, 1, 1024)}};
  return kSetters;
}

Result<toml::table> parse(const std::string& text, const std::string& origin) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}: expected TOML: {}", origin,
                                                         error.source().begin.line, error.description()));
  }
}

}  // namespace

Result<ServerConfig> read_config(const std::filesystem::path& path) {
  const std::string origin = path.string();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return fail(ErrorCode::kNotFound, origin + ": no such file");
  std::ifstream file(path, std::ios::binary);
  if (!file || !std::filesystem::is_regular_file(path, error))
    return fail(ErrorCode::kIo, origin + ": cannot read");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  LIMPID_TRY(const toml::table table, parse(text, origin));
  ServerConfig config;
  for (const auto& [key, node] : table) {
    const auto setter = setters().find(key.str());
    if (setter == setters().end()) {
      std::vector<std::string_view> known;
      for (const auto& [name, unused] : setters()) known.push_back(name);
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}:{}: the key '{}' is unknown", origin, node.source().begin.line, key.str()),
                  fmt::format("known are {}", fmt::join(known, ", ")));
    }
    LIMPID_CHECK_OK(setter->second(Reader(origin, key.str(), node), config));
  }
  return config;
}

Status check_config(const ServerConfig& config) {
  if (config.token.empty() && !is_loopback(config.host)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("host {}: expected a token, as others can reach this address; found none", config.host),
        "--token, or `token` in the configuration: a secret of at least 16 letters and digits");
  }
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!config.token.empty() &&
      (config.token.size() < kShortestToken || !std::ranges::all_of(config.token, plain))) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("token: expected at least {} letters, digits, - and _, found something else",
                            kShortestToken));
  }
  return {};
}

}  // namespace limpid
