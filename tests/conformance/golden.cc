#include "golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>

#include "api/trace_file.h"
#include "checkpoint/safetensors_file.h"

namespace limpid::golden {

namespace fs = std::filesystem;

namespace {

template <class T>
std::vector<float> convert(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

/// Throws with the error's message: the test fails, naming it.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

}  // namespace

fs::path testdata() {
  return LIMPID_TESTDATA;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& entry : fs::directory_iterator(testdata() / "goldens")) {
    const fs::path& path = entry.path();
    const std::string stem = path.stem().string();  // "llama-tied.t7" or "llama-tied.q8_0.t7"
    if (path.extension() != ".safetensors" || stem.starts_with("smollm2-")) continue;
    const fs::path folder = testdata() / "models" / stem.substr(0, stem.find('.'));
    if (std::ranges::count(stem, '.') == 2) {
      const std::string type = stem.substr(stem.find('.') + 1, stem.rfind('.') - stem.find('.') - 1);
      cases.push_back({stem, folder / fmt::format("model.{}.gguf", type), path});
      continue;
    }
    cases.push_back({stem, folder, path});
    const fs::path gguf = folder / "model.f32.gguf";
    if (fs::exists(gguf)) cases.push_back({stem + ".gguf", gguf, path});
  }
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

std::vector<std::string> all_folders() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(testdata() / "models")) {
    if (fs::exists(entry.path() / "config.json")) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::map<std::string, std::vector<float>> read(const fs::path& path) {
  const SafetensorsFile file = value_or_throw(read_safetensors(path));
  std::map<std::string, std::vector<float>> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    tensors[name] = tensor.type == DType::kF32   ? convert<float>(tensor.data)
                    : tensor.type == DType::kI64 ? convert<int64_t>(tensor.data)
                                                 : throw std::runtime_error(name + ": unexpected type");
  }
  return tensors;
}

std::map<std::string, std::vector<float>> trace(const Session& session, const std::vector<int>& ids) {
  const fs::path path = fs::temp_directory_path() / fmt::format("limpid-golden-{}.safetensors", ::getpid());
  value_or_throw(write_trace(session, {.prompt = {.text = {}, .ids = ids}, .path = path}));
  auto tensors = read(path);
  fs::remove(path);
  return tensors;
}

std::vector<int> ids_of(const std::map<std::string, std::vector<float>>& tensors) {
  const std::vector<float>& ids = tensors.at("ids");
  return {ids.begin(), ids.end()};
}

Session open(const fs::path& model, std::string_view backend) {
  return value_or_throw(Session::open(model.string(), {.backend = std::string(backend)}));
}

Difference difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size())
    throw std::runtime_error(fmt::format("sizes differ: {} and {}", a.size(), b.size()));
  Difference d;
  for (size_t i = 0; i < a.size(); ++i) {
    const double gap = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    // NaN on either side must not pass for agreement.
    d.largest = std::isnan(gap) ? INFINITY : std::max(d.largest, gap);
    d.scale = std::max(d.scale, std::abs(static_cast<double>(b[i])));
  }
  return d;
}

}  // namespace limpid::golden
