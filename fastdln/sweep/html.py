"""Rows of words as an HTML table, as notebooks and reports show them."""

from __future__ import annotations

import html
from collections.abc import Iterable


def table(caption: str, rows: Iterable[tuple[str, ...]]) -> str:
    """A table whose rows begin with their names; all text is escaped."""

    def row(name: str, *cells: str) -> str:
        columns = "".join(f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in cells)
        return f'<tr><th style="text-align: left">{html.escape(name)}</th>{columns}</tr>'

    body = "".join(row(*cells) for cells in rows)
    return f"<table><caption>{html.escape(caption)}</caption>{body}</table>"
