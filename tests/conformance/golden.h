// Goldens, and runs to hold against them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "api/session.h"

namespace limpid::golden {

/// One golden file and the model file or folder that must reproduce it.
struct Case {
  std::string name;  // "llama-tied.t7", "llama-tied.q8_0.t7"
  std::filesystem::path model;
  std::filesystem::path tensors;
};

std::filesystem::path testdata();

/// Every golden of the tiny models; a golden of a folder is also one of the folder's float32 GGUF file.
std::vector<Case> all_cases();

/// Every Hugging Face folder of the tiny models, by name.
std::vector<std::string> all_folders();

/// Tensors of a safetensors file, floats and ids alike, flattened.
std::map<std::string, std::vector<float>> read(const std::filesystem::path& path);

/// Everything `limpid trace` writes for these ids.
std::map<std::string, std::vector<float>> trace(const Session& session, const std::vector<int>& ids);

std::vector<int> ids_of(const std::map<std::string, std::vector<float>>& tensors);

/// The session, or a failed test and an abort of it with the error's message.
Session open(const std::filesystem::path& model, std::string_view backend = "cpu");

/// Largest |a - b|, and the largest |b|. Sizes must agree.
struct Difference {
  double largest = 0;
  double scale = 0;
};
Difference difference(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace limpid::golden
