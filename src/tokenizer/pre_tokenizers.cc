#include "tokenizer/pre_tokenizers.h"

#include <algorithm>
#include <array>

namespace limpid {
namespace {

#define LIMPID_BYTES R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false})"
#define LIMPID_BYTES_GPT2 \
  R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})"
#define LIMPID_DIGITS R"({"type":"Digits","individual_digits":true})"
// `regex` is the text of a JSON string.
#define LIMPID_SPLIT(regex) \
  R"({"type":"Split","pattern":{"Regex":")" regex R"("},"behavior":"Isolated","invert":false})"
#define LIMPID_SEQUENCE(steps) R"({"type":"Sequence","pretokenizers":[)" steps "]}"

constexpr std::string_view kNone = "null";
constexpr std::string_view kNfc = R"({"type":"NFC"})";
constexpr std::string_view kGpt2 = LIMPID_BYTES_GPT2;
constexpr std::string_view kDigitsGpt2 = LIMPID_SEQUENCE(LIMPID_DIGITS "," LIMPID_BYTES_GPT2);

// Runs of up to three digits, contractions in either case, one leading sign before a word.
constexpr std::string_view kLlama3 = LIMPID_SEQUENCE(
    LIMPID_SPLIT(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|)"
                 R"( ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)") "," LIMPID_BYTES);
// The same with single digits.
constexpr std::string_view kQwen2 = LIMPID_SEQUENCE(
    LIMPID_SPLIT(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|)"
                 R"( ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)") "," LIMPID_BYTES);

#define LIMPID_UPPER R"([\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}])"
#define LIMPID_LOWER R"([\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}])"
#define LIMPID_CONTRACTION R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
// Words are cut where lower case turns to upper case.
constexpr std::string_view kGpt4o = LIMPID_SEQUENCE(LIMPID_SPLIT(
    R"([^\\r\\n\\p{L}\\p{N}]?)" LIMPID_UPPER "*" LIMPID_LOWER "+" LIMPID_CONTRACTION
    R"(|[^\\r\\n\\p{L}\\p{N}]?)" LIMPID_UPPER "+" LIMPID_LOWER "*" LIMPID_CONTRACTION
    R"(|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)") "," LIMPID_BYTES);
constexpr std::string_view kTekken =
    LIMPID_SEQUENCE(LIMPID_SPLIT(
        R"([^\\r\\n\\p{L}\\p{N}]?)" LIMPID_UPPER "*" LIMPID_LOWER "+"
        R"(|[^\\r\\n\\p{L}\\p{N}]?)" LIMPID_UPPER "+" LIMPID_LOWER "*"
        R"(|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)") "," LIMPID_BYTES);

#define LIMPID_CJK R"([一-龥ࠀ-一가-퟿]+)"
// Letters of scripts with case. Four ends of ranges are escaped: they have look-alikes that an editor's
// normalisation would put in their place.
#define LIMPID_CASED                                                                                                                                                                              \
  "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ"  \
  R"(Ὗ-\u1F7Dᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-\u1FD3ῖ-\u1FDBῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳ)" \
  "Ꙁ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
constexpr std::string_view kDeepseekLlm = LIMPID_SEQUENCE(
    LIMPID_SPLIT(R"([\r\n])") "," LIMPID_SPLIT(R"(\\s?[)" LIMPID_CASED "]+") ","
    LIMPID_SPLIT(R"(\\s?[!-/:-~！-／：-～‘-‟　-。]+)") "," LIMPID_SPLIT(R"(\\s+$)") ","
    LIMPID_SPLIT(LIMPID_CJK) "," LIMPID_DIGITS "," LIMPID_BYTES);
constexpr std::string_view kDeepseekCoder =
    LIMPID_SEQUENCE(LIMPID_SPLIT(R"([\r\n])") "," LIMPID_SPLIT(R"(\\s?\\p{L}+)") "," LIMPID_SPLIT(
        R"(\\s?\\p{P}+)") "," LIMPID_SPLIT(LIMPID_CJK) "," LIMPID_DIGITS "," LIMPID_BYTES);
constexpr std::string_view kDeepseekV3 = LIMPID_SEQUENCE(
    LIMPID_SPLIT(R"(\\p{N}{1,3})") "," LIMPID_SPLIT("[一-龥぀-ゟ゠-ヿ]+") "," LIMPID_SPLIT(
        R"([!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?)"
        R"([\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+)") "," LIMPID_BYTES);

// Later steps see the characters that stand for bytes, so the order matters.
constexpr std::string_view kFalcon =
    LIMPID_SEQUENCE(R"({"type":"Punctuation","behavior":"Contiguous"},)" LIMPID_BYTES_GPT2
                    R"(,{"type":"Digits","individual_digits":false},)" LIMPID_SPLIT("[0-9][0-9][0-9]"));
constexpr std::string_view kBloom =
    LIMPID_SEQUENCE(LIMPID_SPLIT(R"( ?[^(\\s|[.,!?…。，、।۔،])]+)") "," LIMPID_BYTES);

constexpr auto kTable = std::to_array<PreTokenizer>({
    // name, normalizer, pre_tokenizer, ignore_merges, add_bos
    {"bloom", kNone, kBloom, false, false},
    {"command-r", kNfc, kDigitsGpt2, false, true},
    {"dbrx", kNone, kLlama3, false, false},
    {"deepseek-coder", kNone, kDeepseekCoder, false, false},
    {"deepseek-llm", kNone, kDeepseekLlm, false, false},
    {"deepseek-r1-qwen", kNfc, kQwen2, false, false},
    {"deepseek-v3", kNone, kDeepseekV3, false, false},
    {"default", kNone, kGpt2, false, false},
    {"falcon", kNone, kFalcon, false, false},
    {"gpt-2", kNone, kGpt2, false, false},
    {"gpt-4o", kNone, kGpt4o, false, false},
    {"llama-bpe", kNone, kLlama3, true, true},
    {"llama-v3", kNone, kLlama3, true, true},
    {"llama3", kNone, kLlama3, true, true},
    {"mpt", kNfc, kGpt2, false, false},
    {"olmo", kNfc, kGpt2, false, false},
    {"phi-2", kNone, kGpt2, false, false},
    {"qwen2", kNfc, kQwen2, false, false},
    {"refact", kNone, kDigitsGpt2, false, false},
    {"smollm", kNone, kDigitsGpt2, false, false},
    {"starcoder", kNone, kDigitsGpt2, false, false},
    {"tekken", kNone, kTekken, true, true},
});

}  // namespace

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  const auto row = std::ranges::find(kTable, name, &PreTokenizer::name);
  return row == kTable.end() ? nullptr : &*row;
}

std::string pre_tokenizer_names() {
  std::string names;
  for (const PreTokenizer& row : kTable) {
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

}  // namespace limpid
