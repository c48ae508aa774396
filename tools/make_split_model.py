"""Writes testdata/models/llama-split/: llama-tied's Q8_0 file, split into parts.

    oracle/bin/python tools/make_split_model.py [--models testdata/models]

(set-up: see oracle/__init__.py). The parts are those of the PyPI package `gguf`: all metadata in the first, ten tensors in each. Run
again, it writes the same bytes.
"""

import argparse
import pathlib
import shutil

from gguf import GGUFReader, GGUFValueType, GGUFWriter

TENSORS_OF_A_PART = 10


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=here.parent / "testdata" / "models")
    models = parser.parse_args().models
    folder = models / "llama-split"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()

    reader = GGUFReader(models / "llama-tied" / "model.q8_0.gguf")
    writer = GGUFWriter(folder / "q8_0.gguf", "llama", split_max_tensors=TENSORS_OF_A_PART)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":  # written by the writer itself
            continue
        inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], inner)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
