#include "checkpoint/pickle.h"

#include <gtest/gtest.h>

#include "checkpoint/test_torch.h"
#include "checkpoint/torch_state_dict.h"

namespace limpid {
namespace {

using namespace std::string_literals;
using test::as_bytes;
using test::kOrderedDict;
using test::kProtocol;
using test::pickle_counts;
using test::pickle_dict;
using test::pickle_global;
using test::pickle_int;
using test::pickle_storage;
using test::pickle_tensor;
using test::pickle_text;
using test::raw;

const std::string kStorage = pickle_storage("FloatStorage", "0", 6);
const std::string kTensor =
    pickle_tensor(kStorage, pickle_int(0), pickle_counts({2, 3}), pickle_counts({3, 1}));

template <class T>
T root_of(const std::string& bytes) {
  const auto pickle = read_pickle(as_bytes(bytes), "x");
  EXPECT_TRUE(pickle) << pickle.error().message;
  return pickle ? std::get<T>((*pickle)[pickle->root]) : T{};
}

TEST(Pickle, Integers) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"K\xff"s, 255},
      {"M\xff\xff"s, 65535},
      {"J\xff\xff\xff\xff"s, -1},
      {"J\x00\x00\x00\x80"s, INT32_MIN},
      {"\x8a\x00"s, 0},
      {"\x8a\x01\xff"s, -1},
      {"\x8a\x02\xff\x00"s, 255},
      {"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"s, INT64_MIN},
      {"\x8b\x05\x00\x00\x00\x00\x00\x00\x00\x01"s, int64_t{1} << 32},
  };
  for (const auto& [code, value] : cases) EXPECT_EQ(root_of<int64_t>(kProtocol + code + "."), value);
}

TEST(Pickle, OtherPlainValues) {
  EXPECT_EQ(root_of<bool>(kProtocol + "\x88."), true);
  EXPECT_EQ(root_of<bool>(kProtocol + "\x89."), false);
  EXPECT_EQ(root_of<double>(kProtocol + "G\xbf\xf8\0\0\0\0\0\0."s), -1.5);
  EXPECT_TRUE(read_pickle(as_bytes(kProtocol + "N."), "x"));
  const std::string young = "\x80\x04\x95" + raw<uint64_t>(9) + "\x8c\x02hi\x94.";
  EXPECT_EQ(root_of<std::string_view>(young), "hi");
  const std::string wide = kProtocol + "\x8d" + raw<uint64_t>(2) + "hi.";
  EXPECT_EQ(root_of<std::string_view>(wide), "hi");
}

TEST(Pickle, ContainersShareTheirValues) {
  // A list with itself in it, twice, and what the memo gives back.
  const std::string bytes = kProtocol + "]q\x05(h\x05h\x05" + "K\x07q\x06h\x06" + "e.";
  const auto pickle = read_pickle(as_bytes(bytes), "x");
  ASSERT_TRUE(pickle) << pickle.error().message;
  EXPECT_EQ(pickle->values.size(), 2);
  const auto& items = std::get<PickleList>((*pickle)[pickle->root]).items;
  ASSERT_EQ(items.size(), 4);
  EXPECT_EQ(items[0], pickle->root);
  EXPECT_EQ(items[2], items[3]);
}

TEST(Pickle, DoublingCostsNothing) {
  // Thirty times a pair of the value before: a thousand million values if anything were expanded.
  std::string bytes = kProtocol + "(]q" + '\0';
  for (char i = 0; i < 30; ++i) bytes += "h"s + i + "h" + i + "\x86q" + static_cast<char>(i + 1);
  bytes += "t.";
  const auto pickle = read_pickle(as_bytes(bytes), "x");
  ASSERT_TRUE(pickle) << pickle.error().message;
  EXPECT_EQ(pickle->values.size(), 32);
}

TEST(Pickle, StateDict) {
  const std::string parameter =
      pickle_global("torch._utils", "_rebuild_parameter") + "(" + kTensor + "\x88" + kOrderedDict + "tR";
  const std::string typed = pickle_global("torch._utils", "_rebuild_tensor_v3") + "((" +
                            pickle_text("storage") + pickle_global("torch.storage", "UntypedStorage") +
                            pickle_text("1") + pickle_text("cpu") + pickle_int(6) + "tQ" + pickle_int(1) +
                            pickle_counts({2}) + pickle_counts({1}) + "\x89" + kOrderedDict +
                            pickle_global("torch", "bfloat16") + "tR";
  const std::string scalar = pickle_tensor(kStorage, pickle_int(5), ")", ")", "N");
  std::string bytes =
      pickle_dict({{"weight", parameter}, {"typed", typed}, {"scalar", scalar}, {"step", "K\x01"}});
  bytes.back() = '}';  // a state with notes
  bytes += pickle_text("_metadata") + kOrderedDict + "sb.";
  const auto pickle = read_pickle(as_bytes(bytes), "x");
  ASSERT_TRUE(pickle) << pickle.error().message;
  const auto tensors = read_state_dict(*pickle, "x");
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 3);
  const TorchTensor& weight = (*tensors)[0];
  EXPECT_EQ(weight.name, "weight");
  EXPECT_EQ(weight.type->name, "F32");
  EXPECT_EQ(weight.storage, "0");
  EXPECT_EQ(weight.storage_bytes, 24);
  EXPECT_EQ(weight.n_byte, 24);
  EXPECT_EQ(weight.shape, (std::vector<size_t>{2, 3}));
  EXPECT_EQ((*tensors)[1].type->name, "BF16");
  EXPECT_EQ((*tensors)[1].storage_bytes, 6);
  EXPECT_EQ((*tensors)[2].begin, 20);
  EXPECT_EQ((*tensors)[2].n_byte, 4);
}

TEST(Pickle, OneWrapperAroundTheWeights) {
  for (const char* wrapper : {"state_dict", "model"}) {
    const std::string inner = "}" + pickle_text("w") + kTensor + "s";
    const std::string bytes =
        kProtocol + "}(" + pickle_text("epoch") + "K\x03" + pickle_text(wrapper) + inner + "u.";
    const auto pickle = read_pickle(as_bytes(bytes), "x");
    ASSERT_TRUE(pickle) << pickle.error().message;
    const auto tensors = read_state_dict(*pickle, "x");
    ASSERT_TRUE(tensors) << tensors.error().message;
    EXPECT_EQ(tensors->front().name, "w");
  }
}

struct Attack {
  const char* name;
  std::string code;  // behind the protocol
  const char* message;
  ErrorCode code_of_error = ErrorCode::kCorrupt;
};

const std::vector<Attack>& attacks() {
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  static const std::vector<Attack> kTable = {
      // Code that would run.
      {"os.system", pickle_global("os", "system") + "(" + pickle_text("id") + "tR.", "asks for 'os.system'",
       kUnsupported},
      {"posix", "cposix\nsystem\n.", "asks for 'posix.system'", kUnsupported},
      {"eval by stack", pickle_text("builtins") + pickle_text("eval") + "\x93.", "asks for 'builtins.eval'",
       kUnsupported},
      {"dotted name", pickle_global("torch", "_utils._rebuild_tensor_v2") + ".", "asks for 'torch._utils",
       kUnsupported},
      {"other torch", pickle_global("torch", "load") + ".", "asks for 'torch.load'", kUnsupported},
      {"storage without name", pickle_global("torch", "") + ".", "asks for 'torch.'", kUnsupported},
      {"escape codes", pickle_global("a\x1b[31m", "b") + ".", "asks for 'a\\x1b[31m.b'", kUnsupported},
      {"INST", "(i__main__\nX\n.", "asks for the opcode 0x69", kUnsupported},
      {"OBJ", "(" + pickle_global("torch", "Size") + "o.", "asks for the opcode 0x6f", kUnsupported},
      {"NEWOBJ", pickle_global("torch", "Size") + ")\x81.", "asks for the opcode 0x81", kUnsupported},
      {"EXT1", "\x82\x01.", "asks for the opcode 0x82", kUnsupported},
      {"PERSID", "P0\n.", "asks for the opcode 0x50", kUnsupported},
      {"unknown opcode", "\xfe.", "asks for the opcode 0xfe", kUnsupported},
      {"REDUCE of a text", pickle_text("os.system") + ")R.", "a call of something that is no function",
       kUnsupported},
      {"REDUCE of a type", pickle_global("torch", "FloatStorage") + ")R.", "no function", kUnsupported},
      {"REDUCE without tuple", pickle_global("collections", "OrderedDict") + "NR.", "no function",
       kUnsupported},
      {"BUILD on a dict", "}}b.", "attributes of an object that has none", kUnsupported},
      {"BUILD on a tensor", kTensor + "}b.", "attributes of an object that has none", kUnsupported},
      {"BUILD with a tuple", kOrderedDict + ")b.", "attributes of an object that has none", kUnsupported},
      // Calls with something else in them.
      {"OrderedDict of items", pickle_global("collections", "OrderedDict") + "(]tR.", "without arguments"},
      {"Size of texts", pickle_global("torch", "Size") + "((" + pickle_text("a") + "ttR.",
       "dimensions of a torch.Size"},
      {"parameter of nothing", pickle_global("torch._utils", "_rebuild_parameter") + "(NN}tR.",
       "a parameter made of a tensor"},
      {"tensor of nothing", pickle_global("torch._utils", "_rebuild_tensor_v2") + ")R.", "6 or 7 arguments"},
      {"tensor without storage", pickle_tensor("N", "K\1", ")", ")") + ".", "expected a tensor's storage"},
      {"negative offset", pickle_tensor(kStorage, pickle_int(-1), ")", ")") + ".",
       "expected a tensor's storage"},
      {"negative size", pickle_tensor(kStorage, "K\1", pickle_counts({-2}), pickle_counts({1})) + ".",
       "expected a tensor's storage"},
      {"strides missing", pickle_tensor(kStorage, "K\1", pickle_counts({2}), ")") + ".",
       "expected a tensor's storage"},
      {"seventeen dimensions",
       pickle_tensor(kStorage, "K\1", pickle_counts({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
                     pickle_counts({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})) +
           ".",
       "at most 16 dimensions"},
      {"conjugated", pickle_tensor(kStorage, "K\1", ")", ")", "}" + pickle_text("conj") + "\x88s") + ".",
       "hooks or other additions"},
      {"untyped without type",
       pickle_tensor("(" + pickle_text("storage") + pickle_global("torch.storage", "UntypedStorage") +
                         pickle_text("1") + pickle_text("cpu") + "K\4tQ",
                     "K\1", ")", ")") +
           ".",
       "expected a tensor's type"},
      {"id that is a text", pickle_text("storage") + "Q.", "the five parts of a storage"},
      {"id of another kind", "(" + pickle_text("module") + "NNNNtQ.", "expected ('storage', type"},
      {"storage of minus one", pickle_storage("FloatStorage", "0", -1) + ".", "expected ('storage', type"},
      // The machine itself.
      {"nothing", "", "found the end of the pickle"},
      {"STOP at once", ".", "expected one value at the end"},
      {"two values", "NN.", "expected one value at the end"},
      {"open mark", "(N.", "expected one value at the end"},
      {"tuple without mark", "Nt.", "expected more values on the stack"},
      {"tuple from below a mark", "N(\x85.", "expected more values on the stack"},
      {"REDUCE of nothing", "R.", "expected more values on the stack"},
      {"append to a dict", "}Na.", "expected a list to append to"},
      {"append across a mark", "](Na.", "expected a list to append to"},
      {"set in a list", "]NNs.", "expected a dictionary"},
      {"odd items", "}(NNNu.", "expected a dictionary, and pairs"},
      {"memo that is empty", "h\x03.", "memo 3: expected a value, found none"},
      {"memo far away", "j\xff\xff\xff\xff.", "memo 4294967295: expected a value"},
      {"memo of nothing", "q\x01.", "expected a value to remember"},
      {"long integer", "\x8a\x09" + std::string(9, '\1') + ".", "at most 8 bytes, found 9"},
      {"endless integer", "\x8b\xff\xff\xff\x7f.", "at most 8 bytes, found 2147483647"},
      {"endless text", "X\xff\xff\xff\xff.", "at most 4096 bytes, found 4294967295"},
      {"endless wide text", "\x8d" + raw(~uint64_t{0}) + ".", "at most 4096 bytes"},
      {"text past the end", "X" + raw<uint32_t>(100) + "abc.", "expected 100 bytes, found the end"},
      {"text not UTF-8", pickle_text("\xff") + ".", "expected a text in UTF-8"},
      {"name without end", "cos", "expected a line with a name"},
      {"deep nesting", std::string(2000, '('), "nested deeper than 1000 levels"},
      {"many values", std::string((1 << 20) + 1, 'N'), "more than 1048576 values"},
      {"many lists",
       [] {
         std::string code;
         for (int i = 0; i < 1 << 20; ++i) code += "]]\x86";
         return code;
       }(),
       "more than"},
      {"many opcodes",
       "]" +
           [] {
             std::string code;
             for (int i = 0; i < 1 << 22; ++i) code += "q\1";
             return code + code;
           }(),
       "expected at most 8388608 opcodes"},
      {"protocol 1", "\x80\x01.", "expected protocol 2 to 5, found 1"},
      {"protocol 6", "\x80\x06.", "expected protocol 2 to 5, found 6"},
  };
  return kTable;
}

TEST(Pickle, RefusesEverythingElse) {
  for (const Attack& attack : attacks()) {
    const std::string bytes = kProtocol + attack.code;
    const auto pickle = read_pickle(as_bytes(bytes), "x.bin");
    ASSERT_FALSE(pickle) << attack.name;
    EXPECT_EQ(pickle.error().code, attack.code_of_error) << attack.name << ": " << pickle.error().message;
    EXPECT_NE(pickle.error().message.find(attack.message), std::string::npos)
        << attack.name << ": " << pickle.error().message;
    EXPECT_TRUE(pickle.error().message.starts_with("x.bin: pickle at byte ")) << pickle.error().message;
  }
  EXPECT_FALSE(read_pickle(as_bytes("(lp0\n."), "x"));  // protocol 0
  EXPECT_FALSE(read_pickle(as_bytes(std::string((64 << 20) + 1, '\x80')), "x"));
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string bytes = pickle_dict({{"w", kTensor}});
  ASSERT_TRUE(read_pickle(as_bytes(bytes), "x"));
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(read_pickle(as_bytes(std::string_view(bytes).substr(0, n)), "x")) << n;
  }
}

TEST(StateDict, RefusesWhatIsNone) {
  const auto view = [](int32_t offset, const std::string& shape, const std::string& strides) {
    return pickle_dict({{"w", pickle_tensor(kStorage, pickle_int(offset), shape, strides)}});
  };
  const std::string huge =
      "(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft";
  const std::vector<std::pair<std::string, const char*>> cases = {
      {kProtocol + "N.", "expected a dictionary of tensors"},
      {kProtocol + "}.", "expected a dictionary of tensors"},
      {pickle_dict({{"w", kTensor}, {"w", kTensor}}), "tensor 'w': appears twice"},
      {kProtocol + "}K\1" + kTensor + "s.", "a tensor's name is no text"},
      {view(0, pickle_counts({3, 2}), pickle_counts({1, 3})),
       "expected rows one behind the other, found shape "
       "[3, 2] with strides [1, 3]"},
      {view(0, pickle_counts({2, 2}), pickle_counts({3, 1})), "expected rows one behind the other"},
      {view(0, pickle_counts({4, 6}), pickle_counts({0, 1})), "expected rows one behind the other"},
      {view(1, pickle_counts({2, 3}), pickle_counts({3, 1})),
       "expected 24 bytes at 4 inside a storage of 24"},
      {view(7, pickle_counts({0}), pickle_counts({1})), "expected 0 bytes at 28 inside a storage of 24"},
      {view(0, pickle_counts({7}), pickle_counts({1})), "expected 28 bytes at 0 inside a storage of 24"},
      {view(0, huge, pickle_counts({1, 1})), "overflows"},
  };
  for (const auto& [bytes, message] : cases) {
    const auto pickle = read_pickle(as_bytes(bytes), "x");
    ASSERT_TRUE(pickle) << pickle.error().message;
    const auto tensors = read_state_dict(*pickle, "x");
    ASSERT_FALSE(tensors) << message;
    EXPECT_NE(tensors.error().message.find(message), std::string::npos) << tensors.error().message;
  }
}

TEST(StateDict, AStrideOfOneElementSaysNothing) {
  const std::string bytes = pickle_dict(
      {{"w", pickle_tensor(kStorage, pickle_int(0), pickle_counts({1, 6}), pickle_counts({99, 1}))}});
  const auto pickle = read_pickle(as_bytes(bytes), "x");
  ASSERT_TRUE(pickle);
  EXPECT_TRUE(read_state_dict(*pickle, "x"));
}

}  // namespace
}  // namespace limpid
