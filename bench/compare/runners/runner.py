"""What the runners share: one job in, a line of JSON out for each prompt length. Standard library only, because every
runner lives in an environment of its own.

The job, on standard input:

    {"model": PATH, "ids": [...], "lengths": [16, 64], "threads": 2, "repeats": 3, "patience": 20, ...}

Out come {"load_seconds": 1.2, "versions": {...}} and, for each length,

    {"n_tok": 16, "seconds": {"forward": 0.1}, "peak_bytes": ..., "above_bytes": ...}

Seconds are medians of the repeats after one run to warm up; a run longer than `patience` is not repeated, and counts.
Memory is resident memory: `above_bytes` is the peak during the runs of a length, less what was resident when the model
was loaded and had run one token.
"""

import ctypes
import gc
import json
import os
import statistics
import sys
import time
from importlib import metadata


def resident_bytes(field):
    """VmRSS now, or VmHWM since reset_peak()."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field + ":"):
                return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status: expected {field}, found none")


def reset_peak():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def give_back_memory():
    """What loading left unused does not count as loaded, or runs would find room in it."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def seconds_of(work):
    """-> (what `work` returns, seconds)"""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def measure(run, ids, job):
    """run(ids) -> {phase: seconds}. -> medians of every phase"""
    runs = []
    warm = False
    while len(runs) < job["repeats"]:
        seconds = run(ids)
        slow = sum(seconds.values()) > job["patience"]
        if warm or slow:
            runs.append(seconds)
        if slow:
            break
        warm = True
    return {phase: statistics.median(r[phase] for r in runs) for phase in runs[0]}


def serve(load, packages):
    """Does the job: load(job) -> run(ids). `packages` are those whose versions are told."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print; nothing but our lines may reach the reader

    def say(line):
        print(json.dumps(line), file=out, flush=True)

    job = json.load(sys.stdin)
    run, load_seconds = seconds_of(lambda: load(job))
    run(job["ids"][:1])
    give_back_memory()
    loaded = resident_bytes("VmRSS")
    say({"load_seconds": load_seconds, "versions": {name: metadata.version(name) for name in packages}})
    for n_tok in job["lengths"]:
        ids = [job["ids"][t % len(job["ids"])] for t in range(n_tok)]
        give_back_memory()
        reset_peak()
        seconds = measure(run, ids, job)
        peak = resident_bytes("VmHWM")
        say(
            {
                "n_tok": n_tok,
                "seconds": seconds,
                "peak_bytes": peak,
                "above_bytes": max(peak - loaded, 0),
            }
        )
