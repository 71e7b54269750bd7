"""What an instrument's code or label means in the register: the label tables, as data.

`codes.csv` holds the published answers of each instrument with the slug of the register's own list
that says the same; an empty slug means that the register has no answer that says exactly that, and
then nothing is stated (BDT's "PLN" does not tell whether there is a meter). DTSEN's lists are the
register's; their numbers are not published, only their order.

A sign of an answer is compared without case, blanks and punctuation, but `<`, `>` and `=` count:
`<= 900 watt` and `> 900 watt` differ by nothing else.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from sync.codes import CODELISTS

_DATA: Final = Path(__file__).with_name("codes.csv")
_WITHOUT_NUMBERS: Final = "DTSEN"
"""The instrument that publishes its answers in their order, without the numbers."""
_NO_SIGN: Final = re.compile(r"[^a-z0-9<>=]")
_ROOM: Final = re.compile(r"(?<=[<>=])\s+")


@dataclass(frozen=True, slots=True)
class Meaning:
    """Slugs of the register's list; empty: it has no such answer. `assumed`: by order alone."""

    slugs: tuple[str, ...]
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class CodeBook:
    """The answers of one list of an instrument: by code, and by label."""

    by_code: Mapping[str, Meaning]
    by_label: Mapping[str, Meaning]
    by_order: Mapping[str, Meaning] = field(default_factory=dict)
    """Number in the catalogue → answer, where the instrument's numbers are not published."""

    def meaning(self, text: str) -> Meaning | None:
        """What a cell means; None where the list has no such answer."""
        code = code_of(text)
        found = self.by_code.get(code) or self.by_label.get(label_key(text))
        return found or self.by_order.get(code)

    def with_codes(self, labels: Mapping[str, str]) -> "CodeBook":
        """The book with an office's own numbers (code → label) in front of everything else.

        A label that the list does not have leaves its code unknown: better than by order.
        """
        known = {code: self.by_label.get(label_key(label)) for code, label in labels.items()}
        return CodeBook({code: said for code, said in known.items() if said}, self.by_label)


def code_of(text: str) -> str:
    """A code as lists write it: `3`, `3.0`, `03` and ` 3` are the same."""
    bare = text.strip().strip("'\"").casefold()
    bare = bare.removesuffix(".0")
    return (bare.lstrip("0") or "0") if bare.isascii() and bare.isdecimal() else bare


def label_key(text: str) -> str:
    """By which labels are compared."""
    return _NO_SIGN.sub("", _ROOM.sub("", text.casefold().replace("≥", ">=").replace("≤", "<=")))


@cache
def code_book(name: str) -> CodeBook:
    """The book of a list of `codes.csv` or of the register. Raises `KeyError` for any other."""
    rows = [row for row in _rows() if row["list"] == name]
    codelist = CODELISTS.get(name)
    if not rows and codelist is None:
        raise KeyError(name)
    labels = {label_key(row["label"]): _meaning(row["slug"]) for row in rows}
    codes = {code_of(row["code"]): _meaning(row["slug"]) for row in rows if row["code"]}
    order: dict[str, Meaning] = {}
    if codelist is None and not codes and rows[0]["instrument"] == _WITHOUT_NUMBERS:
        slugs = dict.fromkeys(row["slug"] for row in rows)
        order = {str(at): Meaning((slug,), assumed=True) for at, slug in enumerate(slugs, start=1)}
    for number, code in enumerate(codelist.codes if codelist else (), start=1):
        labels.setdefault(label_key(code.label_id), Meaning((code.slug,)))
        labels.setdefault(label_key(code.slug), Meaning((code.slug,)))
        if code.source_code:
            codes.setdefault(code_of(code.source_code), Meaning((code.slug,)))
        elif not codes:
            order[str(number)] = Meaning((code.slug,), assumed=True)
    return CodeBook(codes, labels, order)


def _meaning(slugs: str) -> Meaning:
    return Meaning(tuple(filter(None, slugs.split(";"))))


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _DATA.open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle))
