"""A result: what one run of the harness measured, as it is kept in JSON. Times are lists, a value for each round."""

import json
import statistics
from datetime import datetime, timezone
from pathlib import Path

from errors import CompareError

VERSION = 1
PHASES = ("forward", "contributions", "route")


def machine(threads):
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    return {"cpu": names[0] if names else "unknown", "cores": len(names), "threads": threads}


def load_average():
    return float(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])


def new_result(options):
    return {
        "version": VERSION,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(options.threads),
        "load": [],
        "roofline": None,
        "models": {},
        "competitors": {},
        "rows": [],
    }


def find_row(result, model, competitor, n_tok):
    key = (model, competitor, n_tok)
    return next((r for r in result["rows"] if (r["model"], r["competitor"], r["n_tok"]) == key), None)


def add_turn(result, model, competitor, rows):
    """One round's rows, behind those of the rounds before."""
    for row in rows:
        kept = find_row(result, model, competitor, row["n_tok"])
        if kept is None:
            kept = {"model": model, "competitor": competitor, "n_tok": row["n_tok"], "seconds": {}}
            kept |= {"peak_bytes": [], "above_bytes": []}
            result["rows"].append(kept)
        times = dict(row["seconds"])
        times["total"] = sum(row["seconds"].values())
        if row.get("explain_seconds") is not None:
            times["explain"] = row["explain_seconds"]
        for phase, seconds in times.items():
            kept["seconds"].setdefault(phase, []).append(seconds)
        for field in ("peak_bytes", "above_bytes"):
            kept[field].append(row[field])


def add_reference(result, reference):
    """Recorded figures stand beside what was measured, marked, unless the competitor itself was measured."""
    name = reference["competitor"]
    if any(row["competitor"] == name for row in result["rows"]):
        return
    result["competitors"][name] = {
        "status": "recorded",
        "provenance": f"{reference['provenance']} Its MB are those beyond its own shortest prompt.",
    }
    least = {}
    for row in reference["rows"]:
        least[row["model"]] = min(row["peak_bytes"], least.get(row["model"], row["peak_bytes"]))
    for row in reference["rows"]:
        result["rows"].append(
            {
                "model": row["model"],
                "competitor": name,
                "n_tok": row["n_tok"],
                "seconds": {phase: [seconds] for phase, seconds in row["seconds"].items()},
                "peak_bytes": [row["peak_bytes"]],
                # At least this much is above the weights.
                "above_bytes": [row["peak_bytes"] - least[row["model"]]],
            }
        )


def median(row, phase):
    """Seconds, or None where the competitor has no such phase."""
    values = row["seconds"].get(phase) if row else None
    return statistics.median(values) if values else None


def read_json(path, keys):
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CompareError(f"{path}: expected JSON, found {error}") from error
    missing = [key for key in keys if not isinstance(value, dict) or key not in value]
    if missing:
        raise CompareError(f"{path}: expected the keys {', '.join(keys)}, found no {', '.join(missing)}")
    return value


def read_result(path):
    result = read_json(path, ("version", "machine", "models", "competitors", "rows"))
    if result["version"] != VERSION:
        raise CompareError(
            f"{path}: expected version {VERSION}, found {result['version']}", "measure again with --json"
        )
    return result


def read_reference(path):
    return read_json(path, ("competitor", "provenance", "rows"))
