"""Rows of words as an HTML table, as notebooks and reports show them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

TABLE = """\
<table><caption>{{ caption }}</caption>
{%- for row in rows -%}
<tr><th style="text-align: left">{{ row[0] }}</th>
{%- for cell in row[1:] -%}
<td style="text-align: left">{{ cell }}</td>
{%- endfor -%}
</tr>
{%- endfor -%}
</table>"""


def table(caption: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table whose rows begin with their names; all text is escaped."""
    return template().render(caption=caption, rows=rows)


@cache
def template() -> Template:
    from jinja2 import Environment  # no sweep waits for it that is not shown

    return Environment(autoescape=True).from_string(TABLE)
