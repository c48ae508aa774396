"""Tests of the harness without the competitors: its usage, its arithmetic and its tables, on made-up figures."""

import contextlib
import copy
import io
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "runners")]

import compare  # noqa: E402
import environments  # noqa: E402
import limits  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import result as results  # noqa: E402
import runner  # noqa: E402
import turns  # noqa: E402
from against import against  # noqa: E402
from errors import CompareError  # noqa: E402

SPEC = {"n_layer": 2, "n_head": 4, "n_kv_head": 2, "d_model": 32, "d_head": 8, "d_mlp": 64, "n_vocab": 100}
INFO = {"format": "gguf", "types": {"F32": 3}, "spec": SPEC, "memory": {"packed_bytes": 40_000}}
ROOFLINE = {
    "threads": 2,
    "f32_gflops": 200.0,
    "bf16_gflops": 400.0,
    "read_gbytes": 40.0,
    "triad_gbytes": 25.0,
}


def turn(n_tok, forward, contributions=None, above=50e6, **more):
    seconds = {"forward": forward}
    if contributions is not None:
        seconds |= {"contributions": contributions, "route": 0.0001}
    return [{"n_tok": n_tok, "seconds": seconds, "peak_bytes": above + 400e6, "above_bytes": above, **more}]


def made_up(scale=1.0, above=50e6):
    """Three rounds of limpid and of a competitor with a forward pass alone."""
    value = {
        "version": results.VERSION,
        "date": "2000-01-01 00:00 UTC",
        "machine": {"cpu": "Abacus", "cores": 2, "threads": 2},
        "load": [0.1, 0.3],
        "roofline": dict(ROOFLINE),
        "models": {"smollm2": {"title": "A model", "info": INFO}},
        "competitors": {
            "limpid": {"status": "measured", "versions": {}},
            "transformers": {"status": "measured", "versions": {"torch": "2"}},
            "published": {"status": "not given (--published PATH)"},
        },
        "rows": [],
    }
    for noise in (1.0, 1.02, 0.99):
        times = (0.1 * scale * noise, 0.05 * scale * noise)
        results.add_turn(value, "smollm2", "limpid", turn(64, *times, above=above, explain_seconds=0.12))
        results.add_turn(value, "smollm2", "transformers", turn(64, 0.25))
    return value


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, value):
        path = self.folder / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return str(path)

    def compare(self, *arguments):
        """-> exit code, output, errors"""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = compare.main(arguments)
            except SystemExit as stop:
                code = stop.code
        return code, out.getvalue(), err.getvalue()


class UsageTest(WithFolder):
    def test_wrong_usage(self):
        for arguments in (
            ["--tokens", "16,x"],
            ["--tokens", "0"],
            ["--models", "gpt7"],
            ["--competitors", "limpid,abacus"],
            ["--competitors", "transformers"],
            ["--competitors", "limpid,published"],
            ["--threads", "0"],
            ["--tolerance", "nan"],
            ["--setup", "--from", "x.json"],
            ["--unknown"],
        ):
            with self.subTest(arguments=arguments):
                code, _, err = self.compare(*arguments)
                self.assertEqual(code, 2)
                self.assertIn("usage:", err)

    def test_what_is_missing_is_named_before_anything_is_measured(self):
        program = self.write("program", "")
        there = ("--limpid", program, "--roofline", program, "--root", str(self.folder / "root"))
        broken = self.write("broken.json", "{")
        old = self.write("old.json", {**made_up(), "version": 0})
        for arguments, expected in (
            (["--limpid", str(self.folder / "limpid")], "limpid: expected a program, found none"),
            (there, "transformers: expected an environment"),
            ((*there, "--published", str(self.folder)), "expected a folder llm_transparency_tool"),
            (["--from", broken], "broken.json: expected JSON"),
            (["--from", self.write("list.json", [])], "list.json: expected the keys"),
            (["--from", old], "expected version 1, found 0"),
            (
                ["--from", self.write("a.json", made_up()), "--reference", broken],
                "broken.json: expected JSON",
            ),
            ((*there, "--against", broken), "broken.json: expected JSON"),
        ):
            with self.subTest(expected=expected):
                code, out, err = self.compare(*arguments)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(expected, err)


class AgainstTest(WithFolder):
    def run_against(self, old, new, *more):
        return self.compare(
            "--from", self.write("new.json", new), "--against", self.write("old.json", old), *more
        )

    def test_only_what_is_beyond_the_noise_of_both_is_worse(self):
        for scale, above, expected in (
            (1.0, 50e6, []),
            (0.5, 10e6, []),
            (1.03, 50e6, []),
            (1.3, 50e6, ["forward", "contributions", "total"]),
            (1.0, 60e6, ["memory"]),
            (1.0, 50.9e6, []),
        ):
            with self.subTest(scale=scale, above=above):
                code, out, _ = self.run_against(made_up(), made_up(scale, above))
                found = re.findall(r"(?m)^worse: smollm2, 64 tokens: (\w+) ", out)
                self.assertEqual((code, found), (int(bool(expected)), expected))

    def test_rounds_that_overlap_are_noise(self):
        new = made_up(1.3)
        for row in new["rows"]:
            if row["competitor"] == "limpid":
                row["seconds"] = {phase: [*values, 0.0] for phase, values in row["seconds"].items()}
        self.assertEqual(self.run_against(made_up(), new)[0], 0)

    def test_the_tolerance(self):
        self.assertEqual(self.run_against(made_up(), made_up(1.3), "--tolerance", "0.5")[0], 0)

    def test_very_short_times_do_not_count(self):
        self.assertEqual(against(made_up(0.001), made_up(0.0015))[0], [])

    def test_the_message(self):
        _, out, _ = self.run_against(made_up(), made_up(2.0))
        self.assertIn("worse: smollm2, 64 tokens: forward 100.00 -> 200.00 ms, 2.00x\n", out)
        self.assertIn("note: the machine's own rate in float32 is 1.00 of what it was\n", out)

    def test_a_row_that_is_no_longer_measured_is_told(self):
        old = made_up()
        results.add_turn(old, "smollm2", "limpid", turn(128, 0.2, 0.1))
        code, out, _ = self.run_against(old, made_up())
        self.assertEqual(code, 0)
        self.assertIn("note: smollm2, 128 tokens: not measured now\n", out)

    def test_what_does_not_compare(self):
        other_cpu, other_threads, empty = made_up(), made_up(), made_up()
        other_cpu["machine"]["cpu"] = "Slide rule"
        other_threads["machine"]["threads"] = 1
        empty["rows"] = []
        for old, expected in (
            (other_cpu, "cpu Abacus, found Slide rule"),
            (other_threads, "threads 2, found 1"),
            (empty, "rows of limpid in common"),
        ):
            with self.subTest(expected=expected):
                code, _, err = self.run_against(old, made_up())
                self.assertEqual(code, 1)
                self.assertIn(expected, err)


class TableTest(WithFolder):
    def columns(self, value):
        """All tables of the model side by side."""
        columns, lines = [], []
        for names, texts in report.tables_of(value, "smollm2"):
            self.assertEqual(names[0], "tokens")
            self.assertTrue(all(len(line) == len(names) for line in texts))
            columns += names
            lines = [a + b for a, b in zip(lines, texts)] if lines else texts
        return columns, lines

    def test_ratios_stand_beside_what_they_are_of(self):
        columns, lines = self.columns(made_up())
        self.assertEqual(len(lines), 1)
        line = lines[0]
        self.assertEqual(line[columns.index("forward")], "0.100")
        self.assertEqual(line[columns.index("above MB")], "50")
        at = columns.index("transformers forward")
        self.assertEqual((columns[at + 1], line[at : at + 2]), ("x", ["0.250", "2.5x"]))
        self.assertFalse(any("published" in column for column in columns))

    def test_a_length_that_a_competitor_lacks_has_dashes(self):
        value = made_up()
        results.add_turn(value, "smollm2", "limpid", turn(128, 0.2, 0.1))
        columns, lines = self.columns(value)
        at = columns.index("transformers forward")
        self.assertEqual([line[at : at + 2] for line in lines], [["0.250", "2.5x"], ["-", "-"]])

    def test_recorded_figures_are_marked(self):
        value = made_up()
        results.add_reference(value, results.read_reference(HERE / "published.json"))
        columns, lines = self.columns(value)
        at = columns.index("published* total")
        self.assertEqual(lines[0][at : at + 4], ["7.700", "51.3x", "250", ">= 5.0x"])
        text = report.as_document(value, report.as_text)
        self.assertIn("against recorded figures, not in this run", text)
        self.assertIn("2 Zen 4 cores", text)

    def test_measured_figures_win_over_recorded_ones(self):
        value = made_up()
        results.add_turn(value, "smollm2", "published", turn(64, 0.3, 9.0, above=2e9))
        value["competitors"]["published"] = {"status": "measured", "versions": {}}
        results.add_reference(value, results.read_reference(HERE / "published.json"))
        self.assertIn("published contributions", self.columns(value)[0])
        self.assertNotIn("recorded", report.as_document(value, report.as_text))

    def test_columns_line_up(self):
        text = report.as_text(["a", "bbb"], [["10", "2"], ["3", "4444"]])
        self.assertEqual(text, " a   bbb\n10     2\n 3  4444")

    def test_markdown_between_markers(self):
        page = self.write("page.md", f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
        source = self.write("now.json", made_up())
        code, _, _ = self.compare("--from", source, "--markdown", page)
        self.assertEqual(code, 0)
        text = Path(page).read_text(encoding="utf-8")
        self.assertRegex(
            text, rf"(?s)^before\n{report.BEGIN}\nAbacus, .*\| tokens \| .*{report.END}\nafter\n$"
        )
        self.assertNotIn("old", text)
        self.compare("--from", source, "--markdown", page)
        self.assertEqual(Path(page).read_text(encoding="utf-8"), text)
        code, _, err = self.compare("--from", source, "--markdown", self.write("none.md", report.BEGIN))
        self.assertEqual(code, 1)
        self.assertIn("none.md: expected the lines", err)

    def test_a_competitor_that_failed(self):
        value = made_up()
        value["competitors"]["transformers"]["status"] = "failed: it exited with 1"
        code, out, _ = self.compare("--from", self.write("now.json", value))
        self.assertEqual(code, 1)
        self.assertIn("- transformers: failed: it exited with 1.", out)

    def test_json_comes_back_as_it_was(self):
        value = made_up()
        path = self.folder / "copy.json"
        self.assertEqual(self.compare("--from", self.write("now.json", value), "--json", str(path))[0], 0)
        self.assertEqual(json.loads(path.read_text(encoding="utf-8")), value)


class MeasuringTest(WithFolder):
    def test_the_passage_is_that_of_limpid_bench(self):
        source = (models.REPOSITORY / "src/api/bench.cc").read_text(encoding="utf-8")
        literal = re.search(r'kPassage =((?:\s*"[^"]*")+);', source)
        self.assertTrue(literal, "src/api/bench.cc: expected kPassage, a string, found none")
        self.assertEqual("".join(re.findall(r'"([^"]*)"', literal[1])), models.PASSAGE)

    def test_the_limit_of_a_product_or_of_memory(self):
        # 2 layers x 4 heads x 8; pairs of 3 tokens: 6.
        self.assertEqual(limits.forward_work(INFO, 3), (2 * 3 * 10_000 + 4 * 64 * 6 + 2 * 32 * 100, 40_000))
        self.assertEqual(
            limits.contribution_work(INFO, 3), (2 * (2 * 3 * 32 * 32 + 2 * 32 * 6), 4 * 2 * 32 * 32)
        )
        rates = {"f32_gflops": 1e-3, "read_gbytes": 2e-3}
        self.assertEqual(limits.least_seconds((3e6, 2e6), rates), 3.0)
        self.assertEqual(limits.least_seconds((1e6, 4e6), rates), 2.0)
        self.assertIsNone(limits.reached("route", 1.0, INFO, 3, ROOFLINE))

    def test_a_turn_of_limpid_starts_from_one_token(self):
        row = {
            "forward_seconds": 0.1,
            "contribution_seconds": 0.2,
            "route_seconds": 0.3,
            "explain_seconds": 0.4,
        }
        rows = [
            {"n_tok": 1, "peak_bytes": 500, **row},
            {"n_tok": 16, "peak_bytes": 700, "new_field": 1, **row},
        ]
        out = self.write("out.json", {"rows": rows})
        program = self.write("limpid", f'#!/bin/sh\necho "$@" >{self.folder}/log\ncat {out}\n')
        Path(program).chmod(0o755)
        options = compare.parse_options(["--limpid", program])
        model = models.Model("smollm2", "model.gguf", INFO, [1])
        (found,), _ = turns.take_turn("limpid", model, [16], options)
        self.assertEqual(found["above_bytes"], 200)
        self.assertEqual(found["seconds"], {"forward": 0.1, "contributions": 0.2, "route": 0.3})
        log = (self.folder / "log").read_text(encoding="utf-8")
        self.assertEqual(log, "bench model.gguf --format json --tokens 1,16 --repeats 3 --threads 2\n")

    def test_a_program_that_fails_is_told_with_its_last_words(self):
        options = compare.parse_options([])
        with self.assertRaisesRegex(CompareError, "sh exited with 3\n  no weights"):
            turns.run_program("sh", ["sh", "-c", "echo no weights >&2; exit 3"], "", options)
        options.timeout = 0.1
        with self.assertRaisesRegex(CompareError, "sleep: expected an end within 0.1 s"):
            turns.run_program("sleep", ["sleep", "10"], "", options)

    def test_the_first_run_warms_up_unless_it_is_long(self):
        def runs_of(times):
            times = iter(times)
            return runner.measure(lambda ids: {"forward": next(times)}, [1], {"repeats": 3, "patience": 5})

        self.assertEqual(runs_of([4, 1, 2, 3]), {"forward": 2})
        self.assertEqual(runs_of([9]), {"forward": 9})
        self.assertEqual(runs_of([4, 1, 6]), {"forward": 3.5})

    def test_requirements_are_pinned_and_hashed(self):
        for name in environments.NAMES:
            blocks = environments.requirement_blocks(
                environments.requirements_of(name).read_text(encoding="utf-8")
            )
            self.assertGreater(len(blocks), 4)
            for block in blocks:
                with self.subTest(environment=name, block=block.partition("\n")[0]):
                    self.assertRegex(block, r"^[\w.-]+==[\w.+-]+( ;[^\n]*)? \\\n")
                    self.assertIn("--hash=sha256:", block)

    def test_packages_are_pinned_for_one_python(self):
        self.addCleanup(setattr, environments, "PINNED_FOR", environments.PINNED_FOR)
        environments.PINNED_FOR = "CPython 2.7 on vax"
        code, _, err = self.compare("--setup", "--root", str(self.folder))
        self.assertEqual((code, list(self.folder.iterdir())), (1, []))
        self.assertIn("--setup: expected CPython 2.7 on vax", err)

    def test_an_environment_is_ready_until_its_requirements_change(self):
        folder = self.folder / "transformers"
        folder.mkdir()
        self.assertFalse(environments.is_ready(self.folder, "transformers"))
        text = environments.requirements_of("transformers").read_bytes()
        (folder / ".requirements").write_bytes(text)
        environments.require(self.folder, "transformers")
        (folder / ".requirements").write_bytes(text + b"\n")
        with self.assertRaises(CompareError):
            environments.require(self.folder, "transformers")

    def test_rounds_are_kept_apart(self):
        value = made_up()
        row = copy.deepcopy(results.find_row(value, "smollm2", "limpid", 64))
        self.assertEqual(len(row["seconds"]["total"]), 3)
        self.assertAlmostEqual(row["seconds"]["total"][0], 0.1501)


if __name__ == "__main__":
    unittest.main()
