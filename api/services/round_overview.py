"""A period in many villages: where each stands, in numbers only, and summed by kecamatan."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.services.disclosing import told_progress
from api.services.reviewers import Reviewer
from models.queries import areas, rounds
from models.queries.round_progress import RoundProgress, round_progress
from models.queries.statistics import VillageProgress
from sync.signoff import State

KECAMATAN_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class VillageStanding:
    """One village; None is a number that is withheld from the reader's role."""

    desa: str
    nama: str | None
    state: str
    families: int | None
    done: int | None
    rts: int
    rts_done: int


@dataclass(frozen=True, slots=True)
class KecamatanStanding:
    """The villages of a kecamatan on this page together."""

    kode: str
    nama: str | None
    villages: int
    states: Mapping[str, int]
    families: int | None
    done: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of villages, and their sums."""

    villages: tuple[VillageStanding, ...]
    kecamatan: tuple[KecamatanStanding, ...]


def overview(
    session: Session, reviewer: Reviewer, period: str, area: str, *, after: str, limit: int
) -> Overview:
    """Where the villages in sight stand in a period, by code, from `after` on."""
    found = round_progress(session, reviewer.sight, period, area, after=after, limit=limit)
    if not found:
        return Overview((), ())
    standing = rounds.rounds_in_sight(
        session, reviewer.sight, period, after=after, last=found[-1].desa
    )
    done = rounds.rts_done_count(session, (one.desa for one in found), period)
    villages = []
    for one in found:
        state = standing[one.desa].state if one.desa in standing else State.DAFTAR_TERBUKA
        families, told_done = _told(one, reviewer)
        villages.append(
            VillageStanding(
                one.desa,
                one.nama,
                state.value,
                families,
                told_done,
                one.rts,
                done.get(one.desa, 0),
            )
        )
    names = areas.area_names(session, {one.desa[:KECAMATAN_DIGITS] for one in found})
    return Overview(tuple(villages), tuple(_summed(villages, names)))


def _told(one: RoundProgress, reviewer: Reviewer) -> tuple[int | None, int | None]:
    told = told_progress(VillageProgress(one.desa, one.nama, one.families, one.done), reviewer.role)
    return told.families, told.done


def _summed(
    villages: Sequence[VillageStanding], names: Mapping[str, str]
) -> Iterable[KecamatanStanding]:
    by_code: dict[str, list[VillageStanding]] = {}
    for one in villages:
        by_code.setdefault(one.desa[:KECAMATAN_DIGITS], []).append(one)
    for code, within in by_code.items():
        yield KecamatanStanding(
            code,
            names.get(code),
            len(within),
            dict(Counter(one.state for one in within)),
            _sum(one.families for one in within),
            _sum(one.done for one in within),
        )


def _sum(numbers: Iterable[int | None]) -> int | None:
    """A sum beside a withheld number would tell that number, so it is withheld as well."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
