"""Writes testdata/tokenizers/: small tokenizers in every form limpid reads, and the ids Hugging Face gives for some
hundred texts.

    oracle/bin/python tools/make_tokenizer_goldens.py [--out testdata/tokenizers] [--smollm2 PATH.gguf]

(set-up: see oracle/__init__.py, plus sentencepiece and protobuf). Run again, it writes the same bytes. The tokenizers are trained
on TRAINING_TEXT below. Each is written as a Hugging Face folder NAME/ and as vocabulary-only NAME.gguf; the ids in
NAME.goldens.json come from the Hugging Face objects and never from the GGUF file. --smollm2 adds the goldens of the
default model's vocabulary, for which the Hugging Face tokenizer is put together here from its parts.
"""

import argparse
import json
import pathlib
import random
import shutil
import tempfile

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaTokenizer, LlamaTokenizerFast

# ---------------------------------------------------------------------------------------------------------------------
# Texts

TRAINING_TEXT = """
When the morning train left the station, Anna counted the windows of the last carriage. There were twelve of them,
and behind every window somebody was reading. The war lasted from the year 1732 to the year 1748, said the old book.
Mary and John went to the store; John gave a drink to Mary. They're certain that we've seen it, I'd say, and it's true.
The river is wide. The rivers are wider. She walked, he talks, they are walking and talking; nobody listened to them.
DON'T SHOUT, IT'S LATE. We'll wait until he'd finished. 3 33 333 3333 1234567890 10.5 % of 2,000,000 = 210,000
Die Straße ist lang, und über den Brücken hängen Lampen. Größe, Fuß, Öl, schön, Übung: Wörter mit Umlauten.
L'été dernier, j'ai mangé des crêpes à Nîmes; où était-elle ? Ça va, garçon. El niño comió piña mañana. ¿Qué pasó?
Поезд ушёл рано утром, и никто его не видел. Читать книги полезно. Что это? Это просто пример текста.
Το τρένο έφυγε νωρίς το πρωί. हिन्दी में एक छोटा वाक्य लिखा है। هذا مثال قصير باللغة العربية. זה משפט קצר.
電車は朝早く出発しました。日本語の文を少し書きます。私は本を読む。今天天气很好,我们去公园散步。中文句子也需要一些。
기차는 아침 일찍 떠났다. 한국어 문장도 조금 있다. รถไฟออกเดินทางแต่เช้า ภาษาไทยไม่มีช่องว่าง
def total(values):\n    result = 0\n    for value in values:\n        result += value * 2\n    return result  # a sum\n
int main(int argc, char** argv) {\n\tif (argc < 2) return 1;\n\tstd::vector<int> ids = {1, 2, 3};\n\treturn ids[0] != 0;\n}\n
{"name": "limpid", "values": [1, 2.5, null, true], "url": "https://example.org/a?b=c&d=%20e"}\n😀 😁 🎉 👍🏽 👩‍👩‍👧 🇫🇷 ☕️ ✓ → ∑ € £
"""

TEXTS = [
    "",
    " ",
    "a",
    "  ",
    "Hello",
    " Hello",
    "Hello ",
    "Hello world",
    "Hello  world",
    "   leading and trailing   ",
    "When Mary and John went to the store, John gave a drink to",
    "The war lasted from the year 1732 to the year 17",
    "5 + 4 = 9, 2 + 3 =",
    "1", "12", "123", "1234", "12345", "1234567890123", "3.14159", "1,000,000.00", "007", "x86_64", "0xFF", "2³ + ½ = ⅷ",
    "٣٤٥ ४५६ 一二三 ⅣⅤ ①②",
    "It's they're I'd we've he'll I'm can't",
    "IT'S THEY'RE I'D WE'VE HE'LL I'M CAN'T",
    "it’s a curly ‘quote’ and “another”",
    "'s 're 've 'd 'll 'm 't 'S 'RE ''' '",
    "camelCase PascalCase snake_case kebab-case SCREAMING_CASE HTTPServer iPhone",
    "line one\nline two\r\nline three\rline four",
    "\n", "\n\n", "\n\n\n", "\r\n\r\n", " \n \n ", "\n  indented", "text\n\n\n\ttabbed", "\t", "\t\t\t", "a\tb\t\tc",
    "a \n b", "a\n \nb", "trailing newline\n", "trailing space \n ", "x   \n\n   y",
    "    four spaces\n        eight spaces",
    "non\u00a0breaking\u2003em space\u3000ideographic\u200bzero width",
    "def f(x):\n    return x**2 + 1  # square\n",
    "for (int i = 0; i < n; ++i) { sum += a[i]; }",
    "SELECT * FROM t WHERE a != 'b' AND c >= 10;",
    "<div class=\"x\">text &amp; more</div>",
    "https://example.org/path?query=1&other=two#part",
    "user.name+tag@example.co.uk",
    "{\"a\": [1, 2, {\"b\": null}], \"c\": -1.5e-10}",
    "\\begin{equation} \\alpha_i = \\frac{1}{2} \\end{equation}",
    "$10 €20 £30 ¥40 ₹50 50% 1/2 #tag @user ~tilde `code` ^caret |pipe|",
    "!!! ??? ... --- ___ === *** /// \\\\\\ ((())) [[[]]] {{{}}} <<<>>>",
    "a!b?c.d,e;f:g", "word.Another", "end.\n\nNext", "(paren)", "\"quoted\"", "...and", "--flag=value",
    "hello,world!How are you?", "tab\tnew\nline", "50,000 people; 3-4 days",
    "Größe über Straße, Öl und Fußgänger", "été à Nîmes, garçon", "niño mañana ¿qué?", "naïve café résumé",
    "Cafe\u0301 e\u0301te\u0301 A\u030angstro\u0308m \u1100\u1161\u11a8", "\u212b \u2126 \u212a \ufb01 \uff21\uff22",
    "Поезд ушёл рано утром.", "ПРИВЕТ привет Ёлка", "Το τρένο έφυγε", "ΣΊΣΥΦΟΣ σίσυφος ὕδωρ Ὗ",
    "हिन्दी में वाक्य", "வணக்கம் உலகம்", "สวัสดีชาวโลก", "مرحبا بالعالم", "שלום עולם", "ქართული ენა Ა", "Հայերեն",
    "日本語の文章です。", "電車は3時に出発", "今天天气很好,我们去。", "简体字和繁體字", "カタカナ ひらがな 漢字ー〜", "한국어 문장", "각각",
    "mixed 日本 and English文字 text", "中文English混合123数字", "ｆｕｌｌ　ｗｉｄｔｈ１２３",
    "😀", "😀😁🎉", "a😀b", "👍🏽 👩‍👩‍👧 🇫🇷 ☕️", "text 🙂 more 🚀🚀", "♥ ✓ → ∑ ∫ ≠ √", "\U0001f9ff\U0001fae0", "𝒳 𝕐 𝐁𝐨𝐥𝐝",
    "\u0000", "a\u0000b", "\u0001\u0002\u001f\u007f\u0080\u009f", "\ufeffbom", "\ufffd", "\ue000\uf8ff", "\U0010ffff\U000e0001",
    "e\u0301\u0302\u0303\u0304", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚a̴̵̜̰l̡̹g͡o", "\u202eright to left\u202c", "a\u00adb\u2060c",
    "<s>", "</s>", "<unk>", "<|endoftext|>", "<|begin|>", "<|im_start|>user\nhi<|im_end|>\n", "<s>Hello</s>",
    "before<|endoftext|>after", "before <|endoftext|> after", "<|endoftext|><|endoftext|>", "<|endoftext", "<|begin|> text",
    "<tool>call</tool>", "x <tool> y", "<0x0A>", "<0xE3>", "Hello <s>.", "a<s> b</s>c", " <s> ",
    "▁", "▁▁ under ▁score", "Ġ Ċ ĉ Ā", "ĠHello", "ÃĤ", "##word",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ababababababababababababab", "thethethethe", "The the THE tHe", "supercalifragilisticexpialidocious",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "The quick brown fox jumps over the lazy dog. " * 4,
]  # fmt: skip


def texts(n_random=120):
    """TEXTS, pieces of the training text, and strings of random characters of random scripts."""
    rng = random.Random(20)
    result = list(TEXTS) + [line for line in TRAINING_TEXT.split("\n") if line]
    blocks = [
        (0x20, 0x7E), (0x20, 0x7E), (0x09, 0x0D), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF),
        (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF),
        (0x2000, 0x206F), (0x2070, 0x209F), (0x2150, 0x218F), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
        (0xE000, 0xF8FF), (0xFF00, 0xFFEF), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF),
    ]  # fmt: skip
    spaces = " " * 6 + "\n\t"
    for _ in range(n_random):
        picked = rng.sample(blocks, rng.randint(1, 4))
        characters = []
        for _ in range(rng.randint(1, 24)):
            low, high = rng.choice(picked)
            characters.append(chr(rng.randint(low, high)) if rng.random() < 0.8 else rng.choice(spaces))
        result.append("".join(characters))
    return list(dict.fromkeys(result))


# ---------------------------------------------------------------------------------------------------------------------
# Byte-level tokenizers

SPLIT_TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


def isolated(*patterns):
    return [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]


def words_by_case(suffix, digits):
    lead = r"[^\r\n\p{L}\p{N}]?"
    words = f"{lead}{UPPER}*{LOWER}+{suffix}|{lead}{UPPER}+{LOWER}*{suffix}"
    return words + rf"|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def cased_letters():
    """The letters that the deepseek-llm pre-tokenizer keeps together, as ranges of code points."""
    ranges = """41-5a 61-7a b5 c0-d6 d8-f6 f8-1ba 1bc-1bf 1c4-293 295-2af 370-373 376-377 37b-37d 37f 386 388-38a 38c
    38e-3a1 3a3-3f5 3f7-481 48a-52f 531-556 10a0-10c5 13a0-13f5 13f8-13fd 1c90-1cba 1cbd-1cbf 1d00-1d2b 1d6b-1d77
    1d79-1d9a 1e00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fbc 1fbe
    1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb 1fe0-1fec 1ff2-1ff4 1ff6-1ffc 2102 2107 210a-2113 2115 2119-211d 2124 2126
    2128 212a-212d 212f-2134 2139 213c-213f 2145-2149 214e 2183-2184 2c00-2c7b 2c7e-2ce4 2ceb-2cee 2cf2-2cf3 a640-a66d
    a680-a69b a722-a76f a771-a787 a78b-a78e ab70-abbf fb00-fb06 fb13-fb17 ff21-ff3a ff41-ff5a 10400-1044f 104b0-104d3
    104d8-104fb 10c80-10cb2 10cc0-10cf2 118a0-118df 1e900-1e943"""
    return "".join("-".join(chr(int(end, 16)) for end in part.split("-")) for part in ranges.split())


def gpt2_bytes():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def plain_bytes():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
DIGITS = [pre_tokenizers.Digits(individual_digits=True)]
DEEPSEEK_V3_WORDS = (
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
    "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)
LLAMA3 = [*isolated(rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{SPLIT_TAIL}"), plain_bytes()]
QWEN2 = [*isolated(rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{SPLIT_TAIL}"), plain_bytes()]

# tokenizer.ggml.pre -> normalizer, pre-tokenizers in order, ignore_merges
PRE_TOKENIZERS = {
    "bloom": (None, [*isolated(r" ?[^(\s|[.,!?…。，、।۔،])]+"), plain_bytes()], False),
    "command-r": (normalizers.NFC(), [*DIGITS, gpt2_bytes()], False),
    "dbrx": (None, LLAMA3, False),
    "deepseek-coder": (
        None,
        [*isolated("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK), *DIGITS, plain_bytes()],
        False,
    ),
    "deepseek-llm": (
        None,
        [
            *isolated("[\r\n]", rf"\s?[{cased_letters()}]+", "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", r"\s+$", CJK),
            *DIGITS,
            plain_bytes(),
        ],
        False,
    ),
    "deepseek-r1-qwen": (normalizers.NFC(), QWEN2, False),
    "deepseek-v3": (
        None,
        [*isolated(r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", DEEPSEEK_V3_WORDS), plain_bytes()],
        False,
    ),
    "default": (None, [gpt2_bytes()], False),
    "falcon": (
        None,
        [
            pre_tokenizers.Punctuation("contiguous"),
            gpt2_bytes(),
            pre_tokenizers.Digits(individual_digits=False),
            *isolated("[0-9][0-9][0-9]"),
        ],
        False,
    ),
    "gpt-2": (None, [gpt2_bytes()], False),
    "gpt-4o": (None, [*isolated(words_by_case(CONTRACTIONS + "?", r"\p{N}{1,3}")), plain_bytes()], False),
    "llama-bpe": (None, LLAMA3, True),
    "llama-v3": (None, LLAMA3, True),
    "llama3": (None, LLAMA3, True),
    "mpt": (normalizers.NFC(), [gpt2_bytes()], False),
    "olmo": (normalizers.NFC(), [gpt2_bytes()], False),
    "phi-2": (None, [gpt2_bytes()], False),
    "qwen2": (normalizers.NFC(), QWEN2, False),
    "refact": (None, [*DIGITS, gpt2_bytes()], False),
    "smollm": (None, [*DIGITS, gpt2_bytes()], False),
    "starcoder": (None, [*DIGITS, gpt2_bytes()], False),
    "tekken": (None, [*isolated(words_by_case("", r"\p{N}")), plain_bytes()], True),
}

SPECIAL = ["<|endoftext|>", "<|begin|>"]


def byte_level(pre, vocab=None, merges=None):
    normalizer, steps, ignore_merges = PRE_TOKENIZERS[pre]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = steps[0] if len(steps) == 1 else pre_tokenizers.Sequence(steps)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_byte_level(pre):
    tokenizer = byte_level(pre)
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)
    tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
    return tokenizer


def begin_with(tokenizer, bos):
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, tokenizer.token_to_id(bos))]
            ),
        ]
    )


# ---------------------------------------------------------------------------------------------------------------------
# Files


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_goldens(path, tokenizer, strings, encode, decode):
    """One line a text, so that a difference shows which: the text, its ids, and what they decode to."""
    lines = []
    for text in strings:
        ids = encode(tokenizer, text)
        lines.append(json.dumps([text, ids, decode(tokenizer, ids)], ensure_ascii=True, separators=(",", ":")))
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{path}: {len(lines)} texts")


def plain_encode(tokenizer, text):
    return tokenizer.encode(text).ids


def plain_decode(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=True)


def save_byte_level(folder, tokenizer, settings):
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", settings)


def write_gguf(path, model, pre, tokens, types, merges=None, scores=None, ids=None, flags=None):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges)
    if scores is not None:
        writer.add_token_scores(scores)
    for key, value in (ids or {}).items():
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    for key, value in (flags or {}).items():
        writer.add_bool(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def gguf_of_byte_level(path, tokenizer, pre, flags):
    state = json.loads(tokenizer.to_str())
    vocab = tokenizer.get_vocab(with_added_tokens=True)
    tokens = sorted(vocab, key=vocab.get)
    kinds = {t["content"]: gguf.TokenType.CONTROL if t["special"] else gguf.TokenType.USER_DEFINED for t in state["added_tokens"]}
    merges = [" ".join(pair) for pair in state["model"]["merges"]]
    types = [kinds.get(token, gguf.TokenType.NORMAL) for token in tokens]
    write_gguf(path, "gpt2", pre, tokens, types, merges=merges, ids={"eos": 0, "bos": 1}, flags=flags)


# ---------------------------------------------------------------------------------------------------------------------
# Sentencepiece


def train_sentencepiece(folder):
    import sentencepiece

    with tempfile.TemporaryDirectory() as scratch:
        prefix = pathlib.Path(scratch) / "tokenizer"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TRAINING_TEXT.split("\n")),
            model_prefix=str(prefix),
            model_type="bpe",
            vocab_size=900,
            byte_fallback=True,
            character_coverage=0.98,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            split_digits=True,
            num_threads=1,
            user_defined_symbols=["<tool>"],
            control_symbols=["<|begin|>"],
            minloglevel=2,
        )
        slow = LlamaTokenizer(str(prefix.with_suffix(".model")), legacy=True)
        pieces = [
            (slow.sp_model.id_to_piece(i), slow.sp_model.get_score(i), sentencepiece_type(slow.sp_model, i))
            for i in range(slow.sp_model.get_piece_size())
        ]
        slow.save_pretrained(scratch)
        fast = LlamaTokenizerFast.from_pretrained(scratch, legacy=True, from_slow=True)
        fast.save_pretrained(folder)
    (folder / "tokenizer.model").unlink()
    return fast, pieces


def sentencepiece_type(model, i):
    t = gguf.TokenType
    if model.is_unknown(i):
        return t.UNKNOWN
    if model.is_byte(i):
        return t.BYTE
    if model.is_control(i):
        return t.CONTROL
    if model.is_unused(i):
        return t.UNUSED
    return t.USER_DEFINED if model.id_to_piece(i) == "<tool>" else t.NORMAL


# ---------------------------------------------------------------------------------------------------------------------


def transformers_encode(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=True)


def transformers_decode(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def make_byte_level(out, strings):
    for name, pre, bos in [("smollm", "smollm", False), ("gpt2", "gpt-2", False), ("llama3", "llama-bpe", True)]:
        tokenizer = train_byte_level(pre)
        gguf_of_byte_level(out / f"{name}.gguf", tokenizer, pre, {"add_bos_token": bos})
        if bos:
            begin_with(tokenizer, "<|begin|>")
        settings = {"bos_token": "<|begin|>", "eos_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"}
        save_byte_level(out / name, tokenizer, settings)
        loaded = AutoTokenizer.from_pretrained(out / name)
        write_goldens(out / f"{name}.goldens.json", loaded, strings, transformers_encode, transformers_decode)


def make_vocab_merges(out, strings):
    """OPT keeps its tokenizer like this: GPT-2's two files, BOS by a flag."""
    folder = out / "gpt2-files"
    folder.mkdir()
    state = json.loads((out / "gpt2" / "tokenizer.json").read_text())
    write_json(folder / "vocab.json", state["model"]["vocab"])
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in state["model"]["merges"]]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    settings = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_bos_token": True,
        "bos_token": {"__type": "AddedToken", "content": "<|begin|>", "lstrip": False, "normalized": True},
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
    }
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "added_tokens.json", {"<tool>": len(state["model"]["vocab"])})
    loaded = AutoTokenizer.from_pretrained(folder)
    write_goldens(out / "gpt2-files.goldens.json", loaded, strings, transformers_encode, transformers_decode)


def make_sentencepiece(out, strings):
    fast, pieces = train_sentencepiece(out / "sentencepiece")
    tokens, scores, types = zip(*pieces)
    write_gguf(
        out / "sentencepiece.gguf",
        "llama",
        "default",
        tokens,
        types,
        scores=scores,
        ids={"bos": 1, "eos": 2, "unknown": 0},
        flags={"add_bos_token": True, "add_eos_token": False},
    )
    write_goldens(out / "sentencepiece.goldens.json", fast, strings, transformers_encode, transformers_decode)


def make_pre_tokenizers(out):
    """unsplit.gguf: a vocabulary learned without any splitting, so that every split a pre-tokenizer makes or fails to
    make changes the ids, with some merges left out, so that ignore_merges does. Goldens: the texts, then for each
    group of pre-tokenizers its names and the ids."""
    strings = [text for text in texts(n_random=30) if len(text) > 1 and text not in TRAINING_TEXT]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = plain_bytes()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1800, min_frequency=1, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TRAINING_TEXT, *TEXTS], trainer)
    state = json.loads(tokenizer.to_str())
    vocab, merges = state["model"]["vocab"], [tuple(pair) for pair in state["model"]["merges"]]
    merges = [pair for i, pair in enumerate(merges) if i % 10 != 9]
    tokens = sorted(vocab, key=vocab.get)
    types = [gguf.TokenType.NORMAL] * len(tokens)
    write_gguf(out / "unsplit.gguf", "gpt2", "default", tokens, types, merges=[" ".join(pair) for pair in merges])
    groups = {}
    for pre in sorted(PRE_TOKENIZERS):
        tokenizer = byte_level(pre, vocab, merges)
        ids = json.dumps([tokenizer.encode(text).ids for text in strings], separators=(",", ":"))
        groups.setdefault(ids, []).append(pre)
    rows = [json.dumps(strings, separators=(",", ":"))]
    rows += [f"[{json.dumps(names)},{ids}]" for ids, names in groups.items()]
    (out / "pre_tokenizers.goldens.json").write_text("[" + ",\n".join(rows) + "]\n")
    print(f"pre-tokenizers: {len(strings)} texts, {len(groups)} different")


def make_smollm2(out, path, strings):
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    types = fields["tokenizer.ggml.token_type"].contents()
    tokenizer = byte_level("smollm", {token: i for i, token in enumerate(tokens)}, merges)
    control = [t for t, kind in zip(tokens, types) if kind == gguf.TokenType.CONTROL]
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in control])
    write_goldens(out / "smollm2.goldens.json", tokenizer, strings, plain_encode, plain_decode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("testdata/tokenizers"))
    parser.add_argument("--smollm2", metavar="PATH.gguf", help="the default model; without it its goldens are kept")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for folder in [path for path in options.out.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    strings = texts()
    make_byte_level(options.out, strings)
    make_vocab_merges(options.out, strings)
    make_sentencepiece(options.out, strings)
    make_pre_tokenizers(options.out)
    if options.smollm2:
        make_smollm2(options.out, options.smollm2, strings)


if __name__ == "__main__":
    main()
