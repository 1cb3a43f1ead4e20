"""A run as a chart: bars of requests a second, relative to PostGraphile."""

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from bench.rounds import medians, ratio
from bench.servers import KINDS, OURS, POSTGRAPHILE

if TYPE_CHECKING:
    from bench.report import Run

WIDTH, LEFT, BAR, GAP, TITLE = 760, 210, 20, 4, 34
OWN, OTHER, LIMIT = "#0b7285", "#adb5bd", "#dee2e6"
COLOURS: Final = {OURS.name: OWN, "raw": LIMIT}


def drawn(run: "Run") -> str:
    """Return the chart as SVG."""
    parts, y = [], 44
    for operation, found in run.results.items():
        base = POSTGRAPHILE.name if POSTGRAPHILE.name in found else next(iter(found))
        ratios = {name: ratio(found, name, base) or 0.0 for name in found}
        parts.append(f'<text x="16" y="{y + 12}" class="o">{escape(operation)}</text>')
        y += TITLE - 12
        for name in sorted(found, key=lambda one: -ratios[one]):
            middle = medians(found[name])
            note = f"{ratios[name]:.2f} ×   {middle.rps:.0f}/s   gateway {middle.gateway_ms:.2f} ms"
            width = max(1, round((WIDTH - LEFT - 260) * ratios[name] / max(ratios.values())))
            parts.append(_bar(y, KINDS[name].title, width, COLOURS.get(name, OTHER), note))
            y += BAR + GAP
        y += 14
    caption = f"{run.size}, concurrency {run.connections}, one process each; {run.machine}; {run.at:%Y-%m-%d}"
    return _whole(parts, y, caption)


def _bar(y: int, title: str, width: int, colour: str, note: str) -> str:
    middle = y + BAR - 6
    return (
        f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(title)}</text>'
        f'<rect x="{LEFT}" y="{y}" width="{width}" height="{BAR}" rx="2" fill="{colour}"/>'
        f'<text x="{LEFT + width + 8}" y="{middle}">{escape(note)}</text>'
    )


def _whole(parts: list[str], height: int, caption: str) -> str:
    style = "text{font:12px system-ui,sans-serif;fill:#212529}.o{font-weight:600;font-size:14px}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height + 20}" role="img">'
    title = '<text x="16" y="24" class="o">Requests a second, relative to PostGraphile 5</text>'
    foot = f'<text x="16" y="{height + 6}">{escape(caption)}</text>'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{style}</style>{background}{title}", *parts, foot, "</svg>", ""])
