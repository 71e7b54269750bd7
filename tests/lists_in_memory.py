"""Lists that come into a village in memory, and the field that answers them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import orjson

from sync.listed import ListedFamily, ListedMember, ListSource
from sync.listing import plan_listing
from sync.listing_matching import home_of
from sync.listing_plan import Issue, Judged, ListingPlan, ListingView, Memory, Remark, Verdict
from sync.listing_words import Word, is_touched, last_words
from sync.types import KELUARGA, Json, Record
from tests.builders import DESA, NIK, NO_KK, an_id
from tests.village import Phone, Village

LANE = "lists"
OCTOBER = ListSource("dtsen_2026", "dtsen", "2026-10", date(2026, 10, 1))
NOVEMBER = ListSource("dtsen_2026", "dtsen", "2026-11", date(2026, 11, 1))
LISTED_FAMILY: Mapping[str, Json] = {
    "no_kk": NO_KK,
    "nama_kepala_keluarga": "Sutrisno",
    "alamat": "Dusun II",
    "jenis_lantai_terluas": "keramik",
    "desil_nasional": 2,
    "program": ["pkh"],
}
LISTED_PERSON: Mapping[str, Json] = {
    "nik": NIK,
    "nama": "Sutrisno",
    "tanggal_lahir": "1980-05-25",
    "jenis_kelamin": "laki_laki",
    "hubungan_keluarga": "kepala_keluarga",
}


def a_member(row: int = 2, **fields: Json) -> ListedMember:
    """A person of a list; a field of ``None`` is a cell without anything in it."""
    return ListedMember(row, {**LISTED_PERSON, **fields})


def a_listed(
    *members: ListedMember, row: int = 2, list_id: str = "", **fields: Json
) -> ListedFamily:
    """A family of a list with its people, or with its head alone."""
    told = {**LISTED_FAMILY, **fields}
    return ListedFamily("keluarga.csv", row, DESA, told, {}, members or (a_member(),), list_id)


def bare(*members: ListedMember, **fields: Json) -> ListedFamily:
    """A family of which the list tells these fields and nothing else."""
    return ListedFamily("keluarga.csv", 2, DESA, fields, {}, members)


@dataclass
class Arrived:
    """What an import of one list did."""

    plans: list[ListingPlan] = field(default_factory=list)

    @property
    def operations(self) -> list[dict[str, Json]]:
        return [operation for plan in self.plans for operation in plan.operations]

    @property
    def judged(self) -> list[Judged]:
        return [one for plan in self.plans for one in plan.judged]

    @property
    def remarks(self) -> list[Remark]:
        return [one.remark for plan in self.plans for one in plan.remarks]

    def verdicts(self, entity: str = KELUARGA) -> list[Verdict]:
        return [one.verdict for one in self.judged if one.entity == entity]

    @property
    def verdict(self) -> Verdict:
        """Of the only family."""
        (verdict,) = self.verdicts()
        return verdict


@dataclass
class Lists:
    """The lane of lists of a village."""

    village: Village
    imports: int = 0
    elsewhere: frozenset[str] = frozenset()
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6, 10**9)))

    def bring(
        self,
        *families: ListedFamily,
        source: ListSource = OCTOBER,
        proposals: bool = False,
        per_chunk: int = 2,
    ) -> Arrived:
        """An import: decided against the village and pushed, chunk by chunk."""
        self.imports += 1
        issue = Issue(source, an_id(self.imports), "2026-10-01", proposals)
        memory, arrived = Memory(), Arrived()
        for start in range(0, len(families), per_chunk):
            plan = self._plan(issue, families[start : start + per_chunk], memory)
            arrived.plans.append(plan)
            memory.keep(plan.memory)
            if plan.operations:
                outcomes = self._lane().push(*plan.operations).outcomes
                assert "quarantined" not in outcomes
                assert "duplicate" not in outcomes
        return arrived

    def preview(self, *families: ListedFamily, source: ListSource = OCTOBER) -> Arrived:
        """What `bring` would do, without doing it."""
        issue, memory, arrived = Issue(source, an_id(0), "2026-10-01"), Memory(), Arrived()
        for start in range(0, len(families), 2):
            plan = self._plan(issue, families[start : start + 2], memory)
            arrived.plans.append(plan)
            memory.keep(plan.memory)
        return arrived

    def _plan(self, issue: Issue, families: Sequence[ListedFamily], memory: Memory) -> ListingPlan:
        records = list(self.village.records.values())
        view = ListingView(
            frozenset({LANE}),
            records,
            list(self.village.conflicts.values()),
            self._said(records),
            self.elsewhere,
            {str(i): r.id for r in records if (i := r.fields.get("id_dtks"))},
            {home_of(r.fields): r.id for r in records if r.entity == KELUARGA},
        )
        ids = (an_id(next(self._numbers)) for _ in iter(int, 1))
        plan = plan_listing(issue, view, families, memory, ids)
        assert all(one.record is not None for one in plan.judged if one.verdict in _WRITTEN)
        return plan

    def _said(self, records: Sequence[Record]) -> dict[str, dict[str, Word]]:
        touched = {record.id for record in records if is_touched(record, frozenset({LANE}))}
        log = sorted((seq, one) for (lane, seq), one in self.village.log.items() if lane == LANE)
        return last_words(orjson.loads(one.body) for _, one in log if one.record in touched)

    def _lane(self) -> Phone:
        lane = self.village.office(LANE)
        lane.vouches = False
        return lane


_WRITTEN = (Verdict.NEW, Verdict.CHANGED, Verdict.PROPOSED)
