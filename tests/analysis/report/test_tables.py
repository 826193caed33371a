import math

import pandas as pd

from foi_tf.analysis.report import tables
from foi_tf.analysis.report.tables import Table


def make(**changes):
    data = pd.DataFrame({"target": ["a|b", "c_d"], "gain, %": [12.345, math.nan]})
    given = {
        "id": "4a", "title": "Few & small", "scope": ("small", "x/y"), "data": data,
        "texts": tables.format_cells(data, **{"gain, %": "+.1f"}), "notes": ["100 % → all."],
    }  # fmt: skip
    return Table(**(given | changes))


def test_numbers_become_texts():
    assert make().texts["gain, %"].tolist() == ["+12.3", "–"]


def test_csv_keeps_full_precision():
    assert tables.to_csv(make()) == 'target,"gain, %"\na|b,12.345\nc_d,\n'


def test_markdown():
    assert tables.to_markdown(make()) == (
        "# Table 4a: Few & small\n\n| target | gain, % |\n| --- | ---: |\n| a\\|b | +12.3 |\n"
        "| c_d | – |\n\n100 % → all.\n"
    )


def test_latex():
    shades = pd.DataFrame({"target": ["", ""], "gain, %": ["#1b7837", "#ffffff"]})
    assert tables.to_latex(make(shades=shades)).splitlines() == [
        r"\begin{table}", r"\centering", r"\begin{tabular}{lr}", r"\toprule",
        r"target & gain, \% \\", r"\midrule",
        r"a|b & \cellcolor[HTML]{1B7837}\color{white}+12.3 \\", r"c\_d & -- \\", r"\bottomrule",
        r"\end{tabular}", r"\caption{Table 4a: Few \& small. 100 \% $\to$ all.}", r"\end{table}",
    ]  # fmt: skip


def test_names_of_files_differ_where_scopes_do():
    names = {make(scope=("small", x)).name for x in ("x/y", "x-y", "x.y")}
    assert len(names) == 3 and all("/" not in name for name in names)
    # The end of a part makes a difference, too.
    assert make(scope=("a-b", "c")).name != make(scope=("a", "b-c")).name
    assert make(scope=("a", "b", "c")).name not in {make(scope=("a-b", "c")).name}
    assert make(id="", scope=("costs",)).name == "further-costs"
