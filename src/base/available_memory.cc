#include "base/available_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace limpid {

namespace {

namespace fs = std::filesystem;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

/// The number behind `key` of a file of "key number [kB]" lines.
std::optional<size_t> read_field(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    size_t value = 0;
    if (word == key && file >> value) return value;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

std::optional<size_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  size_t value = 0;
  if (file >> value) return value;
  return std::nullopt;  // absent, or "max"
}

size_t system_memory(const fs::path& root) {
  const auto kilobytes = read_field(root / "proc/meminfo", "MemAvailable:");
  return kilobytes ? *kilobytes * 1024 : kNoLimit;
}

/// How a version of control groups calls what we read.
struct GroupFiles {
  const char* mark;  // begins the rest of the line of /proc/self/cgroup, behind its number
  const char* mount;
  const char *limit, *used, *droppable;
};
constexpr GroupFiles kGroupFiles[] = {
    {"::/", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
    {":memory:/", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file"},
};

/// What a group and those above it leave; file pages that the system can drop count as free.
size_t group_memory(const fs::path& top, const fs::path& relative, const GroupFiles& files) {
  size_t least = kNoLimit;
  for (fs::path group = top / relative;; group = group.parent_path()) {
    const auto limit = read_number(group / files.limit), used = read_number(group / files.used);
    if (limit && used) {
      const size_t held =
          *used - std::min(*used, read_field(group / "memory.stat", files.droppable).value_or(0));
      least = std::min(least, *limit - std::min(*limit, held));
    }
    if (group == top || group == group.parent_path()) return least;
  }
}

size_t group_memory(const fs::path& root) {
  size_t least = kNoLimit;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t number_end = line.find(':');
    if (number_end == std::string::npos) continue;
    const std::string rest = line.substr(number_end);
    for (const GroupFiles& files : kGroupFiles) {
      if (!rest.starts_with(files.mark)) continue;
      const fs::path relative = rest.substr(std::string_view(files.mark).size());
      least = std::min(least, group_memory(root / files.mount, relative, files));
    }
  }
  return least;
}

/// What a resource limit leaves. `field`: that of /proc/self/statm which it counts, in pages.
size_t resource_memory(const fs::path& root, __rlimit_resource resource, size_t field) {
  rlimit limit = {};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  std::ifstream file(root / "proc/self/statm");
  size_t pages = 0;
  for (size_t i = 0; i <= field; ++i) file >> pages;
  const size_t used = pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE)), allowed = limit.rlim_cur;
  return allowed - std::min(allowed, used);
}

}  // namespace

size_t available_memory(const fs::path& root) {
  constexpr size_t kTotal = 0, kData = 5;  // fields of statm
  return std::min({system_memory(root), group_memory(root), resource_memory(root, RLIMIT_AS, kTotal),
                   resource_memory(root, RLIMIT_DATA, kData)});
}

}  // namespace limpid
