"""What was measured, as a table."""

from collections import defaultdict
from pathlib import Path

MARK = "<!-- measured -->"
SERVERS = ("medkabinet", "mercurius", "graphql-ws")


class Figures:
    """Numbers by what was measured and of whom."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, float]] = defaultdict(dict)

    def put(self, server: str, what: str, value: float) -> None:
        """Note a number, and show it at once."""
        self._rows[what][server] = value
        print(f"{server}: {what}: {value:.2f}", flush=True)

    def table(self, about: str) -> str:
        """Return all as a table, with ours in proportion to Mercurius'."""
        lines = [about, "", f"| what | {' | '.join(SERVERS)} | ours ÷ Mercurius |", "|---|---|---|---|---|"]
        for what, values in self._rows.items():
            cells = [f"{values[server]:.1f}" if server in values else "" for server in SERVERS]
            ratio = f"{values['medkabinet'] / values['mercurius']:.2f}" if values.get("mercurius") else ""
            lines.append(f"| {what} | {' | '.join(cells)} | {ratio} |")
        return "\n".join(lines)

    def write(self, path: Path, table: str) -> None:
        """Put the table behind the mark of a page."""
        before = path.read_text().partition(MARK)[0]
        path.write_text(f"{before}{MARK}\n{table}\n")
