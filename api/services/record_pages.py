"""A record as the office reads it, lists of records, and who else it might be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from api.errors import AppError
from api.services.conflict_pages import ConflictSummary, summary_of
from api.services.growth_pages import growth_of_family
from api.services.masking import Mask
from api.services.reviewers import Reviewer
from models.queries import browsing, conflicts
from models.queries.auditing import AuditEntry
from models.queries.browsing import Wanted
from models.queries.conflicts import ListedConflict
from sync.checks import Document, Finding, findings
from sync.growth import FamilyGrowth
from sync.similarity import Suggestion, Traits, suggestions
from sync.types import ANGGOTA, KELUARGA, Json, Record
from sync.values import districts_of


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line of a list. Numbers show their last four digits, whoever reads."""

    id: str
    entity: str
    desa: str
    rt: str
    keluarga: str
    name: Json
    number: Json
    """NIK of a person, No KK of a family."""
    end: str | None
    review: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One record in full, with what is known to be doubtful about it."""

    id: str
    entity: str
    desa: str
    rt: str
    parent: str | None
    keluarga: str
    seq: int
    fields: Mapping[str, Json]
    end: Mapping[str, Json] | None
    alias: str | None
    review: tuple[str, ...]
    beneath: tuple[RecordLine, ...]
    """Of a family its members and visits, of a person the measurements."""
    findings: tuple[Finding, ...]
    conflicts: tuple[ConflictSummary, ...]
    """The open ones."""
    growth: FamilyGrowth | None
    """Of a family: its children's, as screening, for roles that read specific data alone."""


@dataclass(frozen=True, slots=True)
class SimilarRecord:
    """Another record that may be the same."""

    line: RecordLine
    traits: Mapping[str, Json]
    """The fields that were compared."""
    score: float
    alike: tuple[str, ...]


def listed_lines(
    session: Session, reviewer: Reviewer, wanted: Wanted, *, limit: int, offset: int
) -> tuple[list[RecordLine], int]:
    """A page of a village's families and persons, and how many there are."""
    found, total = browsing.listed_records(
        session, reviewer.sight, wanted, limit=limit, offset=offset
    )
    return [line_of(record, reviewer) for record in found], total


def record_page(
    session: Session, reviewer: Reviewer, record_id: str
) -> tuple[RecordPage, AuditEntry]:
    """One record in full, and the entry that says who has read it.

    Raises `AppError` ``not-found`` for what lies out of sight.
    """
    record = _seen(session, reviewer, record_id)
    family = browsing.family_rows(session, record.desa, record.keluarga)
    beneath = [row for row in family if row.parent == record.id and row.alias is None]
    page = RecordPage(
        record.id,
        record.entity,
        record.desa,
        record.rt,
        record.parent,
        record.keluarga,
        record.seq,
        Mask(reviewer.role).fields(record.entity, record.fields),
        record.end,
        record.alias,
        record.review,
        tuple(line_of(row, reviewer) for row in beneath),
        _findings(session, reviewer, record, family),
        _open_conflicts(session, record),
        growth_of_family(reviewer, record, family),
    )
    seen: list[Json] = [record.id]
    return page, reviewer.entry("record-read", records=seen)


def similar_records(
    session: Session, reviewer: Reviewer, record_id: str
) -> tuple[str, list[SimilarRecord], AuditEntry]:
    """The village, who else in it might be this person or family, and the entry of the reading.

    Raises `AppError` ``not-found`` for what lies out of sight.
    """
    record = _seen(session, reviewer, record_id)
    if record.entity not in _COMPARED:
        raise AppError("value-refused", "Only families and persons are compared.")
    others = browsing.active_records(session, reviewer.sight, record.desa, record.entity)
    by_id = {other.id: other for other in others}
    found = suggestions(_traits(record), [_traits(other) for other in others])
    similar = [_similar(by_id[one.id], one, reviewer) for one in found]
    seen: list[Json] = [record.id, *(one.id for one in found)]
    return record.desa, similar, reviewer.entry("similar-read", records=seen)


def line_of(record: Record, reviewer: Reviewer) -> RecordLine:
    """A record as one line."""
    name, number = _LINE.get(record.entity, ("", ""))
    told = {field: record.fields.get(field) for field in (name, number) if field}
    shown = Mask(reviewer.role, numbers_masked=True).fields(record.entity, told)
    return RecordLine(
        record.id,
        record.entity,
        record.desa,
        record.rt,
        record.keluarga,
        shown.get(name),
        shown.get(number),
        str(record.end["end"]) if record.end is not None else None,
        record.review,
    )


_LINE: Mapping[str, tuple[str, str]] = {
    KELUARGA: ("nama_kepala_keluarga", "no_kk"),
    ANGGOTA: ("nama", "nik"),
}
_COMPARED: Mapping[str, tuple[str, ...]] = {
    KELUARGA: ("nama_kepala_keluarga", "alamat"),
    ANGGOTA: ("nama", "tanggal_lahir", "jenis_kelamin", "ibu_kandung"),
}


def _seen(session: Session, reviewer: Reviewer, record_id: str) -> Record:
    record = browsing.record_in_sight(session, reviewer.sight, record_id)
    if record is None:
        raise AppError("not-found")
    return record


def _similar(record: Record, suggestion: Suggestion, reviewer: Reviewer) -> SimilarRecord:
    compared = {name: record.fields.get(name) for name in _COMPARED[record.entity]}
    return SimilarRecord(
        line_of(record, reviewer),
        Mask(reviewer.role).fields(record.entity, compared),
        suggestion.score,
        suggestion.alike,
    )


def _traits(record: Record) -> Traits:
    def text(name: str) -> str | None:
        value = record.fields.get(name)
        return value if isinstance(value, str) and value else None

    if record.entity == KELUARGA:
        return Traits(record.id, name=text("nama_kepala_keluarga"), address=text("alamat"))
    return Traits(
        record.id,
        name=text("nama"),
        birth=text("tanggal_lahir"),
        sex=text("jenis_kelamin"),
        mother=text("ibu_kandung"),
    )


def _findings(
    session: Session, reviewer: Reviewer, record: Record, family: Sequence[Record]
) -> tuple[Finding, ...]:
    """Doubts about the whole household; of a person only those about them."""
    head = next((row for row in family if row.id == record.keluarga), None)
    if head is None or record.alias is not None:
        return ()
    members = [row for row in family if row.entity == ANGGOTA and row.alias is None]
    found = findings(
        _document(head),
        [_document(member) for member in members],
        today=reviewer.now.astimezone(reviewer.ground.zone).date(),
        districts=districts_of(browsing.kecamatan_codes(session)),
    )
    whole = record.id == head.id
    return tuple(one for one in found if whole or one.record_id == record.id)


def _document(record: Record) -> Document:
    return {**record.fields, "id": record.id, "end": record.end}


def _open_conflicts(session: Session, record: Record) -> tuple[ConflictSummary, ...]:
    found: Iterable[ListedConflict] = conflicts.open_of(session, record.desa, record.id)
    return tuple(summary_of(one) for one in found)
