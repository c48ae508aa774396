"""Tests of check_layers.py on small trees: each breaks one rule, or none."""

import contextlib
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check_layers  # noqa: E402

# file, its text, what the checker must say about it ("" is nothing)
INCLUDES = (
    ("src/graph/a.cc", '#include "graph/node.h"', ""),
    ("src/graph/a.cc", '#include "base/result.h"', ""),
    ("src/graph/a.cc", '\n#include "forward/run.h"', "src/graph/a.cc:2: graph must not include forward/run.h"),
    ("src/graph/a.h", '#include "forward/run.h"', "src/graph/a.h:1: graph must not include forward/run.h"),
    ("src/graph/a_test.cc", '#include "forward/run.h"', "graph must not include forward/run.h"),
    ("src/graph/a.cc", '  #  include  "forward/run.h"', "graph must not include forward/run.h"),
    ("src/graph/a.cc", '// #include "forward/run.h"', ""),
    ("src/base/a.cc", '#include "graph/node.h"', "base must not include graph/node.h (allowed: nothing)"),
    ("src/cli/a.cc", '#include "api/session.h"', ""),
    ("src/cli/a.cc", '#include "graph/node.h"', "cli must not include graph/node.h (allowed: base api figures server)"),
    ("src/cli/verbs/a.cc", '#include "graph/node.h"', "cli must not include graph/node.h"),
    ("src/forward/a.cc", '#include "kernels/kernels.h"', ""),
    ("src/forward/a.cc", '#include "kernels/cpu/ops.h"', "kernels/cpu/ops.h is private to kernels"),
    ("src/kernels/cpu/a.cc", '#include "kernels/reference/ops.h"', ""),
    ("src/graph/a.cc", '#include "node.h"', '"node.h" is not a path from src/'),
    ("src/graph/a.cc", '#include "../graph/node.h"', "is not a path from src/"),
    ("src/graph/a.cc", '#include "graph/../forward/run.h"', "is not a path from src/"),
    ("src/graph/a.cc", '#include "nothing/x.h"', "is not a path from src/"),
    ("src/graph/a.h", '#include "limpid/route.h"', ""),
    ("include/limpid/a.h", '#include <vector>\n#include <tl/expected.hpp>\n#include "limpid/result.h"', ""),
    ("include/limpid/a.h", '#include "base/result.h"', "include/limpid/a.h:1: base/result.h in a public header"),
    ("include/limpid/a.h", "#include <fmt/format.h>", "fmt/format.h in a public header"),
    ("src/new/a.cc", "", "src/new/a.cc: its folder is unknown to LAYERS"),
    ("src/graph/a.h", "#include <vector>\n#include <sys/mman.h>\n#include <unistd.h>", ""),
    ("src/graph/a.cc", "#include <fmt/format.h>", ""),
    ("src/graph/a.h", "#include <fmt/format.h>", "fmt/format.h in a header"),
    ("src/graph/a.h", "#include <tl/expected.hpp>", ""),
    ("src/kernels/cpu/onednn.h", "#include <dnnl.hpp>", ""),
    ("src/kernels/cpu/a.h", "#include <dnnl.hpp>", "dnnl.hpp in a header"),
    ("src/api/a.cc", "#include <nlohmann/json.hpp>", ""),
    ("src/api/a.h", "#include <nlohmann/json_fwd.hpp>", ""),
    ("src/checkpoint/json.h", "#include <nlohmann/json.hpp>", ""),
    ("src/api/a.h", "#include <nlohmann/json.hpp>", "nlohmann/json.hpp in a header"),
    ("src/graph/a.cc", "#include <nlohmann/json.hpp>", "nlohmann/json.hpp is for api checkpoint server tokenizer only"),
    ("src/kernels/a.cc", '#include <oneapi/dnnl/dnnl.hpp>\n#include <dnnl.hpp>\n#include "hwy/highway.h"', ""),
    ("src/forward/a.cc", "#include <oneapi/dnnl/dnnl.hpp>", "oneapi/dnnl/dnnl.hpp is for kernels only"),
    ("src/forward/a.cc", "#include <dnnl.hpp>", "dnnl.hpp is for kernels only"),
    ("src/forward/a.cc", "#include <dnnl.h>", "dnnl.h is for kernels only"),
    ("src/forward/a.cc", '#include "hwy/highway.h"', "hwy/highway.h is for kernels only"),
    ("src/cli/a.cc", "#include <CLI/CLI.hpp>", ""),
    ("src/api/a.cc", "#include <CLI/CLI.hpp>", "CLI/CLI.hpp is for cli only"),
    ("src/graph/a_test.cc", "#include <gtest/gtest.h>", ""),
    ("src/graph/a.cc", "#include <gtest/gtest.h>", "gtest/gtest.h is for tests"),
    ("src/graph/test_files.h", "#include <gtest/gtest.h>", ""),
    ("src/kernels/testing.h", '#include "hwy/highway.h"', ""),
    ("src/graph/testing.h", '#include "hwy/highway.h"', "hwy/highway.h is for kernels only"),
    ("src/graph/latest.h", "#include <gtest/gtest.h>", "gtest/gtest.h is for tests"),
    ("src/graph/a.cc", "#include <Eigen/Dense>", "Eigen/Dense is of a library unknown to LIBRARIES"),
)

SIZES = (
    ("src/graph/a.cc", 500, 0, ""),
    ("src/graph/a.cc", 501, 0, "warning: src/graph/a.cc: 501 lines"),
    ("src/graph/a.cc", 800, 0, "warning: src/graph/a.cc: 800 lines"),
    ("src/graph/a.cc", 801, 1, "src/graph/a.cc: 801 lines, at most 800"),
    ("tools/a.py", 801, 1, "tools/a.py: 801 lines"),
    ("tests/a/b.sh", 801, 1, "tests/a/b.sh: 801 lines"),
    ("src/tokenizer/rust/src/lib.rs", 801, 1, "src/tokenizer/rust/src/lib.rs: 801 lines"),
    ("src/tokenizer/rust/target/a.rs", 801, 0, ""),
    ("build/a.cc", 801, 0, ""),
    ("testdata/a.txt", 801, 0, ""),
)


@contextlib.contextmanager
def tree(files: dict[str, str]):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "src").mkdir()
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield folder


def run_on(files: dict[str, str]) -> tuple[int, str]:
    """Exit status and what was printed."""
    with tree(files) as folder, contextlib.redirect_stdout(io.StringIO()) as printed:
        return check_layers.main([folder]), printed.getvalue()


class CheckLayers(unittest.TestCase):
    def test_includes(self):
        for name, text, said in INCLUDES:
            with self.subTest(file=name, text=text):
                status, printed = run_on({name: text})
                self.assertEqual(status, 1 if said else 0, printed)
                self.assertIn(said, printed)
                self.assertEqual(len(printed.splitlines()), 1 if said else 0, printed)

    def test_sizes(self):
        for name, n_lines, expected, said in SIZES:
            with self.subTest(file=name, n_lines=n_lines):
                status, printed = run_on({name: "\n" * n_lines})
                self.assertEqual(status, expected, printed)
                self.assertIn(said, printed)
                self.assertEqual(bool(printed), bool(said), printed)

    def test_the_program_fails_and_lists_every_violation(self):
        files = {
            "src/graph/a.cc": '#include "forward/run.h"\n#include "api/session.h"\n',
            "src/base/a.h": "#include <fmt/format.h>\n",
            "tools/a.py": "\n" * 900,
        }
        with tree(files) as folder:
            command = [sys.executable, check_layers.__file__, folder]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stdout.splitlines()), 4, result.stdout)

    def test_wrong_use(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as printed:
            self.assertEqual(check_layers.main([folder]), 2)
            self.assertEqual(check_layers.main([folder, folder]), 2)
        self.assertIn("expected a folder with src/ in it", printed.getvalue())

    def test_allowed_folders_exist_and_make_no_cycle(self):
        seen = set()
        for folder, allowed in check_layers.LAYERS.items():
            self.assertLessEqual(set(allowed.split()), seen, f"{folder} may include from folders not above it")
            seen.add(folder)


if __name__ == "__main__":
    unittest.main()
