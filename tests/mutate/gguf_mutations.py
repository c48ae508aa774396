"""Ways to break a GGUF file, each fatal by construction: after it, no correct reader can take the file for a model.

Only the structure is touched (counts, lengths, types, shapes, offsets, names, required settings, truncation), never the
values of weights. A mutation is a function of a parsed file and a random.Random that returns the new bytes, or None
where the file has nothing of that kind.
"""

import struct
from dataclasses import dataclass

# Bytes of the scalar value types; 8 is a string, 9 a list.
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
UNSUPPORTED_TYPES = [9, 15, 16, 17, 18, 19, 21, 22, 24, 28, 29, 34]
NO_TYPES = [4, 5, 31, 33, 37, 40, 99, 255, 2**31, 2**32 - 1]
# (elements, bytes) of a block.
BLOCKS = {0: (1, 4), 1: (1, 2), 30: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 20: (32, 18),
          39: (32, 17), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 23: (256, 136)}
# Settings that every architecture needs, and those of them that the tensors' number and shapes must agree with.
REQUIRED = ["block_count", "embedding_length", "attention.head_count", "context_length"]
CHECKED = ["block_count", "embedding_length", "feed_forward_length", "vocab_size"]
# A model without these is still a model: its output may be tied to its embedding. (So may it be without biases.)
OPTIONAL_TENSORS = ["output.weight", "rope_freqs.weight"]


@dataclass
class Pair:
    key: str
    at: int  # where the length of the key is
    type_at: int
    type: int
    value_at: int
    end: int


@dataclass
class Tensor:
    name: str
    at: int
    dimensions_at: int
    shape: list
    type_at: int
    type: int
    offset_at: int
    offset: int
    end: int

    def n_byte(self, type=None):
        elements, size = BLOCKS[self.type if type is None else type]
        count = 1
        for length in self.shape:
            count *= length
        return count // elements * size


class Gguf:
    def __init__(self, data):
        self.data = data
        self.n_tensor, self.n_pair = struct.unpack_from("<QQ", data, 8)
        at = 24
        self.pairs = []
        for _ in range(self.n_pair):
            self.pairs.append(self._pair(at))
            at = self.pairs[-1].end
        self.tensors = []
        for _ in range(self.n_tensor):
            self.tensors.append(self._tensor(at))
            at = self.tensors[-1].end
        self.table_end = at
        self.data_start = at + -at % 32
        self.data_end = max(self.data_start + tensor.offset + tensor.n_byte() for tensor in self.tensors)
        self.arch = next(self.string(p.value_at) for p in self.pairs if p.key == "general.architecture")

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def string(self, at):
        return self.data[at + 8 : at + 8 + self.u64(at)].decode()

    def _value_end(self, kind, at):
        if kind == 8:
            return at + 8 + self.u64(at)
        if kind != 9:
            return at + SCALAR_BYTES[kind]
        inner, count = self.u32(at), self.u64(at + 4)
        at += 12
        for _ in range(count):
            at = self._value_end(inner, at)
        return at

    def _pair(self, at):
        key = self.string(at)
        type_at = at + 8 + self.u64(at)
        kind = self.u32(type_at)
        return Pair(key, at, type_at, kind, type_at + 4, self._value_end(kind, type_at + 4))

    def _tensor(self, at):
        name = self.string(at)
        dimensions_at = at + 8 + self.u64(at)
        n = self.u32(dimensions_at)
        shape = list(struct.unpack_from(f"<{n}Q", self.data, dimensions_at + 4))
        type_at = dimensions_at + 4 + 8 * n
        return Tensor(name, at, dimensions_at, shape, type_at, self.u32(type_at), type_at + 4, self.u64(type_at + 4),
                      type_at + 12)

    def put(self, at, kind, value):
        raw = struct.pack("<" + kind, value)
        return self.data[:at] + raw + self.data[at + len(raw) :]

    def with_pair(self, raw):
        """One key/value pair more, behind the others."""
        end = self.pairs[-1].end
        head = self.data[:16] + struct.pack("<Q", self.n_pair + 1) + self.data[24:end] + raw
        head += self.data[end : self.table_end]
        return head + bytes(-len(head) % 32) + self.data[self.data_start :]

    def required_tensor(self, rng):
        return rng.choice([t for t in self.tensors
                           if t.name.endswith(".weight") and t.name not in OPTIONAL_TENSORS])

    def setting(self, rng, names):
        return rng.choice([p for p in self.pairs if p.key in [f"{self.arch}.{name}" for name in names]])

    def too_large(self, rng):
        """A 64-bit number that no count or length in this file can be."""
        return rng.choice([len(self.data) + 1, 2 ** rng.randrange(40, 64), 2**64 - 1, 2**63 - 1])


def pack_pair(key, kind, raw):
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + raw


def change_letter(text, rng):
    """The same length, one letter another."""
    i = rng.choice([i for i, c in enumerate(text) if c.isalpha()])
    return text[:i] + ("x" if text[i] != "x" else "y") + text[i + 1 :]


# --- the file as a whole ---------------------------------------------------------------------------------


def truncated_in_header(f, rng):
    return f.data[: rng.randrange(f.table_end)]


def truncated_in_data(f, rng):
    return f.data[: rng.randrange(f.data_start, f.data_end)]


def without_data(f, rng):
    return f.data[: f.data_start]


def magic(f, rng):
    return f.put(rng.randrange(4), "B", rng.randrange(128, 256))


def version(f, rng):
    return f.put(4, "I", rng.choice([0, 1, 4, 0x02000000, 0x03000000, 2**32 - 1]))


def byte_inserted(f, rng):
    at = rng.choice(f.tensors).at
    return f.data[:at] + bytes([rng.randrange(1, 256)]) + f.data[at:]


def byte_deleted(f, rng):
    at = rng.choice(f.tensors).at
    return f.data[:at] + f.data[at + 1 :]


def fatal_bit(f, rng):
    """One bit, where any flip is fatal: the magic, high bits of counts, lengths and types, low bits of offsets."""
    pair, tensor = rng.choice(f.pairs), rng.choice(f.tensors)
    field, bits = rng.choice([
        (0, range(32)), (8, range(30, 64)), (16, range(30, 64)), (pair.at, range(30, 64)), (tensor.at, range(30, 64)),
        (pair.type_at, range(4, 32)), (tensor.dimensions_at, range(3, 32)), (tensor.dimensions_at + 4, range(40, 64)),
        (tensor.type_at, range(6, 32)), (tensor.offset_at, range(5)), (tensor.offset_at, range(40, 64)),
    ])
    bit = rng.choice(bits)
    return f.put(field + bit // 8, "B", f.data[field + bit // 8] ^ (1 << bit % 8))


# --- counts and lengths ----------------------------------------------------------------------------------


def tensor_count_too_large(f, rng):
    return f.put(8, "Q", f.too_large(rng))


def pair_count_too_large(f, rng):
    return f.put(16, "Q", f.too_large(rng))


def tensor_count_too_small(f, rng):
    return f.put(8, "Q", rng.randrange(f.n_tensor // 2))


def counts_swapped(f, rng):
    return f.data[:8] + f.data[16:24] + f.data[8:16] + f.data[24:]


def key_length(f, rng):
    return f.put(rng.choice(f.pairs).at, "Q", f.too_large(rng))


def string_length(f, rng):
    return f.put(rng.choice([p for p in f.pairs if p.type == 8]).value_at, "Q", f.too_large(rng))


def list_count(f, rng):
    return f.put(rng.choice([p for p in f.pairs if p.type == 9]).value_at + 4, "Q", f.too_large(rng))


def list_type(f, rng):
    return f.put(rng.choice([p for p in f.pairs if p.type == 9]).value_at, "I", rng.randrange(13, 2**32))


def name_length(f, rng):
    return f.put(rng.choice(f.tensors).at, "Q", f.too_large(rng))


# --- metadata --------------------------------------------------------------------------------------------


def value_type(f, rng):
    return f.put(rng.choice(f.pairs).type_at, "I", rng.choice([13, 14, 255, 2**31, rng.randrange(13, 2**32)]))


def pair_zeroed(f, rng):
    at = rng.choice(f.pairs).at
    return f.data[:at] + bytes(16) + f.data[at + 16 :]


def key_twice(f, rng):
    pair = rng.choice(f.pairs)
    return f.with_pair(f.data[pair.at : pair.end])


def alignment(f, rng):
    return f.with_pair(pack_pair("general.alignment", 4, struct.pack("<I", rng.choice([0, 3, 33, 48, 2**31 + 1]))))


def split(f, rng):
    return f.with_pair(pack_pair("split.count", 2, struct.pack("<H", rng.randrange(2, 100))))


def nested_lists(f, rng):
    depth = rng.randrange(10, 10000)
    return f.with_pair(pack_pair("nested", 9, struct.pack("<IQ", 9, 1) * depth))


def required_key_renamed(f, rng):
    pair = f.setting(rng, REQUIRED)
    at = pair.at + 8
    return f.data[:at] + change_letter(pair.key, rng).encode() + f.data[pair.type_at :]


def required_value_not_an_integer(f, rng):
    return f.put(f.setting(rng, REQUIRED).type_at, "I", 6)  # the same 4 bytes, as a float


def required_value_absurd(f, rng):
    return f.put(f.setting(rng, REQUIRED).value_at, "I", rng.choice([0, 2**31, 2**32 - 1]))


def setting_disagrees(f, rng):
    # Where all layers have experts, the width of a dense FFN describes nothing.
    dense = not any(pair.key.endswith(".expert_feed_forward_length") for pair in f.pairs)
    pair = f.setting(rng, [key for key in CHECKED if dense or key != "feed_forward_length"])
    return f.put(pair.value_at, "I", f.u32(pair.value_at) + rng.choice([1, 7, 1000]))


def architecture(f, rng):
    pair = next(p for p in f.pairs if p.key == "general.architecture")
    return f.data[: pair.value_at + 8] + change_letter(f.arch, rng).encode() + f.data[pair.end :]


# --- tensors ---------------------------------------------------------------------------------------------


def tensor_zeroed(f, rng):
    tensor = rng.choice(f.tensors)
    return f.data[: tensor.at] + bytes(tensor.end - tensor.at) + f.data[tensor.end :]


def tensor_renamed(f, rng):
    tensor = f.required_tensor(rng)
    at = tensor.at + 8
    return f.data[:at] + change_letter(tensor.name, rng).encode() + f.data[tensor.dimensions_at :]


def name_twice(f, rng):
    tensor = f.required_tensor(rng)
    others = [t for t in f.tensors if t is not tensor and len(t.name) == len(tensor.name)]
    if not others:
        return None
    return f.data[: tensor.at + 8] + rng.choice(others).name.encode() + f.data[tensor.dimensions_at :]


def dimensions(f, rng):
    return f.put(rng.choice(f.tensors).dimensions_at, "I", rng.choice([0, 5, 255, 2**31, 2**32 - 1]))


def length(f, rng):
    tensor = f.required_tensor(rng)
    i = rng.randrange(len(tensor.shape))
    new = rng.choice([0, 2 * tensor.shape[i], 32 * tensor.shape[i] + 1, 2 ** rng.randrange(40, 64), 2**64 - 1])
    return f.put(tensor.dimensions_at + 4 + 8 * i, "Q", new)


def shape_transposed(f, rng):
    tensor = rng.choice([t for t in f.tensors if len(t.shape) == 2 and t.shape[0] != t.shape[1]])
    at = tensor.dimensions_at + 4
    return f.data[:at] + f.data[at + 8 : at + 16] + f.data[at : at + 8] + f.data[at + 16 :]


def type_unknown(f, rng):
    return f.put(rng.choice(f.tensors).type_at, "I", rng.choice(NO_TYPES))


def type_unsupported(f, rng):
    return f.put(rng.choice(f.tensors).type_at, "I", rng.choice(UNSUPPORTED_TYPES))


def type_of_another_size(f, rng):
    """Changes where the tensor behind it would have to be, so not the last one."""
    last = max(t.offset for t in f.tensors)
    choices = []
    for tensor in f.tensors:
        for kind, (elements, _) in BLOCKS.items():
            moved = (tensor.n_byte(kind) + 31) // 32 != (tensor.n_byte() + 31) // 32
            if tensor.offset != last and tensor.shape[0] % elements == 0 and moved:
                choices.append((tensor, kind))
    tensor, kind = rng.choice(choices)
    return f.put(tensor.type_at, "I", kind)


def offset_misaligned(f, rng):
    tensor = rng.choice(f.tensors)
    return f.put(tensor.offset_at, "Q", tensor.offset + rng.randrange(1, 32))


def offset_outside(f, rng):
    tensor = rng.choice(f.tensors)
    return f.put(tensor.offset_at, "Q", rng.choice([len(f.data) + 32, 2 ** rng.randrange(40, 64), 2**64 - 32]))


def overlap(f, rng):
    a, b = rng.sample(f.tensors, 2)
    return f.put(a.offset_at, "Q", b.offset)


def offsets_swapped(f, rng):
    a = rng.choice(f.tensors)
    others = [t for t in f.tensors if (t.n_byte() + 31) // 32 != (a.n_byte() + 31) // 32]
    b = rng.choice(others)
    broken = bytearray(f.data)
    struct.pack_into("<Q", broken, a.offset_at, b.offset)
    struct.pack_into("<Q", broken, b.offset_at, a.offset)
    return bytes(broken)


MUTATIONS = [
    truncated_in_header, truncated_in_data, without_data, magic, version, byte_inserted, byte_deleted, fatal_bit,
    tensor_count_too_large, pair_count_too_large, tensor_count_too_small, counts_swapped, key_length, string_length,
    list_count, list_type, name_length, value_type, pair_zeroed, key_twice, alignment, split, nested_lists,
    required_key_renamed, required_value_not_an_integer, required_value_absurd, setting_disagrees, architecture,
    tensor_zeroed, tensor_renamed, name_twice, dimensions, length, shape_transposed, type_unknown, type_unsupported,
    type_of_another_size, offset_misaligned, offset_outside, overlap, offsets_swapped,
]
