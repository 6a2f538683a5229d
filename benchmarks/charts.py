"""Draws the charts of docs/performance.md from the results: `python -m benchmarks.charts`.

Plain SVG, bars from the left; readable on light and on dark ground, each of which it brings itself.
"""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.contenders import DRAINING

FOLDER = Path("docs/images/performance")
WIDTH, ROW, TOP, LABEL, RIGHT = 860, 30, 62, 370, 90
STYLE = """
  .ground { fill: #ffffff } text { fill: #20251f; font: 14px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 17px } .note { fill: #5c6057; font-size: 12px }
  .peer { fill: #9aa392 } .ours { fill: #3d7a3a } .range { stroke: #20251f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #161916 } text { fill: #eef0ea } .note { fill: #a9aea2 }
    .peer { fill: #6b7365 } .ours { fill: #7fc07a } .range { stroke: #eef0ea }
  }
"""

Bar = tuple[str, dict[str, Any], bool]


def bars(title: str, note: str, found: Sequence[Bar]) -> str:
    """Return a chart: of each bar its label, its figure's spread, and whether it is ours."""
    longest = max(figure["highest"] for _, figure, _ in found) or 1.0
    scale = (WIDTH - LABEL - RIGHT) / longest
    height = TOP + ROW * len(found) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="20" y="28">{escape(title)}</text>',
        f'<text class="note" x="20" y="48">{escape(note)}</text>',
    ]
    for position, (label, figure, is_ours) in enumerate(found):
        y = TOP + ROW * position
        middle, end = y + 11, LABEL + figure["highest"] * scale
        kind = "ours" if is_ours else "peer"
        width = max(figure["median"] * scale, 1)
        low = LABEL + figure["lowest"] * scale
        lines += [
            f'<text x="{LABEL - 10}" y="{y + 16}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{width:.1f}" height="22" rx="3"/>',
            f'<path class="range" d="M{low:.1f} {middle}H{end:.1f}"/>',
            f'<text x="{end + 8:.1f}" y="{y + 16}">{figure["median"]:,.0f}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def drain_charts(data: dict[str, Any]) -> dict[str, str]:
    """Return the charts of the backlog at no latency, one for each database."""
    made = {}
    for database, found in data.items():
        shown: list[Bar] = []
        for one in DRAINING:
            if one.key in found["contenders"]:
                figure = found["contenders"][one.key]["rate"]
                shown.append((one.key, figure, one.key.startswith("postroom")))
        title = f"Backlog drained at no latency, {database}: mails per second"
        made[f"drain-{database}"] = bars(title, "Two worker processes; median and range", shown)
    return made


def latency_charts(data: dict[str, Any]) -> dict[str, str]:
    """Return the charts of the backlog at 100 ms an answer."""
    made = {}
    for over, found in data.items():
        shown: list[Bar] = [
            (key, figures["rate"], key == "postroom")
            for key, figures in found["contenders"].items()
        ]
        title = f"Each answer after 100 ms, {over}: mails per second"
        made[f"latency-{over}"] = bars(title, "Two worker processes; median and range", shown)
    return made


def write(results: Path, *, folder: Path = FOLDER) -> list[Path]:
    """Draw what the results hold; return the files."""
    known = json.loads(results.read_text())
    made: dict[str, str] = {}
    for name, draw in (("drain", drain_charts), ("latency", latency_charts)):
        if name in known:
            made |= draw(known[name]["data"])
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.svg" for name in made]
    for path, text in zip(paths, made.values(), strict=True):
        path.write_text(text)
    return paths


if __name__ == "__main__":
    for written in write(Path(sys.argv[1] if len(sys.argv) > 1 else "var/benchmarks/results.json")):
        print(written)
