"""Sheets of paper, and how pages are put onto them.

Villages print on A4 or on F4 (folio, 215 × 330 mm), whichever the shop had. The content is equally
wide on both, so only the number of pages differs.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, partial
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.web.printing import spelling

CONTENT_MM: Final = 188.0
"""Width of what is printed, on either paper."""
HEAD_MM: Final = 15.0
"""The head of each page, and the space beneath it."""
FOOT_MM: Final = 9.0
LINE_MM: Final = 3.7
"""One line of the small type, `--line` of the style sheet."""
SMALL_PT: Final = 8.5
"""The small type: tables."""
TEXT_PT: Final = 10.5
TEXT_LINE_MM: Final = 5.0
_SLACK_MM: Final = 3.0
_UNPRINTED_MM: Final = 20.0
"""Margins above and below together, `@page` of the style sheet."""


class Paper(StrEnum):
    """A size of paper."""

    A4 = "a4"
    F4 = "f4"

    @property
    def size_mm(self) -> tuple[int, int]:
        return (210, 297) if self is Paper.A4 else (215, 330)

    @property
    def room_mm(self) -> float:
        """Height for content between head and foot of a page."""
        return self.size_mm[1] - _UNPRINTED_MM - HEAD_MM - FOOT_MM - _SLACK_MM


TEMPLATES: Final = Environment(
    loader=PackageLoader("api.web.printing"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["spelt"] = spelling.spelt
TEMPLATES.filters["short_date"] = spelling.short_date
TEMPLATES.filters["period_name"] = spelling.period_name


def part(template: str, macro: str, *values: object, **named: object) -> Markup:
    """A piece of a page, from a macro of a template."""
    found = getattr(_module(template), macro)
    return Markup(found(*values, **named))  # noqa: S704  # an autoescaping template made it


@cache
def _module(template: str) -> object:
    return TEMPLATES.get_template(template).module


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on every page of a print-out."""

    title: str
    head: Markup
    """Village, RT, period: a line or two."""
    foot: str
    paper: Paper = Paper.A4
    draft: bool = False
    """DRAF stands across each page."""
    extra: Mapping[str, object] = field(default_factory=dict)


def printed(sheet: Sheet, pages: Sequence[Markup]) -> str:
    """A whole HTML file: styles inside, nothing from outside, no script."""
    width, height = sheet.paper.size_mm
    return TEMPLATES.get_template("sheets.html").render(
        sheet=sheet,
        pages=pages,
        style=Markup(style(sheet.paper)),  # noqa: S704  # our own file
        width=width,
        height=height,
    )


@cache
def style(paper: Paper) -> str:
    """The style sheet for a paper."""
    width, height = paper.size_mm
    source = files("api.web.printing").joinpath("paper.css").read_text(encoding="utf-8")
    source = re.sub(r"/\*.*?\*/\n?", "", source, flags=re.DOTALL)
    values = {
        "WIDTH": f"{width}mm",
        "HEIGHT": f"{height}mm",
        "SHEET": f"{height - _UNPRINTED_MM - 1}mm",
        "SIDE": f"{(width - CONTENT_MM) / 2}mm",
    }
    for name, value in values.items():
        source = source.replace(f"${name}", value)
    return source


@cache
def content_security(paper: Paper) -> str:
    """The policy of a print page: its own style, by its hash, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(style(paper).encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


grouped_in_fours = partial(re.sub, r"(.{4})(?=.)", r"\1 ")
"""`0123456789ab` → `0123 4567 89ab`: what people compare by eye."""
