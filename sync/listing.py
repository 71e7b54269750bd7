"""What a list means for a village: operations of its lane of lists, and a verdict for every row.

Pure, like everything that decides: the same register and the same rows give the same answer, so a
preview is the import without its last step. What a list may say about a record that is there is
`sync.listing_words`' question, which record a row means `sync.listing_matching`'s. Here rows become
operations, which then pass through `plan_push` like everybody's.

A list creates, states and adds. It never ends a record and never reopens one, and what it no longer
names it leaves alone. It moves a person only between families where nobody but lists has ever
spoken about that person: a card that was split would else double everybody on it. Whoever was seen
by somebody in the field stays where they were seen; the row begins a second record, which is
flagged as the same person, and a reviewer decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sync.listed import ListedFamily, ListedMember, RefusedRow
from sync.listing_matching import Register, matched_members, plain_name
from sync.listing_plan import (
    Issue,
    Judged,
    ListingPlan,
    ListingView,
    Memory,
    Remark,
    Remarked,
    Seen,
    Verdict,
)
from sync.listing_words import Heard, Speaker, Speech, is_touched, speech
from sync.operation import EndReason
from sync.types import ANGGOTA, KELUARGA, Conflict, GroupValue, Json, Record
from sync.workspace import is_identifying

MEMBERS_PER_FAMILY_MAX: Final = 200
"""A card holds a dozen people; hundreds under one number are a list gone wrong."""
PROPOSED_FIELDS: Final = frozenset({"program_diusulkan"})
"""What a proposal says about a family that is there already."""
NEWLY_PROPOSED: Final[Mapping[str, Json]] = {"hasil": "usulan_baru"}

TOO_MANY: Final = (
    "Lebih dari 200 anggota dalam satu No KK: periksa apakah No KK ini benar, lalu kirim ulang."
)
NOBODY: Final = "Baris tanpa nama dan tanpa NIK tidak dapat dikenali lagi: lengkapi salah satunya."
UNKNOWN_FAMILY: Final = (
    "Keluarga ini belum ada di daftar desa: masukkan dahulu daftar keluarganya, lalu kirim ulang."
)
ENDED: Final = (
    "Daftar menyebut orang ini sudah meninggal atau pindah, dan ia belum ada di desa: tidak "
    "dimasukkan."
)


def plan_listing(
    issue: Issue,
    view: ListingView,
    families: Sequence[ListedFamily],
    memory: Memory,
    ids: Iterator[str],
) -> ListingPlan:
    """Decide some families of one village. ``ids`` are new record ids, in rising order."""
    run = _Run(
        issue,
        view,
        issue.speaker(view.lanes),
        memory,
        ids,
    )
    for conflict in view.conflicts:
        run.conflicts.setdefault(conflict.record, []).append(conflict)
    for family in families:
        run.family(family)
    return run.plan


@dataclass(slots=True)
class _Run:
    issue: Issue
    view: ListingView
    speaker: Speaker
    memory: Memory
    ids: Iterator[str]
    conflicts: dict[str, list[Conflict]] = field(default_factory=dict)
    plan: ListingPlan = field(default_factory=ListingPlan)
    register: Register = field(init=False)

    def __post_init__(self) -> None:
        self.register = Register(
            {record.id: record for record in self.view.records},
            self._has_answered,
            list_ids=self.view.list_ids,
            homes=self.view.homes,
        ).fill()

    def family(self, listed: ListedFamily) -> None:
        """One family with its people."""
        begun = self._begun(listed)
        known = self.register.family_of(listed) if begun is None else self._named(begun)
        reason = TOO_MANY if len(listed.members) > MEMBERS_PER_FAMILY_MAX else None
        if known is None and begun is None and self.issue.source.only_known:
            reason = UNKNOWN_FAMILY
        if reason is not None:
            self._refuse(listed, KELUARGA, reason)
            for member in listed.members:
                self._refuse(_Row(member, member.file or listed.file), ANGGOTA, reason)
            return
        if begun is not None:
            self._remark(listed, Remark.KK_TWICE)
        if known is not None:
            self._known_family(listed, known)
        elif begun is not None:
            self._judge(listed, KELUARGA, Verdict.SAME, begun)
            self._newcomers(listed, begun)
        else:
            self._new_family(listed)

    def _begun(self, listed: ListedFamily) -> str | None:
        """The family that an earlier row under the same number meant, or began."""
        number = listed.fields.get("no_kk")
        if not isinstance(number, str) or not is_identifying(number):
            return None
        return self.memory.begun.get(number) or self.plan.memory.begun.get(number)

    def _named(self, family: str) -> Record | None:
        """A family that was there before this import; what it began itself is not looked into."""
        is_new = family in self.memory.created or family in self.plan.memory.created
        return None if is_new else self.register.by_id.get(family)

    def _note(self, listed: ListedFamily, family: str) -> None:
        number = listed.fields.get("no_kk")
        if isinstance(number, str) and is_identifying(number):
            self.plan.memory.begun.setdefault(number, family)

    def _new_family(self, listed: ListedFamily) -> None:
        record, fields = self._new_id(), _stated(listed.fields)
        if self.issue.proposals:
            fields = {**fields, **NEWLY_PROPOSED}
        self._say(listed, KELUARGA, kind="create", id=record, set=fields)
        self._judge(listed, KELUARGA, Verdict.NEW, record)
        self._note(listed, record)
        self._newcomers(listed, record)

    def _newcomers(self, listed: ListedFamily, family: str) -> None:
        for row in self._rows(listed, family):
            self._newcomer(row, family)

    def _known_family(self, listed: ListedFamily, known: Record) -> None:
        self._note(listed, known.id)
        if known.end is None:
            self.plan.families.add(known.id)
        else:
            self._remark(listed, Remark.CLOSED)
        self._state(listed, known)
        present = self.register.free_members(known.id)
        rows = self._rows(listed, known.id)
        found = matched_members([row.member for row in rows], present, self._earlier(present))
        meant = {record.id for record in found.values()}
        for place, row in enumerate(rows):
            if place in found:
                self._known_member(row, found[place], meant)
            elif known.end is not None:
                self._judge(row, ANGGOTA, Verdict.SAME, None)
            else:
                self._newcomer(row, known.id)

    def _rows(self, listed: ListedFamily, family: str) -> list["_Row"]:
        """The family's people, each once, and what is to be said about their numbers.

        Rows with one NIK are one person where the engine would say so of two double taps, or where
        they bear one name.
        """
        rows: list[_Row] = []
        here: dict[str, Seen] = {}
        for member in listed.members:
            row = _Row(member, member.file or listed.file, self._seen(member.fields))
            if row.seen is not None:
                self._remark(row, Remark.NIK_TWICE)
            number = member.fields.get("nik")
            if isinstance(number, str) and number in self.view.elsewhere:
                self._remark(row, Remark.NIK_IN_OTHER_VILLAGE)
            if isinstance(number, str) and is_identifying(number):
                seen = _seen_in(family, member.fields)
                if any(_is_one(first, seen) for first in (row.seen, here.get(number)) if first):
                    self._judge(row, ANGGOTA, Verdict.SAME, None)
                    continue
                here.setdefault(number, seen)
                if row.seen is None:
                    self.plan.memory.niks[number] = seen
            rows.append(row)
        return rows

    def _seen(self, fields: Mapping[str, Json]) -> Seen | None:
        number = str(fields.get("nik"))
        return self.memory.niks.get(number) or self.plan.memory.niks.get(number)

    def _known_member(self, row: "_Row", found: Record, meant: set[str]) -> None:
        """A row whose record is there; ``meant`` are the records of all rows of the family."""
        person = self.register.resolved(found)
        if person is not found:
            self.plan.memory.answered.add(found.id)
        if person is None or (person is not found and person.id in meant):
            self._judge(row, ANGGOTA, Verdict.SAME, found.id)
            return
        if person.end is not None:
            self._remark(row, Remark.CLOSED)
        elif row.member.end is not None:
            self._remark(row, Remark.ENDED_IN_LIST)
        self._state(row, person)

    def _newcomer(self, row: "_Row", family: str) -> None:
        """A row for whom the family has no record."""
        number, fields = row.fields.get("nik"), _stated(row.fields)
        if row.member.end is not None:
            self._refuse(row, ANGGOTA, ENDED)
            return
        if not (fields.get("nama") or fields.get("nik")):
            self._refuse(row, ANGGOTA, NOBODY)
            return
        bearer = self._bearer(str(number)) if is_identifying(number) else None
        if bearer is not None and self._is_dead(bearer):
            self.plan.memory.answered.add(bearer.id)
            self._remark(row, Remark.DEAD)
            self._judge(row, ANGGOTA, Verdict.SAME, bearer.id)
            return
        if bearer is not None and bearer.end is None:
            if row.seen is None and not is_touched(bearer, self.view.lanes):
                self._move(row, bearer, family)
                return
            self._remark(row, Remark.NIK_IN_OTHER_FAMILY)
        record = self._new_id()
        self._say(row, ANGGOTA, kind="create", id=record, parent=family, set=fields)
        self._judge(row, ANGGOTA, Verdict.NEW, record)

    def _bearer(self, number: str) -> Record | None:
        """Who bears the number elsewhere in the village, and has not answered for another row."""
        found = [r for r in self.register.people.get(number, ()) if r.alias is None]
        free = [person for person in found if not self._has_answered(person.id)]
        return min(free, key=lambda r: (r.end is not None, r.created.seq, r.id), default=None)

    def _is_dead(self, person: Record) -> bool:
        return person.end is not None and person.end.get("end") == EndReason.MENINGGAL

    def _move(self, row: "_Row", person: Record, family: str) -> None:
        self.plan.memory.answered.add(person.id)
        self._remark(row, Remark.MOVED)
        self._say(row, ANGGOTA, kind="move", id=person.id, parent=family)
        fields = self._telling(row.fields)
        self._utter(row, person, speech(self.speaker, self._heard(person), fields))
        self._judge(row, ANGGOTA, Verdict.CHANGED, person.id)

    def _state(self, row: "ListedFamily | _Row", record: Record) -> None:
        """What the row says newly about a record that is there."""
        said = Speech()
        if not self._has_answered(record.id):
            said = speech(self.speaker, self._heard(record), self._telling(row.fields))
        self.plan.memory.answered.add(record.id)
        self._utter(row, record, said)
        verdict = Verdict.PROPOSED if said.is_proposal else Verdict.CHANGED
        self._judge(row, record.entity, verdict if said else Verdict.SAME, record.id)

    def _telling(self, fields: Mapping[str, Json]) -> Mapping[str, Json]:
        """Of a proposal only what it proposes: the rest is the operator's copy of what is known."""
        if not self.issue.proposals:
            return fields
        return {name: value for name, value in fields.items() if name in PROPOSED_FIELDS}

    def _utter(self, row: "ListedFamily | _Row", record: Record, said: Speech) -> None:
        if said.assign or said.add:
            content: dict[str, Json] = {"base": 0}
            content |= {"set": said.assign} if said.assign else {}
            content |= {"add": dict(said.add)} if said.add else {}
            self._say(row, record.entity, kind="set", id=record.id, **content)
        if said.owned:
            # On what only lists and the office write, the newest list has the word.
            self._say(row, record.entity, kind="set", id=record.id, base=record.seq, set=said.owned)

    def _say(self, row: "ListedFamily | _Row", entity: str, **content: Json) -> None:
        self.plan.operations.append(
            {
                "entity": entity,
                **content,
                "observed": self.issue.observed,
                "source": self.issue.source_of(row.row, row.codes),
            }
        )

    def _heard(self, record: Record) -> Heard:
        questions = self.conflicts.get(record.id, ())
        return Heard(record, questions, self.view.said.get(record.id, {}))

    def _earlier(self, records: Sequence[Record]) -> dict[str, Mapping[str, Json]]:
        """What lists last said of who these are."""
        earlier: dict[str, Mapping[str, Json]] = {}
        for record in records:
            words = self.view.said.get(record.id)
            if words:
                told: GroupValue = {}
                for group in ("nik", "nama", "tanggal_lahir"):
                    told |= words[group].value if group in words else {}
                earlier[record.id] = told
        return earlier

    def _new_id(self) -> str:
        record = next(self.ids)
        self.plan.memory.created.add(record)
        return record

    def _has_answered(self, record: str) -> bool:
        return any(
            record in memory.answered or record in memory.created
            for memory in (self.memory, self.plan.memory)
        )

    def _judge(
        self, row: "ListedFamily | _Row", entity: str, verdict: Verdict, record: str | None
    ) -> None:
        self.plan.judged.append(Judged(row.file, row.row, entity, verdict, record))

    def _remark(self, row: "ListedFamily | _Row", remark: Remark) -> None:
        self.plan.remarks.append(Remarked(row.file, row.row, remark))

    def _refuse(self, row: "ListedFamily | _Row", entity: str, reason: str) -> None:
        self.plan.judged.append(Judged(row.file, row.row, entity, Verdict.REFUSED))
        self.plan.refused.append(RefusedRow(row.file, row.row, reason))


class _Row(NamedTuple):
    """A person's row, with the file that it stands in."""

    member: ListedMember
    file: str
    seen: Seen | None = None
    """Where the NIK stood before."""

    @property
    def row(self) -> int:
        return self.member.row

    @property
    def fields(self) -> Mapping[str, Json]:
        return self.member.fields

    @property
    def codes(self) -> Mapping[str, str]:
        return self.member.codes


def _seen_in(family: str, fields: Mapping[str, Json]) -> Seen:
    traits = (fields.get("tanggal_lahir"), fields.get("jenis_kelamin"))
    return Seen(family, plain_name(fields.get("nama")), traits)


def _is_one(one: Seen, other: Seen) -> bool:
    """Are two rows under one NIK one person?"""
    return one.family == other.family and (
        one.name == other.name or (one.traits == other.traits and None not in one.traits)
    )


def _stated(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}
