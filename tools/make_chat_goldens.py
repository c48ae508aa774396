"""Writes testdata/chat/goldens.json: what Hugging Face's apply_chat_template makes of the templates and the
conversations there.

    oracle/bin/python tools/make_chat_goldens.py [--out testdata/chat] [--model PATH.gguf]

(set-up: see oracle/__init__.py). Each line is a template, a conversation, whether the assistant's turn is opened, and
the text, or the reason that the template gave for refusing. The clock stands at NOW. --model prints the ids that a
GGUF file's own template and vocabulary give a greeting, with and without a system message: what the command line tests
of the default model expect.
"""

import argparse
import datetime
import json
import pathlib

import jinja2
import transformers.utils.chat_template_utils as chat

NOW = datetime.datetime(2031, 3, 9, 4, 5, 6)  # a Sunday
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def render(template, messages, add_generation_prompt=True, variables=VARIABLES):
    options = {"add_generation_prompt": add_generation_prompt, **variables}
    return chat.render_jinja_template([messages], chat_template=template, **options)[0][0]


def golden(template, messages, add_generation_prompt):
    try:
        return {"text": render(template, messages, add_generation_prompt)}
    except jinja2.exceptions.TemplateError as error:
        if type(error) is not jinja2.exceptions.TemplateError:  # the class that raise_exception raises
            raise
        return {"refused": error.message}


def print_model_ids(path):
    import gguf
    from make_tokenizer_goldens import byte_level
    from tokenizers import AddedToken

    fields = gguf.GGUFReader(path).fields
    value = {key: field.contents() for key, field in fields.items() if key.startswith("tokenizer.")}
    tokens, merges = value["tokenizer.ggml.tokens"], value["tokenizer.ggml.merges"]
    vocab = {token: i for i, token in enumerate(tokens)}
    tokenizer = byte_level(value["tokenizer.ggml.pre"], vocab, [tuple(merge.split(" ", 1)) for merge in merges])
    control = [t for t, kind in zip(tokens, value["tokenizer.ggml.token_type"]) if kind == gguf.TokenType.CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    names = {name: tokens[value[f"tokenizer.ggml.{name[:3]}_token_id"]] for name in VARIABLES}
    user = {"role": "user", "content": "Hello"}
    for messages in ([user], [{"role": "system", "content": "Be brief."}, user]):
        text = render(value["tokenizer.chat_template"], messages, variables=names)
        print(repr(text), tokenizer.encode(text, add_special_tokens=False).ids)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("testdata/chat"))
    parser.add_argument("--model", type=pathlib.Path)
    options = parser.parse_args()
    if options.model:
        print_model_ids(options.model)
        return
    chat.datetime = Clock
    conversations = json.loads((options.out / "conversations.json").read_text(encoding="utf-8"))
    lines = []
    for path in sorted(options.out.glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        for name, messages in conversations.items():
            for opened in (True, False):
                row = {"template": path.stem, "conversation": name, "add_generation_prompt": opened}
                lines.append(json.dumps(row | golden(template, messages, opened), ensure_ascii=True))
    (options.out / "goldens.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} texts")


if __name__ == "__main__":
    main()
