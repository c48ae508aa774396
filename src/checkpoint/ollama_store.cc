#include "checkpoint/ollama_store.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>

#include "checkpoint/json.h"
#include "checkpoint/search_path.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kModelLayer = "application/vnd.ollama.image.model";
constexpr std::string_view kAdapterLayer = "application/vnd.ollama.image.adapter";
constexpr std::string_view kDigest = "sha256:";
constexpr size_t kHexDigits = 64;

/// "" where there is no such text.
std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

/// The one layer that is a model.
Result<Json> model_layer(const Json& manifest, const std::string& origin) {
  const auto layers = manifest.is_object() ? manifest.find("layers") : manifest.end();
  if (!manifest.is_object() || layers == manifest.end() || !layers->is_array()) {
    return corrupt(origin, "expected a list 'layers', found none");
  }
  const Json* model = nullptr;
  for (const Json& layer : *layers) {
    const std::string type = text_at(layer, "mediaType");
    if (type == kAdapterLayer) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: a model with an adapter ({}) is not supported", origin, type),
                  "the model it was made from opens under its own name");
    }
    if (type != kModelLayer) continue;
    if (model != nullptr) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: a model in several files is not supported", origin));
    }
    model = &layer;
  }
  if (model == nullptr)
    return corrupt(origin, fmt::format("expected a layer of type {}, found none", kModelLayer));
  return *model;
}

/// "sha256-HEX" from "sha256:HEX": a name that cannot lead out of the folder.
Result<std::string> blob_name(const Json& layer, const std::string& origin) {
  const std::string digest = text_at(layer, "digest");
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const std::string_view hex = std::string_view(digest).substr(std::min(kDigest.size(), digest.size()));
  if (!digest.starts_with(kDigest) || hex.size() != kHexDigits ||
      !std::all_of(hex.begin(), hex.end(), is_hex)) {
    return corrupt(origin, fmt::format("expected a digest 'sha256:' and {} hexadecimal digits, found {}",
                                       kHexDigits, quote(digest)));
  }
  return fmt::format("sha256-{}", hex);
}

Result<fs::path> read_manifest(const fs::path& store, const fs::path& manifest, const OllamaName& name) {
  const std::string origin = manifest.string();
  LIMPID_TRY(const Json document, read_json(manifest));
  LIMPID_TRY(const Json layer, model_layer(document, origin));
  LIMPID_TRY(const std::string blob, blob_name(layer, origin));
  const fs::path file = store / "blobs" / blob;
  const std::string again = fmt::format("an incomplete download? Fetch it with: ollama pull {}", name.text());
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected the file that {} names, found none", file.string(), origin), again);
  }
  const auto size = layer.find("size");
  const uintmax_t found = fs::file_size(file, error);
  if (size != layer.end() && size->is_number_unsigned() && size->get<uint64_t>() != found) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: expected {} bytes, found {}", file.string(), size->get<uint64_t>(), found),
                again);
  }
  return file;
}

fs::path manifest_of(const fs::path& store, const OllamaName& name) {
  return store / "manifests" / name.host / name.user / name.model / name.tag;
}

/// Folders or files below `folder` in a given depth.
std::vector<fs::path> below(const fs::path& folder, int depth) {
  std::vector<fs::path> paths = {folder};
  for (; depth > 0; --depth) {
    std::vector<fs::path> next;
    for (const fs::path& path : paths) {
      for (const fs::path& entry : entries_of(path)) next.push_back(entry);
    }
    paths = std::move(next);
  }
  return paths;
}

}  // namespace

std::string OllamaName::text() const {
  const OllamaName standard;
  std::string text = model + ":" + tag;
  if (user != standard.user || host != standard.host) text = user + "/" + text;
  return host == standard.host ? text : host + "/" + text;
}

std::optional<OllamaName> parse_ollama_name(std::string_view name) {
  OllamaName parsed;
  if (const size_t colon = name.rfind(':'); colon != name.npos) {
    parsed.tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  std::vector<std::string> parts;
  for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/')) {
    parts.emplace_back(name.substr(0, slash));
    name.remove_prefix(slash + 1);
  }
  parts.emplace_back(name);
  if (parts.size() > 3 || (parts.size() == 3 && parts[0].find('.') == std::string::npos)) return std::nullopt;
  parsed.model = parts.back();
  if (parts.size() > 1) parsed.user = parts[parts.size() - 2];
  if (parts.size() > 2) parsed.host = parts.front();
  for (const std::string* part : {&parsed.host, &parsed.user, &parsed.model, &parsed.tag}) {
    if (!is_plain_word(*part)) return std::nullopt;
  }
  return parsed;
}

std::vector<fs::path> ollama_stores() {
  if (const auto store = environment_path("OLLAMA_MODELS")) return {*store};
  return {home_folder() / ".ollama" / "models", "/usr/share/ollama/.ollama/models"};
}

Result<std::optional<fs::path>> find_in_ollama(const OllamaName& name) {
  for (const fs::path& store : ollama_stores()) {
    std::error_code error;
    const fs::path manifest = manifest_of(store, name);
    if (!fs::is_regular_file(manifest, error)) continue;
    LIMPID_TRY(fs::path file, read_manifest(store, manifest, name));
    return file;
  }
  return std::nullopt;
}

std::vector<OllamaModel> ollama_models() {
  std::vector<OllamaModel> models;
  for (const fs::path& store : ollama_stores()) {
    for (const fs::path& manifest : below(store / "manifests", 4)) {
      const fs::path model = manifest.parent_path(), user = model.parent_path();
      OllamaName name = {user.parent_path().filename().string(), user.filename().string(),
                         model.filename().string(), manifest.filename().string()};
      if (!parse_ollama_name(name.text())) continue;
      if (auto file = read_manifest(store, manifest, name))
        models.push_back({std::move(name), *std::move(file)});
    }
  }
  return models;
}

}  // namespace limpid
