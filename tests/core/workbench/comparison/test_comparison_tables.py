"""Figures as papers print them."""

from facetex_core.metrics import METRICS
from facetex_core.workbench.comparison.metrics import BAKED, BAKED_NOTE
from facetex_core.workbench.comparison.tables import latex, markdown

COLUMNS = {name: METRICS[name] for name in ("reprojection", "photo_psnr", "tone", "albedo_psnr", "seconds")}
ROWS = [
    ("a · b_c=1", {"reprojection": 1.004, "photo_psnr": 20.0, "tone": 0.0, "albedo_psnr": 21.25, "seconds": 2.0}),
    ("50% & x|y", {"reprojection": 1.001, "photo_psnr": 25.0, "tone": 3.0, "albedo_psnr": 26.0, "seconds": 2.04}),
    ("failed", {}),
]


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_markdown_has_units_directions_and_the_best_in_bold():
    head, rule, *rows = lines(markdown(COLUMNS, ROWS, "Means."), "| ")
    assert head == "| variant | landmarks % ↓ | photo dB* ↑ | tone | albedo dB ↑ | seconds ↓ |"
    assert rule.count("---:") == len(COLUMNS)
    assert rows == [
        "| a · b_c=1 | 1.00 | 20.0 | 0.0 | 21.2 | 2.0 |",
        "| 50% & x\\|y | 1.00 | 25.0 | 3.0 | **26.0** | 2.0 |",
        "| failed | - | - | - | - | - |",
    ]


def test_latex_is_a_table_of_booktabs_with_special_signs_escaped():
    text = latex(COLUMNS, ROWS, "Means of 50%.")
    assert [line for line in text.splitlines() if line.startswith("\\")] == [
        r"\begin{table}", r"\centering", r"\caption{Means of 50\%.}", r"\begin{tabular}{lrrrrr}", r"\toprule", r"\midrule",
        r"\bottomrule", r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip
    head, *rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert (
        head
        == r"variant & landmarks \% $\downarrow$ & photo dB* $\uparrow$ & tone & albedo dB $\uparrow$ & seconds $\downarrow$ \\"
    )
    assert rows[0] == r"a $\cdot$ b\_c=1 & 1.00 & 20.0 & 0.0 & 21.2 & 2.0 \\"
    assert rows[1] == r"50\% \& x$|$y & 1.00 & 25.0 & 3.0 & \textbf{26.0} & 2.0 \\"


def test_what_rewards_light_in_the_albedo_is_starred_and_never_the_best():
    columns = {name: METRICS[name] for name in (*BAKED, "reprojection")}
    rows = [(str(number), dict.fromkeys(columns, float(number))) for number in range(3)]
    for form, bold in ((markdown, "**"), (latex, r"\textbf")):
        text = form(columns, rows, "")
        assert text.count("*: ") == len(BAKED)
        assert BAKED_NOTE in text
        assert text.count(bold) == (2 if bold == "**" else 1)
        assert BAKED_NOTE not in form({"reprojection": METRICS["reprojection"]}, rows, "")
