#include "base/mapped_file.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

namespace limpid {
namespace {

namespace fs = std::filesystem;

class MappedFileTest : public ::testing::Test {
 protected:
  MappedFileTest() {
    std::string name = (fs::temp_directory_path() / "limpid-map-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~MappedFileTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& content) const {
    const fs::path path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  fs::path folder_;
};

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(MappedFileTest, HoldsTheBytes) {
  const auto file = MappedFile::open(write("some bytes"));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(text(file->bytes()), "some bytes");
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  const auto file = MappedFile::open(write(""));
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, MovingKeepsTheAddresses) {
  auto file = MappedFile::open(write("some bytes"));
  ASSERT_TRUE(file.has_value());
  const std::byte* address = file->bytes().data();
  MappedFile moved = *std::move(file);
  EXPECT_EQ(moved.bytes().data(), address);
  moved = MappedFile();
  EXPECT_TRUE(moved.bytes().empty());
}

TEST_F(MappedFileTest, ReleasedPagesAreReadAgain) {
  const std::string content(3 << 16, 'x');
  const auto file = MappedFile::open(write(content));
  ASSERT_TRUE(file.has_value());
  release_pages(file->bytes().subspan(5, 100000));
  EXPECT_EQ(text(file->bytes()), content);
}

TEST_F(MappedFileTest, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(MappedFile::open(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(MappedFile::open(folder_).error().code, ErrorCode::kIo);
  const fs::path fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(fifo).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace limpid
