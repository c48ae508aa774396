"""What people are told to type works, as it stands, on the default model: examples_test.py PROGRAM

That is every example of every verb's --help, and every command in a block of code of a document. The commands of a
page run in order in one fresh folder; those with a placeholder in them (MODEL, ...) are left out. The figures that a
page shows are those that its commands draw.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import reference_doc  # noqa: E402

HELP_COLUMNS = 80
# The reference has the examples of --help, which are run as such.
PAGES = [ROOT / "README.md", ROOT / "tools/next_steps.txt", *sorted(ROOT.glob("docs/*.md"))]
COMMAND = re.compile(r"(?:^|\| )limpid [a-z]")
QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*\"""")
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b|\.\.\.|/path/")
TIMEOUT_S = 120
IMAGE = re.compile(r"\]\(images/([^)]+\.svg)\)")
NUMBER = re.compile(r"-?\d+\.\d+")


def code_lines(text: str) -> list[str]:
    """The lines of indented and fenced blocks, without indentation and prompt signs; a line that ends in a
    backslash goes on in the next one."""
    lines, fenced = [], False
    for line in text.replace("\\\n", " ").split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or re.match(r" {2,}\S", line):
            lines.append(line.strip().removeprefix("$ ").replace("build/release/limpid", "limpid"))
    return lines


def commands_of(text: str) -> list[str]:
    found = (line for line in code_lines(text) if COMMAND.search(line))
    return [line for line in found if not PLACEHOLDER.search(QUOTED.sub("", line)) and "PROMPT" not in line]


class ExamplesTest(unittest.TestCase):
    def check_figure(self, drawn: Path, committed: Path):
        """Equal but for the last digits of numbers, which another processor may round otherwise."""
        texts = [path.read_text(encoding="utf-8") for path in (drawn, committed)]
        self.assertEqual(NUMBER.sub("", texts[0]), NUMBER.sub("", texts[1]), f"draw {committed} again")
        for a, b in zip(*(NUMBER.findall(text) for text in texts)):
            self.assertAlmostEqual(float(a), float(b), delta=0.02, msg=f"draw {committed} again")

    def check_commands(self, commands: list[str], figures: list[str] = ()):
        environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        with tempfile.TemporaryDirectory(prefix="limpid-examples-") as folder:
            for command in commands:
                if command.split()[:2] == ["limpid", "serve"]:
                    with self.subTest(command):
                        self.check_server(command, environment)
                    continue
                with self.subTest(command):
                    before = set(os.listdir(folder))
                    done = subprocess.run(
                        ["sh", "-c", command],
                        cwd=folder,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        timeout=TIMEOUT_S,
                        check=False,
                    )
                    self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
                    self.assertTrue(done.stdout or set(os.listdir(folder)) - before, "no output")
            for name in figures:
                with self.subTest(figure=name):
                    self.check_figure(Path(folder) / name, ROOT / "docs/images" / name)

    def check_server(self, command: str, environment: dict[str, str]):
        # On a port of its own; it ends when it is told to.
        server = subprocess.Popen(
            [*shlex.split(command), "--port", "0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first_line = server.stdout.readline()
        server.terminate()
        _, errors = server.communicate(timeout=TIMEOUT_S)
        self.assertRegex(first_line, r"^http://127\.0\.0\.1:\d+/$", errors)
        self.assertEqual(server.returncode, 0, errors)

    def test_the_examples_of_help(self):
        verbs = reference_doc.verbs_of(str(PROGRAM))
        self.assertIn("explain", verbs)
        for name, verb in verbs.items():
            with self.subTest(name):
                self.assertTrue(verb.examples)
                self.assertTrue(all(f"limpid {name}" in example for example in verb.examples))
            self.check_commands(verb.examples)

    def test_help_fits(self):
        for verb in reference_doc.verbs_of(str(PROGRAM)):
            text = subprocess.run([PROGRAM, verb, "--help"], capture_output=True, check=True, text=True).stdout
            text, _ = re.split(r"^Examples?:$", text, flags=re.MULTILINE)  # which are not wrapped
            self.assertEqual([line for line in text.split("\n") if len(line) > HELP_COLUMNS], [], verb)

    def test_the_commands_of_documents(self):
        pages = {path: commands_of(path.read_text(encoding="utf-8")) for path in PAGES}
        for path in (ROOT / "README.md", ROOT / "tools/next_steps.txt"):
            self.assertGreater(len(pages[path]), 2, path)
        for path, commands in pages.items():
            with self.subTest(page=path.relative_to(ROOT)):
                self.check_commands(commands, IMAGE.findall(path.read_text(encoding="utf-8")))

    def test_what_is_a_command(self):
        text = (
            "limpid explain is a verb\n\n    $ limpid info\n    limpid info MODEL\n    limpid trace --out x.\\\n    y\n"
            '```sh\necho "ABC" | limpid tokenize -\nlimpid explain model.gguf ...\n# limpid\n```\n'
            '    limpid explain "NASA is"\n    limpid: no command\n'
        )
        self.assertEqual(
            commands_of(text),
            [
                "limpid info",
                "limpid trace --out x.     y",
                'echo "ABC" | limpid tokenize -',
                'limpid explain "NASA is"',
            ],
        )


if __name__ == "__main__":
    PROGRAM = Path(sys.argv.pop(1)).resolve()
    unittest.main()
