#!/usr/bin/env python3
"""Writes the seed corpus of the fuzz targets: tests/fuzz/corpus/{gguf,safetensors,pickle,pytorch,config}/.

Small files that each reach another part of a parser. Names starting with "ok-" are well-formed, the others are
damaged; src/checkpoint/fuzz_corpus_test.cc holds the parsers to that. Files that a fuzzer found are kept in
the same folders under names starting with "found-" and are not written here.

    tools/make_fuzz_corpus.py [FOLDER]
"""

import io
import json
import struct
import sys
import zipfile
from pathlib import Path

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
SCALARS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}
Q4_1, Q8_0, Q6_K, IQ1_S, IQ4_XS, BF16, MXFP4 = 3, 8, 14, 19, 23, 30, 39


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    if kind == STRING:
        return text(content)
    if kind == ARRAY:
        inner, items = content
        return struct.pack("<IQ", inner, len(items)) + b"".join(value(inner, item) for item in items)
    return struct.pack("<" + SCALARS[kind], content)


def pair(key, kind, content):
    return text(key) + struct.pack("<I", kind) + value(kind, content)


def tensor(name, shape, kind, offset):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(pairs=(), tensors=(), data=b"", version=3, alignment=32, counts=None, magic=b"GGUF"):
    n_tensor, n_pair = counts or (len(tensors), len(pairs))
    head = magic + struct.pack("<IQQ", version, n_tensor, n_pair) + b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data


def gguf_corpus():
    arch = pair("general.architecture", STRING, "llama")
    scalars = [pair(f"k{kind}", kind, 1) for kind in SCALARS]
    lists = [pair(f"l{kind}", ARRAY, (kind, [1, 0])) for kind in SCALARS]
    words = pair("tokenizer.ggml.tokens", ARRAY, (STRING, ["a", "\u0120b", ""]))
    nested = pair("nested", ARRAY, (ARRAY, [(U8, [1, 2]), (STRING, ["x"]), (ARRAY, [(I32, [3])])]))
    two = [tensor("blk.0.attn_q.weight", [32, 2], Q4_1, 0), tensor("output_norm.weight", [8], 0, 64)]
    data = bytes(64 + 32)
    total = pair("split.tensors.count", I32, 7)
    blocks = [tensor("a", [256, 2], Q6_K, 0), tensor("b", [512], IQ4_XS, 448), tensor("c", [64, 2], MXFP4, 736)]
    aligned = pair("general.alignment", U32, 64)
    return {
        "ok-empty": gguf(),
        "ok-two-tensors": gguf([arch], two, data),
        "ok-version-2": gguf([arch], two, data, version=2),
        "ok-scalars": gguf(scalars),
        "ok-lists": gguf([words, *lists]),
        "ok-omitted": gguf([nested, pair("big", U64, 2**64 - 1), pair("odd", STRING, b"\xff")]),
        "ok-alignment": gguf([aligned], [tensor("t", [2, 2, 1, 3], BF16, 0)], bytes(24), alignment=64),
        "magic": gguf(magic=b"GGML"),
        "version-1": gguf(version=1),
        "big-endian": gguf(version=0x03000000),
        "tensor-count": gguf([arch], two, data, counts=(2**63, 1)),
        "pair-count": gguf([arch], two, data, counts=(2, 2**64 - 1)),
        "ok-split": gguf([pair("split.no", U16, 1), pair("split.count", U16, 2), total]),
        "split": gguf([pair("split.count", U16, 2), total]),
        "split-number": gguf([pair("split.no", U16, 2), pair("split.count", U16, 2), total]),
        "split-count": gguf([pair("split.no", U16, 0), pair("split.count", STRING, "2"), total]),
        "alignment": gguf([pair("general.alignment", U32, 48)]),
        "key-twice": gguf([arch, arch]),
        "list-count": gguf([text("k") + struct.pack("<IIQ", ARRAY, U64, 2**61)]),
        "ok-blocks": gguf([], blocks, bytes(448 + 288 + 68)),
        "type": gguf([], [tensor("t", [256], IQ1_S, 0)], bytes(50)),
        "blocks": gguf([], [tensor("t", [33], Q8_0, 0)], bytes(68)),
        "blocks-256": gguf([], [tensor("t", [384], Q6_K, 0)], bytes(420)),
        "overflow": gguf([], [tensor("t", [2**32, 2**32], 0, 0)], bytes(32)),
        "dimensions": gguf([], [tensor("t", [1] * 5, 0, 0)], bytes(32)),
        "overlap": gguf([], [tensor("a", [8], 0, 0), tensor("b", [8], 0, 0)], bytes(64)),
        "outside": gguf([], [tensor("a", [8], 0, 2**64 - 32)], bytes(64)),
        "truncated": gguf([arch], two, data)[:-1],
    }


def safetensors(header, data=b"", length=None):
    head = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_corpus():
    one = {"x": entry("F32", [2], 0, 8)}
    types = {"F32": 4, "F16": 2, "BF16": 2, "I32": 4, "I64": 8, "BOOL": 1, "F64": 8, "F8_E4M3": 1}
    many, end = {}, 0
    for name, size in types.items():
        many[name] = entry(name, [1, 2], end, end + 2 * size)
        end += 2 * size
    scaled = {"w.weight": entry("F8_E4M3", [6, 5], 0, 30), "w.weight_scale_inv": entry("BF16", [2, 3], 30, 42),
              "r.weight": entry("F8_E5M2", [2, 3], 42, 48), "r.weight_scale": entry("F8_E8M0", [2, 1], 48, 50)}
    fp4 = {"x_blocks": entry("U8", [2, 2, 1, 16], 0, 64), "x_scales": entry("U8", [2, 2, 1], 64, 68)}
    return {
        "ok-empty": safetensors({}),
        "ok-scaled": safetensors(scaled, bytes(50)),
        "ok-fp4": safetensors(fp4, bytes(68)),
        "scale-shape": safetensors({**scaled, "r.weight_scale": entry("F8_E8M0", [1, 2], 48, 50)}, bytes(50)),
        "scale-type": safetensors({**scaled, "r.weight_scale": entry("U8", [2, 1], 48, 50)}, bytes(50)),
        "fp4-shape": safetensors({**fp4, "x_scales": entry("U8", [4], 64, 68)}, bytes(68)),
        "ok-one": safetensors(one, bytes(8)),
        "ok-types": safetensors(many, bytes(end)),
        "ok-notes": safetensors({"__metadata__": {"format": "pt"}, **one}, bytes(8)),
        "ok-padded": safetensors(json.dumps(one).encode() + b"   ", bytes(8)),
        "ok-scalar-and-empty": safetensors({"s": entry("F16", [], 0, 2), "e": entry("F32", [0, 3], 2, 2)}, bytes(2)),
        "length": safetensors(one, bytes(8), length=2**64 - 1),
        "truncated": safetensors(one, bytes(7)),
        "too-long": safetensors(one, bytes(9)),
        "hole": safetensors({"x": entry("F32", [1], 4, 8)}, bytes(8)),
        "overlap": safetensors({"x": entry("F32", [2], 0, 8), "y": entry("F32", [2], 0, 8)}, bytes(8)),
        "overflow": safetensors({"x": entry("F32", [2**62, 4], 0, 8)}, bytes(8)),
        "negative": safetensors({"x": entry("F32", [-2], 0, 8)}, bytes(8)),
        "dtype": safetensors({"x": entry("F5", [2], 0, 8)}, bytes(8)),
        "bits": safetensors({"x": entry("F4", [3], 0, 1)}, bytes(1)),
        "name-twice": safetensors(b'{"x":%s,"x":%s}' % ((json.dumps(one["x"]).encode(),) * 2), bytes(8)),
        "nested": safetensors(b'{"x":' + b"[" * 200),
        "nul": safetensors(b"{}\0{", bytes(8)),
        "notes": safetensors({"__metadata__": {"format": 1}}),
    }


def word(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def names(module, name):
    return f"c{module}\n{name}\n".encode()


ORDERED_DICT = names("collections", "OrderedDict") + b")R"


def counts(*numbers):
    return b"(" + b"".join(b"J" + struct.pack("<i", n) for n in numbers) + b"t"


def stored(kind="FloatStorage", key="0", n=6):
    return b"(" + word("storage") + names("torch", kind) + word(key) + word("cpu") + b"J" + struct.pack("<i", n) + b"tQ"


def torch_tensor(storage, offset=b"K\0", shape=counts(2, 3), strides=counts(3, 1), more=b""):
    call = names("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + offset + shape + strides
    return call + b"\x89" + ORDERED_DICT + more + b"tR"


def state_dict(tensors, start=b"\x80\2" + ORDERED_DICT):
    return start + b"(" + b"".join(word(name) + tensor for name, tensor in tensors.items()) + b"u."


def pickle_corpus():
    one = torch_tensor(stored())
    parameter = names("torch._utils", "_rebuild_parameter") + b"(" + one + b"\x88" + ORDERED_DICT + b"tR"
    untyped = b"(" + word("storage") + names("torch.storage", "UntypedStorage") + word("1") + word("cpu") + b"K\6tQ"
    young = names("torch._utils", "_rebuild_tensor_v3") + b"(" + untyped + b"K\1" + counts(2) + counts(1) + b"\x89"
    young += ORDERED_DICT + names("torch", "float16") + b"tR"
    plain = {"a": b"N", "b": b"\x88", "c": b"K\1", "d": b"M\1\2", "e": b"\x8a\2\xff\xff", "f": b"G" + bytes(8),
             "g": b"](K\1K\2eNa", "h": b")\x85", "i": b"NN\x86", "j": b"NNN\x87", "k": names("torch", "float32")}
    wrapped = b"\x80\2}(" + word("epoch") + b"K\3" + word("state_dict") + b"}" + word("w") + one + b"su."
    memo = b"\x80\2}q\0" + word("w") + stored() + b"q\1r\2\0\0\0" + b"\x85\x85"
    notes = state_dict({"w": one})[:-1] + b"}" + word("_metadata") + ORDERED_DICT + b"sb."
    protocol_4 = b"\x80\4\x95" + bytes(8) + b"}\x94\x8c\1w\x8c\5torch\x8c\4Size\x93" + counts(2) + b"\x85Rs"
    return {
        "ok-one": state_dict({"w": one}),
        "ok-kinds": state_dict({"p": parameter, "y": young, **plain}, b"\x80\2}"),
        "ok-wrapped": wrapped,
        "ok-notes": notes,
        "ok-memo": state_dict({"v": one + b"q\1", "w": b"h\1", "x": b"j\1\0\0\0"}),
        "ok-protocol-4": protocol_4 + word("v") + one + b"s.",
        "system": b"\x80\2" + names("os", "system") + word("id") + b"\x85R.",
        "system-by-stack": b"\x80\4" + word("os") + word("system") + b"\x93" + word("id") + b"\x85R.",
        "build": b"\x80\2}}b.",
        "opcode": b"\x80\2i__main__\nX\n.",
        "memo": memo + b"h\7.",
        "nested": b"\x80\2" + b"(" * 1100,
        "laughs": b"\x80\2]q\0" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(30)) + b".",
        "negative": state_dict({"w": torch_tensor(stored(), shape=counts(-2, 3))}),
        "overflow": state_dict({"w": torch_tensor(stored(), shape=b"(" + b"\x8a\x08" + b"\xff" * 7 + b"\x7fJ\4\0\0\0t")}),
        "outside": state_dict({"w": torch_tensor(stored(n=5))}),
        "transposed": state_dict({"w": torch_tensor(stored(), shape=counts(3, 2), strides=counts(1, 3))}),
        "twice": state_dict({"w": one})[:-2] + word("w") + one + b"u.",
        "long": b"\x80\2\x8b\xff\xff\xff\x7f.",
        "text": b"\x80\2X\xff\xff\xff\xff.",
        "truncated": state_dict({"w": one})[:-1],
    }


def archive(entries, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return stream.getvalue()


def pytorch_corpus():
    pickle = state_dict({"w": torch_tensor(stored()), "mask": torch_tensor(stored("BoolStorage", "1"))})
    data = [("a/data/0", bytes(24)), ("a/data/1", bytes(6))]
    good = [("a/data.pkl", pickle), ("a/byteorder", b"little"), *data, ("a/version", b"3\n")]
    return {
        "ok-two": archive(good),
        "ok-bare": archive([("a/data.pkl", pickle), *data]),
        "ok-prefix": b"PK\3\4" + bytes(26) + archive(good),
        "compressed": archive(good, zipfile.ZIP_DEFLATED),
        "two-pickles": archive([*good, ("b/data.pkl", pickle)]),
        "traversal": archive([*good, ("../x", b"")]),
        "absolute": archive([*good, ("/x", b"")]),
        "big-endian": archive([("a/data.pkl", pickle), ("a/byteorder", b"big"), *data]),
        "no-storage": archive(good[:3]),
        "short-storage": archive([("a/data.pkl", pickle), ("a/data/0", bytes(23)), data[1]]),
        "checksum": archive(good).replace(b"storage", b"storagf"),
        "no-directory": archive(good)[:200],
        "legacy": b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    }


def config_corpus():
    config = {"model_type": "llama", "hidden_size": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": True,
              "rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "eos_token_id": [1, 2], "nothing": None,
              "architectures": ["LlamaForCausalLM"], "flags": [True], "mixed": [1, "a"], "numbers": [1, 2.5]}
    return {
        "ok-llama": json.dumps(config).encode(),
        "ok-empty": b"{}",
        "ok-numbers": b'{"a":18446744073709551615,"b":-9223372036854775808,"c":1e300,"d":[[1]],"e":[{}]}',
        "list": b"[1]",
        "truncated": json.dumps(config).encode()[:-1],
        "key-twice": b'{"a":1,"a":2}',
        "dots": b'{"a.b":1,"a":{"b":2}}',
        "deep": b'{"a":' * 70 + b"1" + b"}" * 70,
        "not-utf8": b'{"a":"\xff"}',
        "overflow": b'{"a":1e999}',
    }


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "tests/fuzz/corpus"
    corpora = {"gguf": gguf_corpus(), "safetensors": safetensors_corpus(), "pickle": pickle_corpus(),
               "pytorch": pytorch_corpus(), "config": config_corpus()}
    for kind, files in corpora.items():
        (root / kind).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (root / kind / name).write_bytes(content)


if __name__ == "__main__":
    main()
