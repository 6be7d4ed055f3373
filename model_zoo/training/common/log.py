"""What a training says of itself: a row of JSON a line, and a page of curves.

python -m training.common.log LOG... -o curves.html
"""

import json
from pathlib import Path

import click
import plotly.graph_objects as go
from plotly.subplots import make_subplots


class Log:
    """Appends rows; rows after the step at which a training goes on are left out, for they come again."""

    def __init__(self, path: Path, step: int = 0) -> None:
        self.path = path
        kept = [row for row in read(path) if row["step"] <= step] if step else []
        path.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")

    def add(self, step: int, figures: dict[str, float]) -> None:
        """One row; without figures, none. No figure may be called `step`."""
        assert "step" not in figures
        if figures:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **figures}) + "\n")


def read(path: Path) -> list[dict[str, float]]:
    """The rows."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def curves(logs: dict[str, list[dict[str, float]]]) -> go.Figure:
    """A panel a figure, a curve a training."""
    names = sorted({name for rows in logs.values() for row in rows for name in row} - {"step"})
    figure = make_subplots(len(names), 1, subplot_titles=names)
    for number, name in enumerate(names, 1):
        for title, rows in logs.items():
            told = [(row["step"], row[name]) for row in rows if name in row]
            steps, values = zip(*told, strict=True) if told else ((), ())
            figure.add_scatter(x=steps, y=values, name=title, row=number, col=1, showlegend=number == 1)
    return figure.update_layout(height=260 * len(names))


@click.command(help=__doc__)
@click.argument("logs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("curves.html"), show_default=True)
def main(logs: tuple[Path, ...], output: Path) -> None:
    """Writes a page that needs nothing but a browser."""
    curves({str(path.parent): read(path) for path in logs}).write_html(output)


if __name__ == "__main__":
    main()
