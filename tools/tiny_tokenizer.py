"""The tokenizer of all tiny models: byte-level BPE, two special tokens, the 256 bytes, a few merges."""

SPECIAL = ["<|endoftext|>", "<|begin|>"]
EOS, BOS = 0, 1
MERGED_WORDS = [" the", " and", " to", " of", " Mary", " John", " store", " drink", "ing", "ed", "é", "日", "😀", "ation"]


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    keep = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    stand_in = {b: chr(b) for b in keep}
    for b in range(256):
        stand_in.setdefault(b, chr(256 + b - sum(k < b for k in keep)))
    return stand_in


def make_merges():
    """Merges that build each word of the list from the left, one symbol at a time."""
    alphabet, merges = byte_alphabet(), []
    for word in MERGED_WORDS:
        symbols = [alphabet[b] for b in word.encode()]
        for end in range(1, len(symbols)):
            pair = ("".join(symbols[:end]), symbols[end])
            if pair not in merges:
                merges.append(pair)
    return merges


def make_tokenizer(pre, add_bos):
    merges = make_merges()
    tokens = SPECIAL + [byte_alphabet()[b] for b in range(256)] + [a + b for a, b in merges]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    splits = {"gpt-2": byte_level, "smollm": [{"type": "Digits", "individual_digits": True}, byte_level]}[pre]
    post = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    if add_bos:
        begin = {"SpecialToken": {"id": SPECIAL[BOS], "type_id": 0}}
        first, second = ({"Sequence": {"id": s, "type_id": i}} for i, s in enumerate("AB"))
        special = {SPECIAL[BOS]: {"id": SPECIAL[BOS], "ids": [BOS], "tokens": [SPECIAL[BOS]]}}
        post = {
            "type": "TemplateProcessing",
            "single": [begin, first],
            "pair": [begin, first, second],
            "special_tokens": special,
        }
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": text, **flags} for i, text in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": splits if isinstance(splits, dict) else {"type": "Sequence", "pretokenizers": splits},
        "post_processor": post,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            # The older form writes a pair as one string; both are found in the wild.
            "merges": [f"{a} {b}" for a, b in merges] if pre == "gpt-2" else [[a, b] for a, b in merges],
        },
    }
