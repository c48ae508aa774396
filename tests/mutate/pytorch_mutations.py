"""Ways to break a model folder whose weights are a file of torch.save, each fatal by construction.

The file is written here, from the safetensors file of a good folder: a ZIP archive with a pickle that describes tensors,
and their bytes in entries of their own. A mutation is a function of a Folder and a random.Random that changes what is
written, or the bytes that were; only the structure is touched, never the values of weights.
"""

import io
import json
import struct
import zipfile

WEIGHTS = "pytorch_model.bin"
STORAGES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage"}
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
PROTOCOL = b"\x80\x02"


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def several(numbers):
    return b"(" + b"".join(map(number, numbers)) + b"t"


ORDERED_DICT = named("collections", "OrderedDict") + b")R"


class Tensor:
    """How one tensor is described; a mutation changes a field."""

    def __init__(self, key, entry):
        self.storage, self.key, self.shape = STORAGES[entry["dtype"]], key, entry["shape"]
        begin, end = entry["data_offsets"]
        self.n_storage = (end - begin) // ITEM_BYTES[entry["dtype"]]
        self.offset = 0
        self.strides = [1] * len(self.shape)
        for i in reversed(range(len(self.shape) - 1)):
            self.strides[i] = self.strides[i + 1] * self.shape[i + 1]

    def pickled(self):
        storage = b"(" + text("storage") + named("torch", self.storage) + text(self.key) + text("cpu")
        storage += number(self.n_storage) + b"tQ"
        call = named("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + number(self.offset)
        return call + several(self.shape) + several(self.strides) + b"\x89" + ORDERED_DICT + b"tR"


class Folder:
    """All files of a model by name. After a mutation, finish() writes the weights unless it did so itself."""

    def __init__(self, files):
        raw = files["model.safetensors"]
        length = struct.unpack_from("<Q", raw)[0]
        header = json.loads(raw[8 : 8 + length])
        header.pop("__metadata__", None)
        data = raw[8 + length :]
        self.files = {name: content for name, content in files.items() if not name.endswith(".safetensors")}
        self.tensors = {name: Tensor(str(i), entry) for i, (name, entry) in enumerate(sorted(header.items()))}
        self.entries = {"archive/byteorder": b"little", "archive/version": b"3\n"}
        for name, tensor in self.tensors.items():
            begin, end = header[name]["data_offsets"]
            self.entries["archive/data/" + tensor.key] = data[begin:end]
        self.compressed = ""  # name of an entry

    def pickle(self):
        items = b"".join(text(name) + tensor.pickled() for name, tensor in self.tensors.items())
        return PROTOCOL + ORDERED_DICT + b"(" + items + b"u."

    def write(self, pickle=None, more=()):
        """The archive, with another pickle or more entries where given."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, data in [("archive/data.pkl", pickle or self.pickle()), *self.entries.items(), *more]:
                compression = zipfile.ZIP_DEFLATED if name == self.compressed else zipfile.ZIP_STORED
                archive.writestr(zipfile.ZipInfo(name), data, compression)
        self.files[WEIGHTS] = stream.getvalue()

    def finish(self):
        if WEIGHTS not in self.files:
            self.write()

    def tensor(self, rng):
        return self.tensors[rng.choice(sorted(self.tensors))]

    def patch_directory(self, name, at, data):
        """Bytes of an entry's line in the archive's directory, counted from its start."""
        self.write()
        raw = self.files[WEIGHTS]
        line = raw.rindex(name.encode()) - 46
        assert raw[line : line + 4] == b"PK\x01\x02"
        self.files[WEIGHTS] = raw[: line + at] + data + raw[line + at + len(data) :]


# --- the archive -----------------------------------------------------------------------------------------


def truncated(f, rng):
    f.write()
    raw = f.files[WEIGHTS]
    f.files[WEIGHTS] = raw[: rng.choice([0, 1, 30, rng.randrange(len(raw)), len(raw) - 1])]


def another_kind_of_file(f, rng):
    f.files[WEIGHTS] = rng.choice([b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                                   b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", b"PK\x03\x04" + bytes(100),
                                   b"PK\x05\x06" + bytes(18), bytes(1000)])


def compressed_entry(f, rng):
    f.compressed = rng.choice(["archive/data.pkl", "archive/data/" + f.tensor(rng).key])


def entry_missing(f, rng):
    del f.entries["archive/data/" + f.tensor(rng).key]


def pickle_missing(f, rng):
    f.write()
    f.files[WEIGHTS] = f.files[WEIGHTS].replace(b"data.pkl", b"data.pk_")


def two_pickles(f, rng):
    f.write(more=[("other/data.pkl", f.pickle())])


def entry_twice(f, rng):
    f.write()
    name = rng.choice(["version", "byteorder"]).encode()
    f.write(more=[("archive/" + "x" * len(name), b"")])
    f.files[WEIGHTS] = f.files[WEIGHTS].replace(b"archive/" + b"x" * len(name), b"archive/" + name)


def entry_name(f, rng):
    f.write(more=[(rng.choice(["../x", "/etc/x", "a/../../x", "..", "a\\..\\x", "./x"]), b"")])


def storage_size(f, rng):
    name = "archive/data/" + f.tensor(rng).key
    f.entries[name] = rng.choice([f.entries[name][:-1], f.entries[name] + b"\0", b""])


def directory_size(f, rng):
    name = rng.choice(["archive/data.pkl", "archive/version"])
    f.patch_directory(name, rng.choice([20, 24]), struct.pack("<I", rng.choice([1, 2**20, 2**31, 2**32 - 2])))


def directory_offset(f, rng):
    f.patch_directory("archive/version", 42, struct.pack("<I", rng.choice([0, 1, 2**31, 2**32 - 2])))


def directory_method(f, rng):
    f.patch_directory("archive/version", 10, struct.pack("<H", rng.choice([1, 8, 9, 12, 99])))


def encrypted(f, rng):
    f.patch_directory("archive/version", 8, struct.pack("<H", 1))


def directory_count(f, rng):
    f.write()
    raw = f.files[WEIGHTS]
    f.files[WEIGHTS] = raw[:-14] + struct.pack("<HH", *[rng.choice([0, 1, 1000, 65534])] * 2) + raw[-10:]


def checksum(f, rng):
    f.write()
    f.files[WEIGHTS] = f.files[WEIGHTS].replace(b"cpu", b"gpu", 1)


def byte_order(f, rng):
    f.entries["archive/byteorder"] = rng.choice([b"big", b"", b"little\n"])


# --- the pickle ------------------------------------------------------------------------------------------


def pickle_truncated(f, rng):
    pickle = f.pickle()
    f.write(pickle[: rng.randrange(1, len(pickle))])


def call_of_another_function(f, rng):
    module, name = rng.choice([("os", "system"), ("builtins", "eval"), ("torch", "load"), ("torch.hub", "load"),
                               ("collections", "deque"), ("numpy.core.multiarray", "_reconstruct")])
    f.write(f.pickle()[:-2] + text("x") + named(module, name) + text("id") + b"\x85Ru.")


def attributes(f, rng):
    f.write(f.pickle()[:-2] + text("x") + rng.choice([b"}}b", b"]}b", b"N}b"]) + b"u.")


def opcode(f, rng):
    known = b"\x80\x95.(N\x88\x89JKM\x8a\x8bGX\x8c\x8d)t\x85\x86\x87]ae}suhjqr\x94c\x93RbQ"
    other = rng.choice([code for code in range(256) if code not in known])
    f.write(PROTOCOL + bytes([other]) + f.pickle()[2:])


def memo(f, rng):
    f.write(f.pickle()[:-2] + text("x") + rng.choice([b"h\x07", b"j\xff\xff\xff\xff"]) + b"u.")


def nested(f, rng):
    f.write(PROTOCOL + b"(" * rng.randrange(1001, 100000))


def endless(f, rng):
    f.write(PROTOCOL + rng.choice([b"X", b"\x8b"]) + struct.pack("<I", rng.choice([5000, 2**31 - 1, 2**32 - 1])) + b".")


def root(f, rng):
    f.write(PROTOCOL + rng.choice([b"N.", b"].", b"}.", b"K\x01.", b".", b"NN."]))


def tensor_missing(f, rng):
    del f.tensors[rng.choice(sorted(f.tensors))]


def tensor_renamed(f, rng):
    name = rng.choice(sorted(f.tensors))
    f.tensors[name + "x"] = f.tensors.pop(name)


def tensor_twice(f, rng):
    name = rng.choice(sorted(f.tensors))
    f.write(f.pickle()[:-2] + text(name) + f.tensors[name].pickled() + b"u.")


def storage_type(f, rng):
    tensor = f.tensor(rng)
    others = ["DoubleStorage", "LongStorage", "CharStorage", "IntStorage", "ShortStorage", "StringStorage"]
    tensor.storage = rng.choice(others)


def storage_key(f, rng):
    f.tensor(rng).key = rng.choice(["", "none", "../version", "0/", "-1"])


def storage_count(f, rng):
    tensor = f.tensor(rng)
    tensor.n_storage = rng.choice([0, -1, tensor.n_storage - 1, tensor.n_storage + 1, 2**31, 2**62, 2**63 - 1])


def offset(f, rng):
    f.tensor(rng).offset = rng.choice([1, -1, 10**6, 2**31, 2**62, 2**63 - 1])


def shape(f, rng):
    tensor = f.tensor(rng)
    i = rng.randrange(len(tensor.shape))
    tensor.shape[i] = rng.choice([tensor.shape[i] + 1, 2 * tensor.shape[i], 0, -1, 2**31, 2**62, 2**63 - 1])


def dimensions(f, rng):
    tensor = f.tensor(rng)
    if rng.random() < 0.5:
        tensor.shape = [1] * rng.choice([17, 1000]) + tensor.shape
    tensor.strides = [1] * rng.choice([0, len(tensor.shape) + 1, 1000])


def transposed(f, rng):
    tensor = f.tensors[rng.choice([name for name, t in f.tensors.items() if len(t.shape) == 2])]
    tensor.strides = [1, tensor.shape[0]]


MUTATIONS = [
    truncated, another_kind_of_file, compressed_entry, entry_missing, pickle_missing, two_pickles, entry_twice,
    entry_name, storage_size, directory_size, directory_offset, directory_method, encrypted, directory_count, checksum,
    byte_order, pickle_truncated, call_of_another_function, attributes, opcode, memo, nested, endless, root,
    tensor_missing, tensor_renamed, tensor_twice, storage_type, storage_key, storage_count, offset, shape, dimensions,
    transposed,
]
