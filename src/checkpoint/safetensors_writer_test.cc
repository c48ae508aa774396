#include "checkpoint/safetensors_writer.h"

#include <array>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "checkpoint/safetensors_file.h"
#include "checkpoint/test_files.h"

namespace limpid {
namespace {

size_t n_file(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SafetensorsWriter, RoundTrip) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "out.safetensors";
  auto writer = SafetensorsWriter::create(path,
                                          {{"wide", DType::kI64, {1}},
                                           {"none", DType::kF32, {0, 3}},
                                           {"ids", DType::kI32, {3}},
                                           {"x/\"y\"", DType::kF32, {2, 2}}},
                                          {{"model", "tiny"}});
  ASSERT_TRUE(writer) << writer.error().message;
  const std::array<int64_t, 1> wide = {INT64_MIN};
  const std::array<int32_t, 3> ids = {1, -2, 3};
  const std::array<float, 4> x = {1, 2, 3, 4};
  ASSERT_TRUE(writer->append("wide", wide));
  ASSERT_TRUE(writer->append("none", std::span<const float>()));
  ASSERT_TRUE(writer->append("ids", std::span(ids).first(1)));
  ASSERT_TRUE(writer->append("ids", std::span(ids).subspan(1)));
  ASSERT_TRUE(writer->append("x/\"y\"", x));
  EXPECT_FALSE(std::filesystem::exists(path)) << "appears only when finished";
  ASSERT_TRUE(writer->finish());

  const auto file = read_safetensors(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata.at("model"), "tiny");
  ASSERT_EQ(file->tensors.size(), 4);
  const TensorInfo& y = file->tensors.at("x/\"y\"");
  EXPECT_EQ(y.shape, (std::vector<size_t>{2, 2}));
  EXPECT_EQ(0, std::memcmp(y.data.data(), x.data(), sizeof(x)));
  EXPECT_EQ(0, std::memcmp(file->tensors.at("ids").data.data(), ids.data(), sizeof(ids)));
  EXPECT_EQ(0, std::memcmp(file->tensors.at("wide").data.data(), wide.data(), sizeof(wide)));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file->tensors.at("wide").data.data()) % 8, 0);
  EXPECT_EQ(n_file(folder.path()), 1) << "no temporary file is left";
}

TEST(SafetensorsWriter, NothingToWriteIsAFileToo) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "out.safetensors";
  auto writer = SafetensorsWriter::create(path, {});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->finish());
  const auto file = read_safetensors(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->tensors.empty());
}

TEST(SafetensorsWriter, AbandonedLeavesTheOldFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("out.safetensors", "old");
  {
    auto writer = SafetensorsWriter::create(path, {{"x", DType::kF32, {2}}});
    ASSERT_TRUE(writer);
    const std::array<float, 1> half = {1};
    ASSERT_TRUE(writer->append("x", half));
  }
  EXPECT_EQ(std::filesystem::file_size(path), 3);
  EXPECT_EQ(n_file(folder.path()), 1);
}

TEST(SafetensorsWriter, RefusesWhatIsNoPlainFile) {
  const test::TemporaryFolder folder;
  const std::vector<std::pair<std::filesystem::path, ErrorCode>> cases = {
      {folder.path(), ErrorCode::kInvalidArgument},
      {"/dev/null", ErrorCode::kInvalidArgument},
      {"", ErrorCode::kInvalidArgument},
      {folder.path() / "none" / "out.safetensors", ErrorCode::kIo},
  };
  for (const auto& [path, code] : cases) {
    const auto writer = SafetensorsWriter::create(path, {});
    ASSERT_FALSE(writer) << path;
    EXPECT_EQ(writer.error().code, code) << writer.error().message;
  }
}

TEST(SafetensorsWriter, AFullDiskIsAnError) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "out.safetensors";
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);

  Status status;
  {
    auto writer = SafetensorsWriter::create(path, {{"x", DType::kF32, {1 << 16}}});
    const std::vector<float> values(1 << 16);
    status = writer ? writer->append("x", values) : Status(tl::unexpected(writer.error()));
    if (status) status = writer->finish();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_NE(status.error().message.find("out.safetensors: cannot write: "), std::string::npos);
  EXPECT_EQ(n_file(folder.path()), 0);
}

TEST(SafetensorsWriter, FinishReportsALostFolder) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "gone" / "out.safetensors";
  std::filesystem::create_directory(folder.path() / "gone");
  auto writer = SafetensorsWriter::create(path, {});
  ASSERT_TRUE(writer);
  std::filesystem::remove_all(folder.path() / "gone");
  EXPECT_EQ(writer->finish().error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace limpid
