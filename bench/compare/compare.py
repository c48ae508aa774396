#!/usr/bin/env python3
"""limpid beside others, in one run on one machine: speed and memory, and what the machine could do at best.

    bench/compare/compare.py --setup                      once: environments of the competitors, from PyPI
    bench/compare/compare.py --json now.json              measure, print tables, keep the figures
    bench/compare/compare.py --json now.json --against before.json
    bench/compare/compare.py --from now.json --markdown docs/performance.md

Competitors take turns, round after round, so that what the machine does meets all alike. docs/performance.md says what is
measured. Python 3.11, standard library; exit codes are limpid's: 0 done, 1 failed or worse, 2 wrong usage.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import environments
import models
import report
from against import TOLERANCE, against
from errors import CompareError
from result import add_reference, add_turn, load_average, new_result, read_reference, read_result
from turns import COMPETITORS, RUNNERS, can_run, environment_name, take_turn

CURVE_MODEL = "smollm2"


def numbers(text):
    values = [int(part) for part in text.split(",") if part]
    if any(not 1 <= value <= 1 << 20 for value in values):
        raise ValueError(text)
    return values


def names(known):
    def parse(text):
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, found {unknown[0]!r}")
        return list(dict.fromkeys(chosen))

    return parse


def positive(kind):
    def parse(text):
        value = kind(text)
        if not 0 < value < 1e6:
            raise ValueError(text)
        return value

    parse.__name__ = "positive number"
    return parse


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add, build = parser.add_argument, models.REPOSITORY / "build"
    add("--setup", action="store_true", help="make the competitors' environments; measure nothing")
    add("--limpid", type=Path, default=build / "release/limpid", help="the program")
    add("--roofline", type=Path, default=build / "release/bench/roofline", help="built beside it")
    add("--root", type=Path, default=build / "compare", help="where environments and random models lie")
    add("--competitors", type=names(COMPETITORS), default=None, help="by default all that can run")
    add("--models", type=names(models.TITLES), default=list(models.TITLES), help="and their order")
    add("--tokens", type=numbers, default=[16, 64, 128, 256], help="prompt lengths")
    add("--curve", type=numbers, default=[512, 1024, 2048], help=f"more, for limpid on {CURVE_MODEL} alone")
    add("--threads", type=positive(int), default=2, help="of every competitor")
    add("--rounds", type=positive(int), default=3, help="turns of every competitor")
    add("--repeats", type=positive(int), default=3, help="runs in a turn, of which the median counts")
    add("--patience", type=positive(float), default=20.0, help="a run of more seconds is not repeated")
    add("--timeout", type=positive(float), default=3600.0, help="most seconds of a turn")
    add("--published", type=Path, metavar="PATH", help="a checkout of the published tool")
    add("--reference", type=Path, metavar="FILE", help="recorded figures, such as published.json")
    add("--json", type=Path, metavar="FILE", help="keep the figures")
    add("--from", dest="source", type=Path, metavar="FILE", help="figures kept before; measure nothing")
    add("--against", type=Path, metavar="FILE", help="say what is slower or bigger than there; exit 1")
    add("--tolerance", type=positive(float), default=TOLERANCE, help="growth that --against lets pass")
    add("--markdown", type=Path, metavar="FILE", help=f"write tables between {report.BEGIN} and {report.END}")
    options = parser.parse_args(arguments)
    check_usage(parser, options)
    return options


def check_usage(parser, options):
    chosen = options.competitors or []
    if options.competitors is not None and "limpid" not in chosen:
        parser.error("--competitors: expected limpid among them: ratios are to it")
    if "published" in chosen and not options.published:
        parser.error("--competitors: published needs --published PATH")
    if options.setup and options.source:
        parser.error("--setup and --from exclude each other")


def set_up(options):
    chosen = options.competitors or [c for c in COMPETITORS if c != "published" or options.published]
    for competitor in chosen:
        if competitor in RUNNERS:
            environments.make(options.root / "env", environment_name(competitor))


def chosen_competitors(options):
    """Checks what can be checked before minutes are spent."""
    chosen = options.competitors or [c for c in COMPETITORS if c != "published" or options.published]
    for path in (options.limpid, options.roofline):
        if not path.is_file():
            raise CompareError(
                f"{path}: expected a program, found none",
                "cmake --preset release && cmake --build build/release --target limpid roofline",
            )
    if "published" in chosen and not (options.published / "llm_transparency_tool").is_dir():
        raise CompareError(f"{options.published}: expected a folder llm_transparency_tool in it, found none")
    for competitor in chosen:
        if competitor in RUNNERS:
            environments.require(options.root / "env", environment_name(competitor))
    return chosen


def measure_roofline(options, result):
    """The best of all rounds."""
    done = subprocess.run(
        [options.roofline, str(options.threads)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CompareError(f"{options.roofline} exited with {done.returncode}: {done.stderr.strip()}")
    rates, best = json.loads(done.stdout), result["roofline"] or {}
    result["roofline"] = {name: max(rate, best.get(name, 0)) for name, rate in rates.items()}


def measure_turn(result, competitor, model, lengths, options):
    state = result["competitors"][competitor]
    if state["status"].startswith("failed") or not lengths or not can_run(competitor, model):
        return
    result["load"].append(load_average())
    print(f"{model.name}: {competitor}, load {result['load'][-1]:.2f}", file=sys.stderr, flush=True)
    try:
        rows, versions = take_turn(competitor, model, lengths, options)
    except CompareError as error:
        if competitor == "limpid":
            raise
        state["status"] = f"failed: {error}"
        print(state["status"], file=sys.stderr)
        return
    state.update(status="measured", versions=versions)
    add_turn(result, model.name, competitor, rows)


def measure(options):
    chosen = chosen_competitors(options)
    result = new_result(options)
    result["competitors"] = {competitor: {"status": "not measured"} for competitor in chosen}
    for name in options.models:
        model = models.open_model(options.limpid, options.root, name)
        result["models"][name] = {"title": models.TITLES[name], "info": model.info}
        curve = model.lengths(options.curve) if name == CURVE_MODEL else []
        once = argparse.Namespace(**{**vars(options), "repeats": 1})
        for _ in range(options.rounds):
            measure_roofline(options, result)
            for competitor in chosen:
                measure_turn(result, competitor, model, model.lengths(options.tokens), options)
            measure_turn(result, "limpid", model, curve, once)
    if "published" not in result["competitors"]:
        result["competitors"]["published"] = {"status": "not given (--published PATH)"}
    return result


def finish(options, result):
    """Prints and writes what was asked for. -> exit code"""
    if options.reference:
        add_reference(result, read_reference(options.reference))
    print(report.as_document(result, report.as_text))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        report.write_between_markers(options.markdown, report.as_document(result, report.as_markdown))
    failed = any(state["status"].startswith("failed") for state in result["competitors"].values())
    if not options.against:
        return int(failed)
    worse, remarks = against(read_result(options.against), result, options.tolerance)
    for line in remarks:
        print(f"note: {line}")
    for line in worse:
        print(f"worse: {line}")
    print(f"against {options.against}: {len(worse)} figures are worse")
    return int(failed or bool(worse))


def main(arguments=None):
    options = parse_options(arguments)
    try:
        if options.setup:
            set_up(options)
            return 0
        if options.against:
            read_result(options.against)  # before minutes are spent
        return finish(options, read_result(options.source) if options.source else measure(options))
    except CompareError as error:
        print(f"compare: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
