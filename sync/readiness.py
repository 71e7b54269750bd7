"""What a village still lacks before its head can sign: every check names the families.

The checks are those of the domain's facts, section 8: every row of the list has an outcome, no
question is open, nothing waits in quarantine, numbers are right or explained, deaths are dated,
twins are pointed to, evidence is there; and of the meeting, that it was held and decided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sync.checks import Document, findings
from sync.evidence import NOTHING, Profile, missing
from sync.outcomes import PRESENT, FamilyOutcome, PersonOutcome
from sync.types import END, Record
from sync.values import NO_DISTRICTS, Districts, Severity
from sync.village_round import RoundFamily, VillageRound


class Check(StrEnum):
    """What is looked at; stable codes, clients translate them."""

    RT_NOT_DONE = "rt-not-done"
    OUTCOME_MISSING = "outcome-missing"
    PERSON_OUTCOME_MISSING = "person-outcome-missing"
    CONFLICT_OPEN = "conflict-open"
    QUARANTINE_WAITING = "quarantine-waiting"
    FINDING_OPEN = "finding-open"
    DEATH_UNDATED = "death-undated"
    TWIN_UNRESOLVED = "twin-unresolved"
    EVIDENCE_MISSING = "evidence-missing"
    DISPUTE_UNDECIDED = "dispute-undecided"
    MEETING_UNRECORDED = "meeting-unrecorded"


BEFORE_MUSYAWARAH: Final = frozenset({Check.RT_NOT_DONE})
"""Asked when the musyawarah opens, and answered for good by a supervisor's reason."""

TEXTS: Final[Mapping[Check, tuple[str, str]]] = MappingProxyType(
    {
        Check.RT_NOT_DONE: (
            "RT ini belum menyatakan selesai; minta ketua RT, atau operator atas namanya.",
            "This RT has not been stated as done; ask its head, or state it in their name.",
        ),
        Check.OUTCOME_MISSING: (
            "Belum ada hasil verifikasi pada periode ini; kunjungi keluarga ini.",
            "There is no outcome in this period; visit the family.",
        ),
        Check.PERSON_OUTCOME_MISSING: (
            "Keberadaan anggota belum diisi pada periode ini; tanyakan kepada keluarganya.",
            "Nobody said in this period whether this person is there; ask the family.",
        ),
        Check.CONFLICT_OPEN: (
            "Ada perbedaan yang belum diputuskan; supervisor harus memutuskannya.",
            "A conflict is open; a supervisor has to decide it.",
        ),
        Check.QUARANTINE_WAITING: (
            "Ada isian di karantina; supervisor harus melepas atau menolaknya.",
            "Something waits in quarantine; a supervisor has to release or reject it.",
        ),
        Check.FINDING_OPEN: (
            "Ada data yang keliru tanpa alasan; perbaiki, atau tuliskan alasannya.",
            "Something is wrong and no reason is given; correct it, or give the reason.",
        ),
        Check.DEATH_UNDATED: (
            "Kematian tanpa tanggal; isi tanggal meninggal.",
            "A death has no date; enter it.",
        ),
        Check.TWIN_UNRESOLVED: (
            "Data ganda tidak menunjuk keluarga yang ada; pilih kembarannya.",
            "A family is listed twice but points to no other family; choose its twin.",
        ),
        Check.EVIDENCE_MISSING: (
            "Bukti yang diminta belum lengkap; lengkapi isian atau fotonya.",
            "Required evidence is missing; complete the fields or photos.",
        ),
        Check.DISPUTE_UNDECIDED: (
            "Belum diputuskan oleh musyawarah; catat keputusannya.",
            "The musyawarah has not decided about this family; write its decision down.",
        ),
        Check.MEETING_UNRECORDED: (
            "Tempat, tanggal, atau daftar hadir musyawarah belum dicatat.",
            "Place, date or attendance of the musyawarah has not been written down.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Culprit:
    """Where a check is not met. `what` is a code: a field, a finding, a reason; never a value."""

    family: str | None
    rt: str
    record: str | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A check that is not met, and where."""

    check: Check
    culprits: tuple[Culprit, ...]

    @property
    def families(self) -> int:
        """How many families it names, each once; those without one count as one each."""
        named = {one.family for one in self.culprits if one.family is not None}
        return len(named) + sum(one.family is None for one in self.culprits)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something about the village that waits for a person: a conflict, an operation set aside."""

    record: str | None
    what: str


class Dispute(StrEnum):
    """Why a family is on the agenda of the musyawarah."""

    MAMPU = "mampu"
    TIDAK_DITEMUKAN = "tidak_ditemukan"
    DATA_GANDA = "data_ganda"
    USULAN_BARU = "usulan_baru"
    MENOLAK = "menolak"
    KEPUTUSAN_DIBUKA = "keputusan_dibuka"
    KONFLIK = "konflik"


TO_BE_DECIDED: Final = frozenset(Dispute) - {Dispute.KONFLIK}
"""A conflict that a reviewer settled is told to the meeting; it decides nothing about it."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the checks know beside the list itself."""

    day: date
    """The local day of the kabupaten."""
    profile: Profile
    conflicts: Sequence[Waiting] = ()
    """Open ones, once for each record that they name."""
    quarantine: Sequence[Waiting] = ()
    reasons: frozenset[tuple[str, str]] = frozenset()
    """(record, code of a finding) that somebody gave a reason for."""
    rts_done: frozenset[str] = frozenset()
    reopened: frozenset[str] = frozenset()
    """Records about which a decision was asked again in this round."""
    settled: frozenset[str] = frozenset()
    """Records about which a reviewer decided in this round."""
    decided: frozenset[str] = frozenset()
    """Families that the musyawarah decided about."""
    meeting_recorded: bool = False
    districts: Districts = NO_DISTRICTS


def unmet(village: VillageRound, around: Circumstances) -> tuple[Unmet, ...]:
    """Every check that is not met, in the order of `Check`."""
    found: dict[Check, list[Culprit]] = {check: [] for check in Check}
    found[Check.RT_NOT_DONE] = [
        Culprit(None, rt) for rt in rts_of(village) if rt not in around.rts_done
    ]
    for check, culprit in _of_families(village, around):
        found[check].append(culprit)
    found[Check.CONFLICT_OPEN] = [*_waiting(village, around.conflicts)]
    found[Check.QUARANTINE_WAITING] = [*_waiting(village, around.quarantine)]
    found[Check.DISPUTE_UNDECIDED] = [
        _culprit(family, what=" ".join(sorted(why & TO_BE_DECIDED)))
        for family, why in agenda(village, around)
        if why & TO_BE_DECIDED and family.id not in around.decided
    ]
    if not around.meeting_recorded:
        found[Check.MEETING_UNRECORDED] = [Culprit(None, "")]
    return tuple(Unmet(check, tuple(named)) for check, named in found.items() if named)


def rts_of(village: VillageRound) -> tuple[str, ...]:
    """RTs in which the list has families; empty text for those without one."""
    return tuple(sorted({family.record.rt for family in village.families}))


def lacking_outcome(village: VillageRound, rt: str) -> int:
    """How many families of an RT have no outcome in this round."""
    return sum(
        family.record.rt == rt and not family.has_outcome(village.opened_head)
        for family in village.families
    )


def agenda(
    village: VillageRound, around: Circumstances
) -> tuple[tuple[RoundFamily, frozenset[Dispute]], ...]:
    """Families that the musyawarah speaks of, and why, in the order of the list."""
    reopened = _families_of(village, around.reopened)
    disputed = _families_of(village, around.settled | {c.record or "" for c in around.conflicts})
    listed = (
        (family, _disputes(family, reopened=reopened, disputed=disputed))
        for family in village.families
    )
    return tuple((family, why) for family, why in listed if why)


_BY_OUTCOME: Final[Mapping[FamilyOutcome | None, Dispute]] = {
    FamilyOutcome.TIDAK_DITEMUKAN: Dispute.TIDAK_DITEMUKAN,
    FamilyOutcome.DATA_GANDA: Dispute.DATA_GANDA,
    FamilyOutcome.USULAN_BARU: Dispute.USULAN_BARU,
    FamilyOutcome.MENOLAK: Dispute.MENOLAK,
}


def _disputes(family: RoundFamily, *, reopened: set[str], disputed: set[str]) -> frozenset[Dispute]:
    found = family.found
    why = {_BY_OUTCOME[found.outcome]} if found.outcome in _BY_OUTCOME else set()
    if found.able and found.outcome in PRESENT:
        why.add(Dispute.MAMPU)
    if family.id in reopened:
        why.add(Dispute.KEPUTUSAN_DIBUKA)
    elif family.id in disputed:
        why.add(Dispute.KONFLIK)
    return frozenset(why)


def _families_of(village: VillageRound, records: Iterable[str]) -> set[str]:
    return {
        family
        for record in records
        if (family := village.family_of.get(village.canonical.get(record, record))) is not None
    }


def _waiting(village: VillageRound, waiting: Iterable[Waiting]) -> Iterator[Culprit]:
    rts = {family.id: family.record.rt for family in village.families}
    for one in waiting:
        now = village.canonical.get(one.record or "", one.record or "")
        family = village.family_of.get(now)
        yield Culprit(family, rts.get(family or "", ""), one.record, one.what)


def _culprit(family: RoundFamily, record: str | None = None, what: str = "") -> Culprit:
    return Culprit(family.id, family.record.rt, record or family.id, what)


def _of_families(village: VillageRound, around: Circumstances) -> Iterator[tuple[Check, Culprit]]:
    for family in village.families:
        if not family.has_outcome(village.opened_head):
            yield Check.OUTCOME_MISSING, _culprit(family)
        yield from _of_people(family, village.opened_head, around.profile)
        yield from _of_deaths(family)
        yield from _of_twins(family, village)
        yield from _of_evidence(family, around.profile)
        yield from _of_findings(family, around)


def _of_people(
    family: RoundFamily, opened_head: int, profile: Profile
) -> Iterator[tuple[Check, Culprit]]:
    if not profile.people_asked or family.found.outcome not in PRESENT:
        return
    for person in family.people:
        if not person.has_outcome(opened_head):
            yield Check.PERSON_OUTCOME_MISSING, _culprit(family, person.record.id, "keberadaan")


def _of_deaths(family: RoundFamily) -> Iterator[tuple[Check, Culprit]]:
    dead = [family.record] if family.found.outcome is FamilyOutcome.MENINGGAL else []
    dead += [p.record for p in family.people if p.found.outcome is PersonOutcome.MENINGGAL]
    for record in dead:
        if not (record.end or {}).get("date"):
            yield Check.DEATH_UNDATED, _culprit(family, record.id, "end.date")


def _of_twins(family: RoundFamily, village: VillageRound) -> Iterator[tuple[Check, Culprit]]:
    """A twin that is nowhere in the village, or the record itself, names nothing."""
    if family.found.outcome is FamilyOutcome.DATA_GANDA:
        twin = village.canonical.get(family.found.twin or "")
        if twin in {None, family.id}:
            yield Check.TWIN_UNRESOLVED, _culprit(family, what="hasil_kembaran")
    for person in family.people:
        if person.found.outcome is PersonOutcome.GANDA:
            twin = village.canonical.get(person.found.twin or "")
            if twin in {None, person.record.id}:
                yield Check.TWIN_UNRESOLVED, _culprit(family, person.record.id, "end.twin")


def _of_evidence(family: RoundFamily, profile: Profile) -> Iterator[tuple[Check, Culprit]]:
    visits = [visit.fields for visit in family.visits]
    needed = profile.families.get(family.found.outcome or "", NOTHING)
    for what in missing(needed, family.record.fields, family.record.end, visits):
        yield Check.EVIDENCE_MISSING, _culprit(family, what=what)
    for person in family.people:
        needed = profile.people.get(person.found.outcome or "", NOTHING)
        for what in missing(needed, person.record.fields, person.record.end, visits):
            yield Check.EVIDENCE_MISSING, _culprit(family, person.record.id, what)


_EXPLAINED_BY: Final[Mapping[str, str]] = {"nik": "nik_alasan", "no_kk": "no_kk_alasan"}


def _of_findings(family: RoundFamily, around: Circumstances) -> Iterator[tuple[Check, Culprit]]:
    # Nobody can correct the numbers of a family that was not met.
    if family.found.outcome not in PRESENT:
        return
    records = {one.id: one for one in (family.record, *(p.record for p in family.people))}
    for finding in findings(
        _document(family.record),
        [_document(person.record) for person in family.people],
        today=around.day,
        districts=around.districts,
    ):
        if finding.severity is not Severity.ERROR:
            continue
        explanation = records[finding.record_id].fields.get(_EXPLAINED_BY.get(finding.field, ""))
        if not explanation and (finding.record_id, finding.code) not in around.reasons:
            yield Check.FINDING_OPEN, _culprit(family, finding.record_id, finding.code)


def _document(record: Record) -> Document:
    return {**record.fields, "id": record.id, END: record.end}
