#include "base/available_memory.h"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace limpid {
namespace {

namespace fs = std::filesystem;

class AvailableMemory : public ::testing::Test {
 protected:
  AvailableMemory() : root_(fs::temp_directory_path() / ("limpid-memory-" + std::to_string(::getpid()))) {}
  ~AvailableMemory() override { fs::remove_all(root_); }
  void write(const char* path, const char* text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(AvailableMemory, IsWhatTheSystemHas) {
  write("proc/meminfo", "MemTotal:  9000 kB\nMemFree: 1 kB\nMemAvailable:   4000 kB\n");
  EXPECT_EQ(available_memory(root_), 4096000u);
}

TEST_F(AvailableMemory, IsLimitedByTheGroupAndThoseAboveIt) {
  write("proc/meminfo", "MemAvailable: 4000 kB\n");
  write("proc/self/cgroup", "1:cpu:/x\n0::/outer/inner\n");
  write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  write("sys/fs/cgroup/outer/inner/memory.current", "100\n");
  EXPECT_EQ(available_memory(root_), 4096000u);
  write("sys/fs/cgroup/outer/memory.max", "3000000\n");
  write("sys/fs/cgroup/outer/memory.current", "2500000\n");
  EXPECT_EQ(available_memory(root_), 500000u);
  write("sys/fs/cgroup/outer/memory.stat", "anon 7\ninactive_file 2000000\n");  // can be dropped
  EXPECT_EQ(available_memory(root_), 2500000u);
  write("sys/fs/cgroup/outer/memory.current", "4000000\n");
  write("sys/fs/cgroup/outer/memory.stat", "inactive_file 0\n");
  EXPECT_EQ(available_memory(root_), 0u);
}

TEST_F(AvailableMemory, KnowsGroupsOfBothVersions) {
  write("proc/meminfo", "MemAvailable: 4000 kB\n");
  write("proc/self/cgroup", "4:memory:/box\n3:cpuset:/\n0::/\n");
  write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "5\n");
  EXPECT_EQ(available_memory(root_), 4096000u);
  write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000\n");
  write("sys/fs/cgroup/memory/box/memory.stat", "total_inactive_file 2\n");
  EXPECT_EQ(available_memory(root_), 997u);
}

TEST(AvailableMemoryHere, IsSomething) {
  EXPECT_GT(available_memory(), size_t{1} << 20);
}

}  // namespace
}  // namespace limpid
