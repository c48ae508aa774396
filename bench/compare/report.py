"""Tables of a result, for a terminal and for docs/performance.md."""

from pathlib import Path
from statistics import median as middle

import limits
from errors import CompareError
from result import find_row, median

BEGIN, END = "<!-- compare: begin -->", "<!-- compare: end -->"


def seconds_text(seconds):
    """Three digits."""
    if seconds is None:
        return "-"
    return f"{seconds:.4f}" if seconds < 0.01 else f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def ratio_text(theirs, ours, at_least=False):
    """How many times ours theirs is."""
    if not theirs or not ours:
        return "-"
    ratio = theirs / ours
    digits = 2 if ratio < 2 else 1 if ratio < 100 else 0
    return f"{'>= ' if at_least else ''}{ratio:.{digits}f}x"


def percent_text(share):
    return "-" if share is None else f"{100 * share:.0f} %"


def megabytes(row):
    return middle(row["above_bytes"]) / 1e6 if row else None


def megabytes_text(value):
    return "-" if not value else f"{value:.0f}"


def spread_text(row):
    """How far the rounds lie apart, of their median."""
    totals = row["seconds"]["total"]
    return "-" if len(totals) < 2 else f"{100 * (max(totals) - min(totals)) / middle(totals):.0f} %"


def our_cells(result, name, row):
    """-> [(column, text)] of limpid"""
    info, n_tok = result["models"][name]["info"], row["n_tok"]
    cells = [("tokens", str(n_tok))]
    for phase in ("forward", "contributions"):
        seconds = median(row, phase)
        share = limits.reached(phase, seconds, info, n_tok, result.get("roofline"))
        cells += [(phase, seconds_text(seconds)), ("of limit", percent_text(share))]
    for phase in ("route", "total", "explain"):
        cells.append((phase, seconds_text(median(row, phase))))
    return cells + [("spread", spread_text(row)), ("above MB", megabytes_text(megabytes(row)))]


def their_cells(result, name, competitor, row):
    """-> [(column, text)]: times and how many times ours they are; whole runs where the competitor has them."""
    theirs = find_row(result, name, competitor, row["n_tok"])
    recorded = result["competitors"][competitor]["status"] == "recorded"
    label = competitor + ("*" if recorded else "")
    whole = any("contributions" in r["seconds"] for r in rows_of(result, name, competitor))
    cells = []
    for phase in ("forward", "contributions", "total") if whole else ("forward",):
        seconds = median(theirs, phase)
        cells += [(f"{label} {phase}", seconds_text(seconds)), ("x", ratio_text(seconds, median(row, phase)))]
    if whole:
        memory = megabytes(theirs)
        cells.append((f"{label} above MB", megabytes_text(memory)))
        cells.append(("x", ratio_text(memory, megabytes(row), recorded)))
    return cells


def rows_of(result, name, competitor):
    rows = (r for r in result["rows"] if (r["model"], r["competitor"]) == (name, competitor))
    return sorted(rows, key=lambda row: row["n_tok"])


def tables_of(result, name):
    """-> [(columns, lines of text)]: limpid's table, and one for each competitor that ran the model"""
    ours = rows_of(result, name, "limpid")
    if not ours:
        return []
    tables = [[our_cells(result, name, row) for row in ours]]
    for competitor in result["competitors"]:
        if competitor == "limpid" or not rows_of(result, name, competitor):
            continue
        tables.append(
            [[("tokens", str(row["n_tok"])), *their_cells(result, name, competitor, row)] for row in ours]
        )
    split = lambda table: ([column for column, _ in table[0]], [[text for _, text in line] for line in table])
    return [split(table) for table in tables]


def as_text(columns, lines):
    widths = [max(len(c) for c in column) for column in zip(columns, *lines)]
    justify = lambda cells: "  ".join(cell.rjust(width) for cell, width in zip(cells, widths))
    return "\n".join(map(justify, (columns, *lines)))


def as_markdown(columns, lines):
    rows = (columns, ["---:"] * len(columns), *lines)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def title_of(result, name):
    model = result["models"][name]
    spec = model["info"]["spec"]
    shape = f"{spec['n_layer']} layers x {spec['d_model']} x {spec['n_head']} heads"
    return f"{model['title']} ({model['info']['format']}, {'/'.join(model['info']['types'])}; {shape})"


def machine_text(result):
    machine, load = result["machine"], result["load"]
    text = f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads, {result['date']}"
    if load:
        text += f"; load average {min(load):.1f} to {max(load):.1f} when turns began"
    if result.get("roofline"):
        text += (
            "; at best {f32_gflops:.0f} GF/s in float32, {bf16_gflops:.0f} in bfloat16, {read_gbytes:.0f} GB/s "
            "reading, {triad_gbytes:.0f} GB/s triad"
        ).format(**result["roofline"])
    return text + "."


def notes(result):
    """What has to be known to read the tables."""
    lines = []
    for name, competitor in result["competitors"].items():
        if competitor["status"] == "measured":
            versions = ", ".join(f"{k} {v}" for k, v in competitor.get("versions", {}).items())
            lines += [f"{name}: {versions}."] if versions else []
        elif competitor["status"] == "recorded":
            lines.append(f"{name}*: against recorded figures, not in this run. {competitor['provenance']}")
        else:
            lines.append(f"{name}: {competitor['status']}.")
    return lines


def as_document(result, table_text):
    parts = [machine_text(result)]
    for name in result["models"]:
        tables = tables_of(result, name)
        if tables:
            parts.append(f"{title_of(result, name)}:")
        parts += [table_text(columns, lines) for columns, lines in tables]
    return "\n\n".join(parts + ["\n".join(f"- {line}" for line in notes(result))]).rstrip() + "\n"


def write_between_markers(path, text):
    path = Path(path)
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise CompareError(f"{path}: expected the lines {BEGIN} and {END}, found no such pair")
    path.write_text(f"{head}{BEGIN}\n{text}{END}{tail}", encoding="utf-8")
