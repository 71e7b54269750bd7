"""Does a question fit the field that it feeds: its kind, its choices, what a calculation can say?

A value of the wrong type, or a choice that is no slug, would not be noticed by a phone. It would
come back weeks later as an operation in quarantine, once for every family that was visited.
"""

from collections.abc import Iterator
from typing import Final

from api.formats.xform.answers import NO, NONE, YES
from api.formats.xform.faults import FormFault
from api.formats.xform.formulas import Results, settled
from api.formats.xform.mapping import Feed, Role
from api.formats.xform.survey import Survey, SurveyRow
from api.formats.xform.targets import field_of
from sync.codes import END_REASONS, SLUGS
from sync.policy import Field, FieldClass, ValueType

_TRUTHS: Final = frozenset({YES, NO, "true", "false"})
_NO_WORDS: Final = frozenset({""})
_DURATION: Final = "durasi_s"

_TEXTS: Final = ("text", "calculate", "barcode", "phonenumber", "email", "username", "hidden")
_KINDS: Final = {
    ValueType.DIGITS16: _TEXTS,
    ValueType.DIGITS3: _TEXTS,
    ValueType.NAME: _TEXTS,
    ValueType.TEXT: _TEXTS,
    ValueType.CODE: ("select_one", "calculate"),
    ValueType.BOOLEAN: ("select_one", "calculate"),
    ValueType.INTEGER: ("integer", "range", "calculate"),
    ValueType.NUMBER: ("decimal", "integer", "range", "calculate"),
    ValueType.DATE: ("date", "today", "calculate"),
    ValueType.TIMESTAMP: ("start", "end", "dateTime"),
    ValueType.UUID: ("select_one_from_file", "calculate"),
    ValueType.PHOTOS: ("image",),
}
_ROLES: Final = {
    Role.ID: ("select_one_from_file", "calculate"),
    Role.NEW_ID: ("calculate",),
    Role.LOCATION: ("geopoint", "start-geopoint"),
    Role.OBSERVED: ("today", "date"),
    Role.SHOWN: ("calculate",),
    Role.PHOTO: ("image",),
}
_STATED_KINDS: Final = {
    "id": ("select_one_from_file", "calculate"),
    "period": ("text", "select_one", "calculate"),
    "done": ("select_one", "calculate"),
}
_END_KINDS: Final = {
    "reason": ("select_one", "calculate"),
    "date": ("date", "today"),
    "twin": ("select_one_from_file", "calculate"),
}


def fit_faults(survey: Survey, row: SurveyRow, feed: Feed) -> Iterator[FormFault]:
    """What keeps this question from feeding that."""
    field = field_of(feed)
    allowed = _allowed(feed, field)
    if row.kind not in allowed:
        yield row.fault(
            "type",
            f"a question of type {row.kind} cannot feed {_named(feed)}: use {' or '.join(allowed)}",
            f"pertanyaan jenis {row.kind} tidak dapat mengisi {_named(feed)}: pakai "
            f"{' atau '.join(allowed)}",
        )
    elif feed.role is Role.END and feed.name == "reason":
        yield from _words(survey, row, feed, SLUGS[END_REASONS])
    elif feed.role is Role.STATED and feed.name == "done":
        yield from _words(survey, row, feed, _TRUTHS)
    elif feed.role is Role.FIELD and field is not None:
        yield from _value_faults(survey, row, feed, field)


def _allowed(feed: Feed, field: Field | None) -> tuple[str, ...]:
    if feed.role in _ROLES:
        return _ROLES[feed.role]
    if feed.role is Role.STATED:
        return _STATED_KINDS.get(feed.name, ("text", "calculate"))
    if feed.role is Role.END:
        return _END_KINDS.get(feed.name, ("text", "calculate"))
    assert field is not None, "every other role names a field"
    if field.field_class is FieldClass.SET:
        return ("select_multiple",)
    if field.name == _DURATION:
        # From `start` to `end`; the reader of submissions takes the difference.
        return (*_KINDS[field.value_type], "end")
    return _KINDS[field.value_type]


def _value_faults(survey: Survey, row: SurveyRow, feed: Feed, field: Field) -> Iterator[FormFault]:
    if field.codelist is not None:
        more = {NONE} if field.field_class is FieldClass.SET else set()
        yield from _words(survey, row, feed, SLUGS[field.codelist] | more)
    elif field.value_type is ValueType.BOOLEAN:
        yield from _words(survey, row, feed, _TRUTHS)
    elif field.value_type in {ValueType.INTEGER, ValueType.NUMBER} and row.kind == "calculate":
        found = settled(survey, row)
        if found.open_ or found.words - _NO_WORDS or not found.counts:
            yield _untold(row, feed, "a number", "angka")


def _words(
    survey: Survey, row: SurveyRow, feed: Feed, allowed: frozenset[str]
) -> Iterator[FormFault]:
    found: Results = settled(survey, row)
    if found.open_ or found.counts:
        yield _untold(row, feed, "one of the code list's slugs", "salah satu kode daftar")
    elif strange := sorted(found.words - allowed - _NO_WORDS):
        column = "calculation" if row.kind == "calculate" else "type"
        some = ", ".join(sorted(allowed)[:12])
        yield row.fault(
            column,
            f"{', '.join(strange[:5])} is not in the code list of {_named(feed)}; its slugs are "
            f"{some}{' …' if len(allowed) > 12 else ''}",
            f"{', '.join(strange[:5])} tidak ada dalam daftar kode {_named(feed)}; kodenya: "
            f"{some}{' …' if len(allowed) > 12 else ''}",
        )


def _untold(row: SurveyRow, feed: Feed, english: str, indonesian: str) -> FormFault:
    return row.fault(
        "calculation",
        f"nobody can tell whether this says {english} for {_named(feed)}: say it with if(), "
        "quoted words, numbers, or questions of that kind",
        f"tidak dapat dipastikan bahwa ini menghasilkan {indonesian} untuk {_named(feed)}: "
        "pakai if(), kata dalam petik, angka, atau pertanyaan sejenis",
    )


def _named(feed: Feed) -> str:
    plain = {Role.ID: "id", Role.NEW_ID: "new_id", Role.OBSERVED: "observed"}.get(feed.role)
    part = plain or {
        Role.END: f"end:{feed.name}",
        Role.SHOWN: f"{feed.name}:shown",
        Role.PHOTO: f"foto:{feed.name}",
    }.get(feed.role, feed.name)
    return f"{feed.entity}.{part}" if feed.entity else part
