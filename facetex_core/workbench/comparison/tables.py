"""Figures as a table for a paper, in Markdown and in LaTeX: units, direction, the best of each column in bold."""

from collections.abc import Mapping, Sequence

from facetex_core.metrics import Metric
from facetex_core.workbench.comparison.metrics import BAKED, BAKED_NOTE, title_of

DIRECTIONS = {-1: ("↓", r"$\downarrow$", "lower is better"), 1: ("↑", r"$\uparrow$", "higher is better"), 0: ("", "", "")}
ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "·": r"$\cdot$", "|": r"$|$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
})  # fmt: skip

Rows = Sequence[tuple[str, Mapping[str, float]]]
"""A variant's name and its means by metric; one that it lacks is left out."""


def markdown(columns: Mapping[str, Metric], rows: Rows, caption: str) -> str:
    """A pipe table, and what its columns are."""
    heads = ["variant", *(f"{title_of(name, each)} {DIRECTIONS[each.better][0]}".strip() for name, each in columns.items())]
    lines = [heads, ["---", *["---:"] * len(columns)]]
    for label, cells in _cells(columns, rows):
        lines.append([label.replace("|", "\\|"), *(f"**{text}**" if best else text for text, best in cells)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{caption}\n\n{table}\n\n" + "\n".join(f"- {note}" for note in _notes(columns)) + "\n"


def latex(columns: Mapping[str, Metric], rows: Rows, caption: str) -> str:
    """A table float of the package booktabs; what the columns are stands in comments."""
    heads = [
        "variant",
        *(f"{title_of(name, each).translate(ESCAPED)} {DIRECTIONS[each.better][1]}".strip() for name, each in columns.items()),
    ]
    body = [
        [label.translate(ESCAPED), *(f"\\textbf{{{text}}}" if best else text for text, best in cells)]
        for label, cells in _cells(columns, rows)
    ]
    lines = [" & ".join(line) + r" \\" for line in (heads, *body)]
    return "\n".join([
        r"% \usepackage{booktabs}", *(f"% {note}" for note in _notes(columns)),
        r"\begin{table}", r"\centering", rf"\caption{{{caption.translate(ESCAPED)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule",
        r"\end{tabular}", r"\end{table}", "",
    ])  # fmt: skip


def _cells(columns: Mapping[str, Metric], rows: Rows) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Each row's texts, and which are the best of their column; none is where all are alike, or where light is rewarded."""
    texts = {
        name: [f"{row[name]:.{each.digits}f}" if name in row else "-" for _, row in rows] for name, each in columns.items()
    }
    best = {
        name: _best(each, [float(text) for text in texts[name] if text != "-"])
        for name, each in columns.items()
        if name not in BAKED
    }
    made = {name: [(text, text != "-" and float(text) == best.get(name)) for text in texts[name]] for name in columns}
    return [(label, [made[name][number] for name in columns]) for number, (label, _) in enumerate(rows)]


def _best(metric: Metric, values: Sequence[float]) -> float | None:
    if not metric.better or len(set(values)) < 2:
        return None
    return max(values) if metric.better > 0 else min(values)


def _notes(columns: Mapping[str, Metric]) -> list[str]:
    notes = [
        f"{title_of(name, each)}: {each.about}" + (f"; {told}" if (told := DIRECTIONS[each.better][2]) else "")
        for name, each in columns.items()
    ]
    return [*notes, *([BAKED_NOTE] if set(BAKED) & set(columns) else [])]
