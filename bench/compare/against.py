"""What got slower or bigger since an earlier result.

A figure is worse when it grew by more than the tolerance and no round of now is as good as the worst round of then:
beyond the noise of both. Only limpid is judged; the machine's own rates are told beside it.
"""

from statistics import median

from errors import CompareError
from result import find_row

TOLERANCE = 0.05
LEAST_SECONDS = 0.0005  # a change below this is the clock's and the scheduler's
LEAST_BYTES = 1e6


def is_worse(old, new, tolerance, least):
    """old, new: the values of all rounds."""
    grown = median(new) - median(old)
    return min(new) > max(old) and grown > tolerance * median(old) and grown > least


def figures(row):
    """-> (name, values of all rounds, smallest change that counts, unit, its name)"""
    for phase, values in row["seconds"].items():
        yield phase, values, LEAST_SECONDS, 1e-3, "ms"
    yield "memory", row["above_bytes"], LEAST_BYTES, 1e6, "MB"


def compare_rows(old, new, tolerance):
    then = {name: values for name, values, *_ in figures(old)}
    for name, values, least, unit, unit_name in figures(new):
        if name in then and is_worse(then[name], values, tolerance, least):
            before, now = median(then[name]), median(values)
            yield (
                f"{new['model']}, {new['n_tok']} tokens: {name} {before / unit:.2f} -> {now / unit:.2f} {unit_name},"
                f" {now / before:.2f}x"
            )


def rates_text(old, new):
    if not old.get("roofline") or not new.get("roofline"):
        return []
    ratio = new["roofline"]["f32_gflops"] / old["roofline"]["f32_gflops"]
    return [f"the machine's own rate in float32 is {ratio:.2f} of what it was"]


def check_machines(old, new):
    for key in ("cpu", "threads"):
        if old["machine"].get(key) != new["machine"].get(key):
            raise CompareError(
                f"--against: expected a result with {key} {new['machine'].get(key)}, found"
                f" {old['machine'].get(key)}",
                "times of two machines do not compare",
            )


def against(old, new, tolerance=TOLERANCE):
    """-> (what got worse, remarks), both lines of text"""
    check_machines(old, new)
    worse, missing, n_common = [], [], 0
    for row in (r for r in old["rows"] if r["competitor"] == "limpid"):
        now = find_row(new, row["model"], "limpid", row["n_tok"])
        if now is None:
            missing.append(f"{row['model']}, {row['n_tok']} tokens: not measured now")
            continue
        n_common += 1
        worse += compare_rows(row, now, tolerance)
    if n_common == 0:
        raise CompareError("--against: expected rows of limpid in common, found none")
    return worse, missing + rates_text(old, new)
