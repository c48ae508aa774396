"""One turn of one competitor: its program is started, measures every length of one model, and ends.

A turn gives rows {"n_tok", "seconds": {phase: s}, "peak_bytes", "above_bytes"}; above_bytes is the peak of resident memory
less what the loaded model takes. Programs never run at the same time.
"""

import json
import os
import subprocess
import tempfile

import environments
from errors import CompareError
from models import HERE

RUNNERS = {
    "transformers": "run_transformers.py",
    "llama-cpp-python": "run_llama_cpp.py",
    "published": "run_published.py",
}
COMPETITORS = ("limpid", *RUNNERS)


def environment_name(competitor):
    return {"llama-cpp-python": "llama_cpp"}.get(competitor, competitor)


def can_run(competitor, model):
    return competitor != "llama-cpp-python" or model.is_gguf


def run_program(name, command, text, options):
    """`name` is what messages call it. -> what it writes"""
    env = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    try:
        done = subprocess.run(
            command, input=text, env=env, capture_output=True, text=True, timeout=options.timeout, check=False
        )
    except subprocess.TimeoutExpired as expired:
        raise CompareError(
            f"{name}: expected an end within {options.timeout} s, found none", "raise --timeout"
        ) from expired
    if done.returncode:
        last = done.stderr.strip().splitlines()[-8:]
        raise CompareError("\n  ".join([f"{name} exited with {done.returncode}", *last]))
    return done.stdout


def row_of_limpid(row, loaded):
    phases = {"forward": "forward_seconds", "contributions": "contribution_seconds", "route": "route_seconds"}
    return {
        "n_tok": row["n_tok"],
        "seconds": {phase: row[field] for phase, field in phases.items()},
        "explain_seconds": row.get("explain_seconds"),
        "peak_bytes": row["peak_bytes"],
        "above_bytes": max(row["peak_bytes"] - loaded, 0),
    }


def limpid_turn(model, lengths, options):
    """The first row is of one token: its memory is that of the loaded model."""
    command = [options.limpid, "bench", model.path, "--format", "json"]
    command += ["--tokens", ",".join(map(str, (1, *lengths)))]
    command += ["--repeats", str(options.repeats), "--threads", str(options.threads)]
    out = run_program("limpid bench", command, "", options)
    first, *rows = json.loads(out)["rows"]
    return [row_of_limpid(row, first["peak_bytes"]) for row in rows], {}


def runner_turn(competitor, model, lengths, options):
    python = environments.python_of(options.root / "env", environment_name(competitor))
    job = {
        "model": model.path,
        "ids": model.ids,
        "lengths": lengths,
        "threads": options.threads,
        "repeats": options.repeats,
        "patience": options.patience,
    }
    with tempfile.TemporaryDirectory() as cache:
        if competitor == "published":
            job |= {"published": str(options.published), "cache": cache}
        script = HERE / "runners" / RUNNERS[competitor]
        out = run_program(script.name, [python, script], json.dumps(job), options)
    first, *rows = map(json.loads, out.splitlines())
    if [row["n_tok"] for row in rows] != list(lengths):
        raise CompareError(f"{script.name}: expected rows of {lengths} tokens, found {rows}")
    return rows, first["versions"]


def take_turn(competitor, model, lengths, options):
    """-> rows, versions of what ran"""
    if competitor == "limpid":
        return limpid_turn(model, lengths, options)
    return runner_turn(competitor, model, lengths, options)
