"""The same NIK in two villages: noted after a village's own transaction, shown to the office.

A village's transaction never touches another village, so this can only be found afterwards. It is
a list for reviewers whose area covers both villages, not a conflict: no record changes by it, and
nobody is shown the number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from api.services.pushing import bearers
from models.queries import browsing, nik_claims, records
from models.queries.nik_claims import NikBearer
from models.queries.scoping import Sight
from models.sealing import vault_of
from sync.types import ANGGOTA, Record
from sync.values import masked
from sync.workspace import natural_key


def note_claims(session: Session, changed: Sequence[Record]) -> None:
    """Remember which persons bear which NIK now. In a transaction of its own."""
    nik_claims.add_claims(session, bearers(changed))


def complete_claims(session: Session, sight: Sight, desa: str) -> int:
    """Note what is missing for a village: a server that was killed after a push noted nothing.

    Returns how many persons bear a NIK there.
    """
    found = bearers(browsing.active_records(session, sight, desa, ANGGOTA))
    nik_claims.add_claims(session, found)
    return len(found)


@dataclass(frozen=True, slots=True)
class SharedNik:
    """One NIK that persons of several villages bear; ``nik`` shows its last four digits."""

    nik: str
    bearers: tuple[Record, ...]


def shared_niks(
    session: Session, sight: Sight, area: str | None, *, limit: int, offset: int
) -> tuple[list[SharedNik], bool]:
    """A page of NIKs borne in more than one village inside the sight; are there more?

    Claims that are out of date are passed over, so a page may be shorter than ``limit``.
    """
    areas = _narrowed(sight.whole_areas(), area)
    groups = nik_claims.shared_between_villages(session, areas, limit=limit, offset=offset)
    present = _present(session, [bearer for group in groups for bearer in group])
    found: list[SharedNik] = []
    for group in groups:
        people = tuple(present[b.desa, b.record] for b in group if _still(session, present, b))
        if len({person.desa for person in people}) > 1:
            found.append(SharedNik(masked(natural_key(people[0]) or ""), people))
    return found, len(groups) == limit


def _narrowed(areas: Iterable[str], wanted: str | None) -> list[str]:
    """The parts of the areas that lie inside the wanted one."""
    if wanted is None:
        return list(areas)
    inside = [area for area in areas if area.startswith(wanted)]
    return [wanted] if any(wanted.startswith(area) for area in areas) else inside


def _present(session: Session, noted: Iterable[NikBearer]) -> dict[tuple[str, str], Record]:
    by_village: dict[str, set[str]] = {}
    for bearer in noted:
        by_village.setdefault(bearer.desa, set()).add(bearer.record)
    return {
        (desa, record.id): record
        for desa, ids in sorted(by_village.items())
        for record in records.records_by_id(session, desa, ids)
    }


def _still(session: Session, present: dict[tuple[str, str], Record], bearer: NikBearer) -> bool:
    """Is the person there, neither gone nor merged, and still of that number?"""
    person = present.get((bearer.desa, bearer.record))
    if person is None or person.end is not None or person.alias is not None:
        return False
    number = natural_key(person)
    return number is not None and vault_of(session).natural_key(number) == bearer.natural_key
