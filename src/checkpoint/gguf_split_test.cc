#include "checkpoint/gguf_split.h"

#include <gtest/gtest.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::gguf_pair;
using test::gguf_part;
using test::GgufFile;
using test::TemporaryFolder;

TEST(GgufSplit, NamesOfParts) {
  const auto part = parse_gguf_part_name("org-00001-of-00002-00002-of-00010.gguf");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->stem, "org-00001-of-00002");
  EXPECT_EQ(part->number, 2);
  EXPECT_EQ(part->count, 10);
  EXPECT_EQ(part->file_name(), "org-00001-of-00002-00002-of-00010.gguf");
  for (const char* name :
       {"", ".gguf", "m.gguf", "m-00001-of-00002", "m-00001-of-00002.bin", "m-1-of-2.gguf",
        "m-00003-of-00002.gguf", "m-00000-of-00002.gguf", "m-0000a-of-00002.gguf", "m-00001-of-+0002.gguf",
        "m-00001_of-00002.gguf", "m00001-of-00002.gguf", "00001-of-00002.gguf"}) {
    EXPECT_FALSE(parse_gguf_part_name(name)) << name;
  }
}

/// A folder with a model "m" in three parts.
struct ThreeParts {
  std::vector<GgufFile> files = {gguf_part(1, 3, "a", 3), gguf_part(2, 3, "b", 3), gguf_part(3, 3, "c", 3)};
  std::vector<std::string> names = {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf",
                                    "m-00003-of-00003.gguf"};

  void write(const TemporaryFolder& folder) const {
    for (size_t i = 0; i < files.size(); ++i) {
      if (!names[i].empty()) folder.write(names[i], files[i].bytes());
    }
  }
};

TEST(GgufSplit, AnyPartOpensAll) {
  const TemporaryFolder folder;
  const ThreeParts parts;
  parts.write(folder);
  for (const std::string& name : parts.names) {
    const auto checkpoint = open_checkpoint(folder.path() / name);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->path, folder.path() / name);
    EXPECT_EQ(checkpoint->tensors.size(), 3);
    EXPECT_EQ(checkpoint->files.size(), 3);
    EXPECT_EQ(**checkpoint->metadata.get_string("general.architecture"), "llama");
    float c = 0;
    std::memcpy(&c, checkpoint->find("c")->data.data(), sizeof(c));
    EXPECT_EQ(c, 3);
  }
}

TEST(GgufSplit, ACountOfOneIsAWholeModel) {
  for (const uint16_t count : {uint16_t{0}, uint16_t{1}}) {
    const TemporaryFolder folder;
    const auto path = folder.write("whole.gguf", gguf_part(1, count, "a", 1).bytes());
    const auto checkpoint = open_checkpoint(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->tensors.size(), 1);
  }
}

struct Damage {
  const char* name;
  void (*apply)(ThreeParts&);
  const char* message;
  ErrorCode code = ErrorCode::kCorrupt;
  const char* hint = "incomplete download or corrupt file?";
};

const Damage kDamages[] = {
    {"missing", [](ThreeParts& p) { p.names[1] = ""; },
     "m-00002-of-00003.gguf: expected part 2 of 3 of the model, found no such file", ErrorCode::kNotFound,
     "the download is incomplete: fetch this file into the same folder"},
    {"renamed", [](ThreeParts& p) { p.names[0] = "first.gguf"; },
     "first.gguf: expected a name like NAME-00001-of-00003.gguf, as this is part 1 of 3, found 'first.gguf'",
     ErrorCode::kNotFound, "all parts must lie in one folder under their original names"},
    {"count in the name", [](ThreeParts& p) { p.names[0] = "m-00001-of-00004.gguf"; },
     "expected a name like NAME-00001-of-00003.gguf", ErrorCode::kNotFound, "original names"},
    {"swapped", [](ThreeParts& p) { std::swap(p.names[1], p.names[2]); },
     "m-00002-of-00003.gguf: expected part 2 of 3 of a model of 3 tensors, found part 3 of 3 of a model of 3 "
     "tensors"},
    {"of another model", [](ThreeParts& p) { p.files[2] = gguf_part(3, 3, "c", 4); },
     "m-00003-of-00003.gguf: expected part 3 of 3 of a model of 3 tensors, found part 3 of 3 of a model of "
     "4"},
    {"other count", [](ThreeParts& p) { p.files[2] = gguf_part(3, 4, "c", 3); },
     "found part 3 of 4 of a model of 3 tensors"},
    {"no part", [](ThreeParts& p) { p.files[1] = test::small_gguf(); },
     "m-00002-of-00003.gguf: expected part 2 of 3 of a model of 3 tensors, found a file that is no part"},
    {"damaged", [](ThreeParts& p) { p.files[1].magic = "GGML"; },
     "m-00002-of-00003.gguf: expected a GGUF file"},
    {"tensor twice", [](ThreeParts& p) { p.files[2] = gguf_part(3, 3, "a", 3); },
     "m-00003-of-00003.gguf: tensor 'a': is in another part of the model too"},
    {"tensors in all",
     [](ThreeParts& p) {
       for (GgufFile& file : p.files) {
         file.pairs.back() = gguf_pair("split.tensors.count", 5, test::raw<int32_t>(4));
       }
     },
     "m-00001-of-00003.gguf: split.tensors.count: expected 4 tensors in all parts, found 3"},
    {"number", [](ThreeParts& p) { p.files[0] = gguf_part(4, 3, "a", 3); },
     "split.no: expected a number from 0 to 2 in a part of a split model, found 3"},
    {"tensors negative", [](ThreeParts& p) { p.files[0] = gguf_part(1, 3, "a", -1); },
     "split.tensors.count: expected a number from 0 to 2147483647 in a part of a split model, found -1"},
    {"without total", [](ThreeParts& p) { p.files[0].pairs.pop_back(); },
     "split.tensors.count: expected a number from 0 to 2147483647 in a part of a split model, found none"},
    {"count of another type",
     [](ThreeParts& p) { p.files[0].pairs[2] = gguf_pair("split.count", 8, test::gguf_string("3")); },
     "metadata 'split.count': expected an integer, found the string '3'"},
    {"count past int64",
     [](ThreeParts& p) { p.files[0].pairs[2] = gguf_pair("split.count", 10, test::raw(~uint64_t{0})); },
     "split.count"},
};

TEST(GgufSplit, SaysWhatIsWrong) {
  for (const Damage& damage : kDamages) {
    const TemporaryFolder folder;
    ThreeParts parts;
    damage.apply(parts);
    parts.write(folder);
    const auto checkpoint = open_checkpoint(folder.path() / parts.names[0]);
    ASSERT_FALSE(checkpoint) << damage.name;
    EXPECT_EQ(checkpoint.error().code, damage.code) << damage.name;
    EXPECT_NE(checkpoint.error().message.find(damage.message), std::string::npos)
        << damage.name << ": " << checkpoint.error().message;
    EXPECT_NE(checkpoint.error().hint.find(damage.hint), std::string::npos)
        << damage.name << ": " << checkpoint.error().hint;
  }
}

}  // namespace
}  // namespace limpid
