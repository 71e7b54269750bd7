"""What the verification found: of a family, of a person, and whether it was found in this round.

One place for the vocabulary that lists, forms and exports speak (domain facts, section 4.2). A
family's outcome comes from three places, and the first that speaks wins: the record was closed,
the respondent refused at the last visit, or the collector said what became of the row. A person's
comes from the closing statement or from `keberadaan`.

*An outcome counts for a round if it was stated since the round opened.* The register keeps last
period's answers, so a stamp, not a value, tells whether somebody looked again. Whoever says the
same again leaves a stamp beside the first one (a supporter), and that is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.types import END, Json, Record

HASIL: Final = "hasil"
KEBERADAAN: Final = "keberadaan"


class FamilyOutcome(StrEnum):
    """What became of a row of the list. The first four are the prelist's codes of 2019."""

    DITEMUKAN = "ditemukan"
    TIDAK_DITEMUKAN = "tidak_ditemukan"
    DATA_GANDA = "data_ganda"
    USULAN_BARU = "usulan_baru"
    PINDAH = "pindah"
    MENINGGAL = "meninggal"
    MENOLAK = "menolak"


class PersonOutcome(StrEnum):
    """What became of a person: the DTSEN form's codes, and a person who is listed twice."""

    TINGGAL = "tinggal_bersama_keluarga"
    MENINGGAL = "meninggal"
    PINDAH_WILAYAH = "pindah_wilayah"
    PINDAH_LUAR_NEGERI = "pindah_luar_negeri"
    TIDAK_DITEMUKAN = "tidak_ditemukan"
    GANDA = "ganda"


_OF_END: Final[Mapping[str, FamilyOutcome]] = {
    "pindah": FamilyOutcome.PINDAH,
    "meninggal": FamilyOutcome.MENINGGAL,
    "ganda": FamilyOutcome.DATA_GANDA,
}
_PERSON_OF_END: Final[Mapping[str, PersonOutcome]] = {
    "pindah": PersonOutcome.PINDAH_WILAYAH,
    "meninggal": PersonOutcome.MENINGGAL,
    "ganda": PersonOutcome.GANDA,
}
_SAID: Final[Mapping[str, FamilyOutcome]] = {
    outcome.value: outcome
    for outcome in (
        FamilyOutcome.DITEMUKAN,
        FamilyOutcome.TIDAK_DITEMUKAN,
        FamilyOutcome.DATA_GANDA,
        FamilyOutcome.USULAN_BARU,
    )
}
_PERSON_SAID: Final[Mapping[str, PersonOutcome]] = {one.value: one for one in PersonOutcome}
REFUSED: Final = "menolak"
"""The answer of a `kunjungan.hasil` whose respondent refused."""
PRESENT: Final = frozenset({FamilyOutcome.DITEMUKAN, FamilyOutcome.USULAN_BARU})
"""Outcomes with which somebody was at the house and can say who lives there."""


@dataclass(frozen=True, slots=True)
class FamilyFound:
    """A family's outcome with what belongs to it; `None` where nothing was said."""

    outcome: FamilyOutcome | None
    reason: str | None = None
    """Why it was not found: a slug of `prelist_alasan_tidak_ditemukan`."""
    twin: str | None = None
    """The family that it is listed twice with."""
    able: bool | None = None
    """`kemampuan`: does it have means (so that it is not eligible)?"""
    ineligible: str | None = None
    """`alasan_tidak_layak`: a slug of `dtks_tidak_layak`."""


@dataclass(frozen=True, slots=True)
class PersonFound:
    """A person's outcome; `day` and `number` belong to a death."""

    outcome: PersonOutcome | None
    day: str | None = None
    number: str | None = None
    twin: str | None = None


def family_found(
    doc: Mapping[str, Json],
    end: Mapping[str, Json] | None = None,
    visits: Sequence[Mapping[str, Json]] = (),
    *,
    listed: bool = True,
) -> FamilyFound:
    """What is said of a family. `visits`: documents of its visits, in any order.

    A family that came with no list is a new proposal, also where nobody chose that answer.
    """
    means = doc.get("kemampuan")
    able = None if means is None else means == "mampu"
    ineligible = _text(doc, "alasan_tidak_layak")
    closed = _OF_END.get(str(end.get(END))) if end is not None else None
    if closed is not None:
        twin = _text(end or {}, "twin") or _text(doc, "hasil_kembaran")
        return FamilyFound(closed, None, twin, able, ineligible)
    said = _SAID.get(str(doc.get(HASIL)))
    if said in {FamilyOutcome.TIDAK_DITEMUKAN, FamilyOutcome.DATA_GANDA}:
        reason, twin = _text(doc, "hasil_alasan"), _text(doc, "hasil_kembaran")
        return FamilyFound(said, reason, twin, able, ineligible)
    if last_answer(visits) == REFUSED:
        return FamilyFound(FamilyOutcome.MENOLAK, None, None, able, ineligible)
    if said is None and not listed:
        said = FamilyOutcome.USULAN_BARU
    return FamilyFound(said, None, None, able, ineligible)


def person_found(doc: Mapping[str, Json], end: Mapping[str, Json] | None = None) -> PersonFound:
    """What is said of a person."""
    closed = _PERSON_OF_END.get(str(end.get(END))) if end is not None else None
    if closed is not None and end is not None:
        return PersonFound(closed, _text(end, "date"), _text(end, "number"), _text(end, "twin"))
    return PersonFound(_PERSON_SAID.get(str(doc.get(KEBERADAAN))))


def last_answer(visits: Sequence[Mapping[str, Json]]) -> str | None:
    """`kunjungan.hasil` of the latest visit that has one."""
    answered = [(str(v.get("waktu") or ""), str(v[HASIL])) for v in visits if v.get(HASIL)]
    return max(answered)[1] if answered else None


def stated_since(record: Record, group: str, head: int) -> bool:
    """Did anybody state the group of a record after that position of the village's history?

    For the pseudo group `end`: was the record closed after it?
    """
    if group == END and record.end is None:
        return False
    stamps = record.stamps.get(group)
    if stamps is None:
        return record.created.seq > head and (group == END or _has(record, group))
    return any(stamp.seq > head for stamp in stamps)


def _has(record: Record, group: str) -> bool:
    return record.fields.get(group) is not None


def _text(doc: Mapping[str, Json], name: str) -> str | None:
    value = doc.get(name)
    return value if isinstance(value, str) and value else None
