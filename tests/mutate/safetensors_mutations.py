"""Ways to break a model folder (config.json, safetensors files, an index for several), each fatal by construction.

Only the structure is touched, never the values of weights. A mutation is a function of a Folder and a random.Random that
changes the folder's files in place; it returns False where the folder has nothing of that kind.
"""

import copy
import json
import struct

INDEX = "model.safetensors.index.json"
BYTES = {"F32": 4, "F16": 2, "BF16": 2}
# Settings that a family needs, and those that the tensors' number and shapes must agree with.
REQUIRED = ["hidden_size", "n_embd", "num_hidden_layers", "n_layer", "num_attention_heads", "n_head",
            "intermediate_size", "max_position_embeddings", "n_positions", "d_model", "n_layers", "n_heads", "max_seq_len"]
# Published files lack these; without them the model is the same.
HAS_DEFAULT = [("falcon", "max_position_embeddings")]
CHECKED = ["hidden_size", "n_embd", "num_hidden_layers", "n_layer", "intermediate_size", "vocab_size", "n_positions", "d_model",
           "n_layers"]


class Folder:
    """All files of a model by name; `weights` is the safetensors file that this mutation is about."""

    def __init__(self, files, rng):
        self.files = dict(files)
        self.weights = rng.choice(sorted(name for name in files if name.endswith(".safetensors")))
        self.config = json.loads(files["config.json"])
        raw = files[self.weights]
        length = struct.unpack_from("<Q", raw)[0]
        self.text = raw[8 : 8 + length]
        self.data = raw[8 + length :]
        self.header = json.loads(self.text)
        self.tensors = sorted(name for name in self.header if name != "__metadata__")

    def put_header(self, header, data=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        self.files[self.weights] = struct.pack("<Q", len(text)) + text + (self.data if data is None else data)

    def put_config(self, config):
        self.files["config.json"] = json.dumps(config).encode()

    def edit(self, name, field, value):
        """The header with one field of one tensor replaced."""
        header = copy.deepcopy(self.header)
        header[name][field] = value
        self.put_header(header)

    def setting(self, rng, names):
        return rng.choice([name for name in names if name in self.config])


# --- a weights file as a whole ---------------------------------------------------------------------------


def truncated(f, rng):
    raw = f.files[f.weights]
    f.files[f.weights] = raw[: rng.choice([0, 1, 8, 9, rng.randrange(len(raw)), len(raw) - 1])]


def bytes_appended(f, rng):
    f.files[f.weights] += rng.randbytes(rng.randrange(1, 100))


def length_wrong(f, rng):
    length = len(f.text)
    new = rng.choice([0, 1, length - 1, length + 1, length + 8, 10**8 + 1, 2**63, 2**64 - 1, 2 ** rng.randrange(30, 64)])
    f.files[f.weights] = struct.pack("<Q", new) + f.files[f.weights][8:]


def length_bit(f, rng):
    raw = bytearray(f.files[f.weights])
    bit = rng.randrange(64)
    raw[bit // 8] ^= 1 << bit % 8
    f.files[f.weights] = bytes(raw)


def another_kind_of_file(f, rng):
    f.files[f.weights] = rng.choice([b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                                     b"<!DOCTYPE html><html></html>", b"PK\x03\x04" + bytes(100), b"GGUF" + bytes(100),
                                     bytes(1000)])


def weights_missing(f, rng):
    del f.files[f.weights]


# --- the header ------------------------------------------------------------------------------------------


def header_character(f, rng):
    places = [i for i, c in enumerate(f.text) if c in b'{}[]":,']
    at = rng.choice(places)
    f.put_header(f.text[:at] + rng.choice([b"\x00", b"\xff", b"x"]) + f.text[at + 1 :])


def header_zeroed(f, rng):
    at = rng.randrange(len(f.text) - 32)
    f.put_header(f.text[:at] + bytes(32) + f.text[at + 32 :])


def header_nested(f, rng):
    f.put_header(b'{"x":' + b"[" * rng.randrange(100, 100000))


def header_not_an_object(f, rng):
    f.put_header(rng.choice([b"[]", b"null", b"1", b'"x"', b""]))


def notes_not_text(f, rng):
    f.put_header({**f.header, "__metadata__": {"format": rng.choice([1, None, {}, []])}})


def entry_not_an_object(f, rng):
    f.put_header({**f.header, rng.choice(f.tensors): rng.choice([None, 1, "x", [], {}])})


def field_missing(f, rng):
    header = copy.deepcopy(f.header)
    del header[rng.choice(f.tensors)][rng.choice(["dtype", "shape", "data_offsets"])]
    f.put_header(header)


def name_twice(f, rng):
    name = rng.choice(f.tensors)
    f.put_header(b"{%s: %s, " % (json.dumps(name).encode(), json.dumps(f.header[name]).encode()) + f.text.lstrip()[1:])


def tensor_renamed(f, rng):
    name = rng.choice(f.tensors)
    f.put_header({(name + "x" if key == name else key): value for key, value in f.header.items()})


def tensor_without_entry(f, rng):
    gone = rng.choice(f.tensors)
    f.put_header({name: value for name, value in f.header.items() if name != gone})


def tensor_missing(f, rng):
    """Well-formed, but one tensor is gone with its data."""
    gone = rng.choice(f.tensors)
    header, data = {}, b""
    for name in f.tensors:
        if name != gone:
            begin, end = f.header[name]["data_offsets"]
            header[name] = {**f.header[name], "data_offsets": [len(data), len(data) + end - begin]}
            data += f.data[begin:end]
    f.put_header(header, data)


def dtype(f, rng):
    name = rng.choice(f.tensors)
    size = BYTES[f.header[name]["dtype"]]
    others = [t for t, n in {"F64": 8, "F32": 4, "F16": 2, "U8": 1, "F4": 0.5}.items() if n != size]
    f.edit(name, "dtype", rng.choice([*others, "Q4_K", "", "f32", 7, None]))


def shape(f, rng):
    name = rng.choice(f.tensors)
    new = list(f.header[name]["shape"])
    i = rng.randrange(len(new))
    new[i] = rng.choice([new[i] + 1, 2 * new[i], 0, -new[i], new[i] + 0.5, str(new[i]), None, 2**62, 2**63, 2**64 - 1])
    f.edit(name, "shape", new)


def shape_overflow(f, rng):
    f.edit(rng.choice(f.tensors), "shape", [2**32] * rng.randrange(2, 40))


def shape_transposed(f, rng):
    choices = [n for n in f.tensors if len(f.header[n]["shape"]) == 2 and len(set(f.header[n]["shape"])) == 2]
    name = rng.choice(choices)
    f.edit(name, "shape", f.header[name]["shape"][::-1])


def shape_flattened(f, rng):
    name = rng.choice([n for n in f.tensors if len(f.header[n]["shape"]) == 2])
    rows, columns = f.header[name]["shape"]
    f.edit(name, "shape", [rows * columns])


def offsets(f, rng):
    name = rng.choice(f.tensors)
    begin, end = f.header[name]["data_offsets"]
    f.edit(name, "data_offsets", rng.choice([
        [begin + 1, end], [begin, end - 1], [begin, end + 1], [end, begin], [begin, 2**64 - 1], [2**63, 2**63 + end],
        [-1, end], [begin], [begin, end, end], [begin, end + len(f.data)], "x", [begin + 0.5, end],
    ]))


def overlap(f, rng):
    a, b = rng.sample(f.tensors, 2)
    f.edit(a, "data_offsets", f.header[b]["data_offsets"])


def offsets_swapped(f, rng):
    def size(name):
        begin, end = f.header[name]["data_offsets"]
        return end - begin

    a = rng.choice(f.tensors)
    b = rng.choice([name for name in f.tensors if size(name) != size(a)])
    header = copy.deepcopy(f.header)
    header[a]["data_offsets"], header[b]["data_offsets"] = header[b]["data_offsets"], header[a]["data_offsets"]
    f.put_header(header)


# --- config.json -----------------------------------------------------------------------------------------


def config_missing(f, rng):
    del f.files["config.json"]


def config_truncated(f, rng):
    f.files["config.json"] = f.files["config.json"].rstrip()[: rng.randrange(len(f.files["config.json"].rstrip()))]


def config_not_an_object(f, rng):
    f.files["config.json"] = rng.choice([b"[]", b"null", b"\x00\x01\x02", b"{}", b"\xff" * 10, b'{"a":' * 1000])


def config_key_twice(f, rng):
    f.files["config.json"] = b'{"model_type": "other", ' + f.files["config.json"].lstrip()[1:]


def config_other_type(f, rng):
    f.put_config({**f.config, "model_type": rng.choice(["xlama", "", 7, None, ["llama"]])})


def config_key_missing(f, rng):
    gone = f.setting(rng, REQUIRED)
    if (f.config["model_type"], gone) in HAS_DEFAULT:
        return False
    f.put_config({key: value for key, value in f.config.items() if key != gone})


def config_value_absurd(f, rng):
    f.put_config({**f.config, f.setting(rng, REQUIRED): rng.choice([0, -1, 2**31, 2**63, 2**64, 1.5, "3", True, [3]])})


def config_disagrees(f, rng):
    key = f.setting(rng, CHECKED)
    f.put_config({**f.config, key: f.config[key] + rng.choice([1, 5, 1000])})


# --- the index of several files --------------------------------------------------------------------------


def edit_index(f, change):
    """False for a folder without an index."""
    if INDEX not in f.files:
        return False
    index = json.loads(f.files[INDEX])
    change(index)
    f.files[INDEX] = json.dumps(index).encode()
    return True


def index_names_no_file(f, rng):
    name = rng.choice(["none.safetensors", "../" + f.weights, "/etc/passwd", "", ".", "..", 7, None, "a\x1b[31m"])
    return edit_index(f, lambda index: index["weight_map"].update({rng.choice(f.tensors): name}))


def index_names_no_tensor(f, rng):
    return edit_index(f, lambda index: index["weight_map"].update({"none.weight": f.weights}))


def index_without_map(f, rng):
    new = rng.choice([{}, [], None, "x"])
    return edit_index(f, lambda index: index.update({"weight_map": new}))


def index_truncated(f, rng):
    if INDEX not in f.files:
        return False
    f.files[INDEX] = f.files[INDEX].rstrip()[: rng.randrange(len(f.files[INDEX].rstrip()))]
    return True


def index_missing(f, rng):
    return f.files.pop(INDEX, None) is not None


def same_file_twice(f, rng):
    if INDEX not in f.files:
        return False
    for name in f.files:
        if name.endswith(".safetensors"):
            f.files[name] = f.files[f.weights]
    return True


MUTATIONS = [
    truncated, bytes_appended, length_wrong, length_bit, another_kind_of_file, weights_missing, header_character,
    header_zeroed, header_nested, header_not_an_object, notes_not_text, entry_not_an_object, field_missing, name_twice,
    tensor_renamed, tensor_without_entry, tensor_missing, dtype, shape, shape_overflow, shape_transposed,
    shape_flattened, offsets, overlap, offsets_swapped, config_missing, config_truncated, config_not_an_object,
    config_key_twice, config_other_type, config_key_missing, config_value_absurd, config_disagrees,
    index_names_no_file, index_names_no_tensor, index_without_map, index_truncated, index_missing, same_file_twice,
]
