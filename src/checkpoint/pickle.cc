#include "checkpoint/pickle.h"

#include <bit>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <string>

#include "checkpoint/byte_reader.h"
#include "checkpoint/pickle_torch.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

// A model with a hundred thousand tensors stays below these; what they allow fits into some hundred
// megabytes.
constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr size_t kMaxOpcodes = size_t{1} << 23;
constexpr size_t kMaxValues = size_t{1} << 21;
constexpr size_t kMaxStack = size_t{1} << 20;
constexpr size_t kMaxMarks = 1000;
constexpr size_t kMaxText = 4096;
constexpr size_t kMaxInteger = 8;  // bytes

enum Opcode : uint8_t {
  kProto = 0x80,
  kFrame = 0x95,
  kStop = '.',
  kMark = '(',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kMemoize = 0x94,
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
};

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view origin)
      : bytes_(bytes), origin_(origin), reader_(bytes) {}

  Result<Pickle> run() {
    if (bytes_.size() > kMaxBytes) {
      return corrupt(
          origin_, fmt::format("expected a pickle of at most {} bytes, found {}", kMaxBytes, bytes_.size()));
    }
    for (size_t n = 0; n < kMaxOpcodes; ++n) {
      start_ = reader_.position();
      uint8_t opcode = 0;
      if (!reader_.read(opcode)) return bad("expected more, found the end of the pickle");
      if (n == 0 && opcode != kProto) return bad("expected a pickle of protocol 2 or later");
      if (opcode == kStop) return finish();
      LIMPID_CHECK_OK(step(opcode));
    }
    return bad(fmt::format("expected at most {} opcodes, found more", kMaxOpcodes));
  }

 private:
  // --- one opcode -----------------------------------------------------------------------------------
  Status step(uint8_t opcode) {
    switch (opcode) {
      case kProto:
        return protocol();
      case kFrame:  // a length, for readers that fetch piece by piece
        return number<uint64_t>().map([](uint64_t) {});
      case kMark:
        return mark();
      case kTuple:
        return push_tuple(std::nullopt);
      case kTuple1:
      case kTuple2:
      case kTuple3:
        return push_tuple(size_t{1} + opcode - kTuple1);
      case kAppend:
        return append(1);
      case kAppends:
        return append(std::nullopt);
      case kSetItem:
        return set_items(2);
      case kSetItems:
        return set_items(std::nullopt);
      case kBinGet:
        return get_memo<uint8_t>();
      case kLongBinGet:
        return get_memo<uint32_t>();
      case kBinPut:
        return put_memo<uint8_t>();
      case kLongBinPut:
        return put_memo<uint32_t>();
      case kMemoize:
        return memoize(memo_.size());
      case kGlobal:
        return global_of_lines();
      case kStackGlobal:
        return global_of_stack();
      case kReduce:
        return reduce();
      case kBuild:
        return build();
      case kBinPersId:
        return persistent();
      default:
        return push_plain(opcode);
    }
  }
  Status push_plain(uint8_t opcode) {
    switch (opcode) {
      case kNone:
        return push(PickleNone{});
      case kNewTrue:
        return push(true);
      case kNewFalse:
        return push(false);
      case kBinInt:
        return push_integer<int32_t>();
      case kBinInt1:
        return push_integer<uint8_t>();
      case kBinInt2:
        return push_integer<uint16_t>();
      case kLong1:
        return push_long<uint8_t>();
      case kLong4:
        return push_long<uint32_t>();
      case kBinFloat:
        return push_float();
      case kBinUnicode:
        return push_text<uint32_t>();
      case kShortBinUnicode:
        return push_text<uint8_t>();
      case kBinUnicode8:
        return push_text<uint64_t>();
      case kEmptyTuple:
        return push(PickleTuple{});
      case kEmptyList:
        return push(PickleList{});
      case kEmptyDict:
        return push(PickleDict{});
      default:
        return refused(fmt::format("the opcode 0x{:02x}", opcode));
    }
  }

  // --- errors ---------------------------------------------------------------------------------------
  tl::unexpected<Error> bad(std::string_view what) const {
    return corrupt(origin_, fmt::format("pickle at byte {}: {}", start_, what));
  }
  tl::unexpected<Error> refused(std::string_view what) const {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{}: pickle at byte {}: asks for {}, which weights do not need: refused", origin_, start_,
                    what),
        "loading it in Python may run code that came with it; prefer a safetensors file from a source "
        "you trust, or save nothing but model.state_dict()");
  }

  // --- stack ----------------------------------------------------------------------------------------
  Status push_ref(PickleRef ref) {
    if (stack_.size() >= kMaxStack) return bad(fmt::format("more than {} values at once", kMaxStack));
    stack_.push_back(ref);
    return {};
  }
  Status push(PickleValue value) {
    if (pickle_.values.size() >= kMaxValues) return bad(fmt::format("more than {} values", kMaxValues));
    pickle_.values.push_back(std::move(value));
    return push_ref(static_cast<PickleRef>(pickle_.values.size() - 1));
  }
  Status push_result(PickleCall result) {
    if (const auto* problem = std::get_if<std::string>(&result)) return bad(*problem);
    if (const auto* ref = std::get_if<PickleRef>(&result)) return push_ref(*ref);
    return push(std::get<PickleValue>(std::move(result)));
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  /// The topmost `n` values; all above the last mark, which goes too, for nullopt.
  Result<std::vector<PickleRef>> pop(std::optional<size_t> n) {
    if (n ? stack_.size() - floor() < *n : marks_.empty()) return bad("expected more values on the stack");
    const size_t begin = n ? stack_.size() - *n : marks_.back();
    std::vector<PickleRef> items(stack_.begin() + static_cast<std::ptrdiff_t>(begin), stack_.end());
    stack_.resize(begin);
    if (!n) marks_.pop_back();
    return items;
  }
  Result<PickleRef> pop_one() {
    return pop(1).map([](const std::vector<PickleRef>& items) { return items.front(); });
  }
  /// The topmost value, left where it is; nullptr when there is none of this kind.
  template <class T>
  T* top() {
    return stack_.size() > floor() ? std::get_if<T>(&pickle_.values[stack_.back()]) : nullptr;
  }
  Status mark() {
    if (marks_.size() >= kMaxMarks) return bad(fmt::format("nested deeper than {} levels", kMaxMarks));
    marks_.push_back(stack_.size());
    return {};
  }

  // --- plain values ---------------------------------------------------------------------------------
  template <class T>
  Result<T> number() {
    T value = 0;
    if (!reader_.read(value)) return bad("expected more, found the end of the pickle");
    return value;
  }
  /// `n` bytes that follow.
  Result<std::string_view> text(uint64_t n) {
    if (n > reader_.left()) return bad(fmt::format("expected {} bytes, found the end of the pickle", n));
    const auto length = static_cast<size_t>(n);
    const auto* begin = reinterpret_cast<const char*>(bytes_.data() + reader_.position());
    reader_.skip(length);
    return std::string_view(begin, length);
  }
  Status protocol() {
    LIMPID_TRY(const uint8_t version, number<uint8_t>());
    if (version < 2 || version > 5) return bad(fmt::format("expected protocol 2 to 5, found {}", version));
    return {};
  }
  template <class T>
  Status push_integer() {
    LIMPID_TRY(const T value, number<T>());
    return push(static_cast<int64_t>(value));
  }
  /// Little-endian two's complement of any length.
  template <class Length>
  Status push_long() {
    LIMPID_TRY(const Length length, number<Length>());
    if (length > kMaxInteger)
      return bad(fmt::format("expected an integer of at most {} bytes, found {}", kMaxInteger, length));
    LIMPID_TRY(const std::string_view digits, text(length));
    const bool negative = !digits.empty() && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(digits[i]);
    return push(static_cast<int64_t>(value));
  }
  Status push_float() {
    LIMPID_TRY(const uint64_t bits, number<uint64_t>());
    return push(std::bit_cast<double>(__builtin_bswap64(bits)));  // the one big-endian number of pickles
  }
  template <class Length>
  Status push_text() {
    LIMPID_TRY(const Length length, number<Length>());
    if (length > kMaxText)
      return bad(fmt::format("expected a text of at most {} bytes, found {}", kMaxText, length));
    LIMPID_TRY(const std::string_view content, text(length));
    if (!is_utf8(content)) return bad("expected a text in UTF-8, found " + quote(content));
    return push(content);
  }

  // --- containers -----------------------------------------------------------------------------------
  Status push_tuple(std::optional<size_t> n) {
    LIMPID_TRY(std::vector<PickleRef> items, pop(n));
    return push(PickleTuple{std::move(items)});
  }
  Status append(std::optional<size_t> n) {
    LIMPID_TRY(const std::vector<PickleRef> items, pop(n));
    auto* list = top<PickleList>();
    if (list == nullptr) return bad("expected a list to append to");
    list->items.insert(list->items.end(), items.begin(), items.end());
    return {};
  }
  Status set_items(std::optional<size_t> n) {
    LIMPID_TRY(const std::vector<PickleRef> items, pop(n));
    auto* dict = top<PickleDict>();
    if (dict == nullptr || items.size() % 2 != 0) return bad("expected a dictionary, and pairs to set in it");
    for (size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
    return {};
  }

  // --- memo -----------------------------------------------------------------------------------------
  template <class Index>
  Status get_memo() {
    LIMPID_TRY(const Index index, number<Index>());
    const auto it = memo_.find(index);
    if (it == memo_.end()) return bad(fmt::format("memo {}: expected a value, found none", index));
    return push_ref(it->second);
  }
  template <class Index>
  Status put_memo() {
    LIMPID_TRY(const Index index, number<Index>());
    return memoize(index);
  }
  Status memoize(uint64_t index) {
    if (stack_.size() <= floor()) return bad("expected a value to remember, found none");
    if (memo_.size() >= kMaxValues) return bad(fmt::format("more than {} values in the memo", kMaxValues));
    memo_.insert_or_assign(index, stack_.back());
    return {};
  }

  // --- what would be Python's functions -------------------------------------------------------------
  Status global(std::string_view module, std::string_view name) {
    auto value = pickle_global(module, name);
    if (!value) return refused(quote(fmt::format("{}.{}", module, name)));
    return push(*std::move(value));
  }
  Result<std::string_view> line() {
    const auto rest = bytes_.subspan(reader_.position());
    const std::string_view all(reinterpret_cast<const char*>(rest.data()), rest.size());
    const size_t end = all.substr(0, kMaxText).find('\n');
    if (end == all.npos) return bad("expected a line with a name");
    reader_.skip(end + 1);
    return all.substr(0, end);
  }
  Status global_of_lines() {
    LIMPID_TRY(const std::string_view module, line());
    LIMPID_TRY(const std::string_view name, line());
    return global(module, name);
  }
  Status global_of_stack() {
    LIMPID_TRY(const std::vector<PickleRef> items, pop(2));
    const auto* module = std::get_if<std::string_view>(&pickle_[items[0]]);
    const auto* name = std::get_if<std::string_view>(&pickle_[items[1]]);
    if (module == nullptr || name == nullptr) return bad("expected two texts that name a function");
    return global(*module, *name);
  }
  Status reduce() {
    LIMPID_TRY(const std::vector<PickleRef> items, pop(2));
    const auto* function = std::get_if<PickleFunction>(&pickle_[items[0]]);
    const auto* arguments = std::get_if<PickleTuple>(&pickle_[items[1]]);
    if (function == nullptr || arguments == nullptr)
      return refused("a call of something that is no function");
    return push_result(call_pickle_function(pickle_, *function, *arguments));
  }
  /// Attributes of an object: an OrderedDict of weights carries notes of PyTorch (`_metadata`) in them.
  Status build() {
    LIMPID_TRY(const PickleRef state, pop_one());
    const auto* dict = top<PickleDict>();
    if (dict == nullptr || !dict->is_ordered || !std::holds_alternative<PickleDict>(pickle_[state])) {
      return refused("attributes of an object that has none");
    }
    return {};
  }
  Status persistent() {
    LIMPID_TRY(const PickleRef id, pop_one());
    return push_result(load_pickle_storage(pickle_, pickle_[id]));
  }

  Result<Pickle> finish() {
    if (stack_.size() != 1 || !marks_.empty()) return bad("expected one value at the end of the pickle");
    pickle_.root = stack_.front();
    return std::move(pickle_);
  }

  std::span<const std::byte> bytes_;
  std::string_view origin_;
  ByteReader reader_;
  size_t start_ = 0;  // of the opcode at work
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::map<uint64_t, PickleRef> memo_;
};

}  // namespace

Result<Pickle> read_pickle(std::span<const std::byte> bytes, std::string_view origin) {
  return Machine(bytes, origin).run();
}

}  // namespace limpid
