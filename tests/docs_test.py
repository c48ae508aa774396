"""The documents say what the program says, and their links lead somewhere: docs_test.py PROGRAM"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKDOWN = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("tests/**/*.md"),
    *ROOT.glob("src/**/*.md"),
]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def pages_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


class DocsTest(unittest.TestCase):
    def test_models_are_those_of_the_program(self):
        done = subprocess.run(
            [sys.executable, ROOT / "tools/models_doc.py", PROGRAM], capture_output=True, text=True, check=True
        )
        written = (ROOT / "docs/models.md").read_text(encoding="utf-8")
        self.assertEqual(done.stdout, written, "run tools/models_doc.py PROGRAM > docs/models.md")

    def test_the_reference_is_that_of_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, ROOT / "tools/reference_doc.py", PROGRAM, folder], check=True)
            self.assertEqual(
                pages_of(ROOT / "docs/reference"), pages_of(Path(folder)), "run tools/reference_doc.py PROGRAM"
            )

    def test_links_within_the_repository(self):
        self.assertGreater(len(MARKDOWN), 4)
        for path in MARKDOWN:
            for link in LINK.findall(path.read_text(encoding="utf-8")):
                with self.subTest(path=path.relative_to(ROOT), link=link):
                    self.assertTrue((path.parent / link).exists())


if __name__ == "__main__":
    PROGRAM = Path(sys.argv.pop(1)).resolve()
    unittest.main()
