// The same bits for any number of threads, from embedding to contributions.
#include <gtest/gtest.h>

#include "golden.h"

#include "api/runtime.h"

namespace limpid {
namespace {

std::map<std::string, std::vector<float>> trace_with(int threads, const std::filesystem::path& model) {
  set_runtime_threads(threads);
  std::vector<int> ids(61);
  for (size_t t = 0; t < ids.size(); ++t) ids[t] = static_cast<int>(t * 37 % 290);
  // The model is opened anew, since weights are packed by threads too.
  auto tensors = golden::trace(golden::open(model), ids);
  set_runtime_threads(0);
  return tensors;
}

TEST(Threads, DoNotChangeTheBits) {
  for (const char* name : {"llama-untied", "gpt2"}) {
    const auto model = golden::testdata() / "models" / name;
    const auto one = trace_with(1, model);
    for (const int threads : {2, 3, 7}) EXPECT_EQ(one, trace_with(threads, model)) << name << ", " << threads;
  }
}

}  // namespace
}  // namespace limpid
