"""Lists about single persons: measurements of children, and what Dukcapil answers about a NIK.

They add to people whom the register has and begin nobody. A measurement hangs under its child and
is never entered twice, also not one that somebody has since marked as a mistake. An answer of
Dukcapil belongs to whoever bears the NIK now; it changes what only lists and the office write, and
no name: where Dukcapil's differs much, that is remarked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sync.listed import ListedGrowth, ListedMatch, RefusedRow
from sync.listing_matching import plain_name, resolved
from sync.listing_plan import Issue, Judged, ListingPlan, Remark, Remarked, Verdict
from sync.listing_words import Heard, agrees, speech
from sync.policy import FIELDS, FieldClass
from sync.similarity import Traits, compare
from sync.types import ANGGOTA, PENGUKURAN, Json, Record

NAME_ALIKE_MIN: Final = 0.6
"""Below this two spellings are hardly one name."""
UNKNOWN_CHILD: Final = (
    "Anak ini tidak ditemukan di desa, baik dengan NIK maupun dengan nama, tanggal lahir, dan ibu: "
    "perbaiki barisnya atau tambahkan anaknya dahulu."
)
SEVERAL_CHILDREN: Final = (
    "Ada beberapa anak dengan nama dan tanggal lahir ini di desa: isi NIK anaknya, lalu kirim "
    "daftarnya lagi."
)
UNKNOWN_NIK: Final = "NIK ini tidak ada di wilayah ini: tidak ada yang diubah."
_OWNED: Final = frozenset(
    name for name, known in FIELDS[ANGGOTA].items() if known.field_class is FieldClass.SERVER
)


class Child(NamedTuple):
    """A person of the village, as one without a number is looked for."""

    id: str
    mother: str
    """Her plain name; empty where it is not known."""


Children = Mapping[tuple[str, str], Sequence[Child]]
"""(plain name, birth date) → who that may be."""


@dataclass(frozen=True, slots=True)
class PersonsView:
    """A village as a chunk of such a list has to see it."""

    lanes: frozenset[str]
    people: Sequence[Record] = ()
    """Who bears one of the NIKs, or is one of `children`."""
    measurements: Sequence[Record] = ()
    """All that hang under these people, closed ones included."""
    children: Children = field(default_factory=dict)


def plan_growth(
    issue: Issue,
    view: PersonsView,
    rows: Sequence[ListedGrowth],
    seen: set[tuple[str, str]],
    ids: Iterator[str],
) -> ListingPlan:
    """Measurements of one village. ``seen`` are (child, measurement) of this import so far."""
    plan = ListingPlan()
    people = _People(view)
    known: defaultdict[str, list[Record]] = defaultdict(list)
    for measured in view.measurements:
        known[measured.parent or ""].append(measured)
    for row in rows:
        child = people.child(row)
        if isinstance(child, str):
            _refuse(plan, row, PENGUKURAN, child)
            continue
        said: dict[str, Json] = {n: value for n, value in row.fields.items() if value is not None}
        once = (child.id, repr(sorted(said.items())))
        if once in seen or any(agrees(one.fields, said) for one in known[child.id]):
            plan.judged.append(Judged(row.file, row.row, PENGUKURAN, Verdict.SAME, child.id))
            continue
        seen.add(once)
        plan.operations.append(
            {
                "entity": PENGUKURAN,
                "kind": "create",
                "id": next(ids),
                "parent": child.id,
                "set": said,
                "observed": said.get("tanggal") or issue.observed,
                "source": issue.source_of(row.row, row.codes),
            }
        )
        plan.judged.append(Judged(row.file, row.row, PENGUKURAN, Verdict.NEW, child.id))
    return plan


def plan_match(issue: Issue, view: PersonsView, rows: Sequence[ListedMatch]) -> ListingPlan:
    """Dukcapil's answers about people of one village."""
    plan, people = ListingPlan(), _People(view)
    for row in rows:
        bearers = people.bearers(row.nik)
        if not bearers:
            _refuse(plan, row, ANGGOTA, UNKNOWN_NIK)
            continue
        changed = False
        for person in bearers:
            said = _answer(issue, row, person)
            spoken = speech(issue.speaker(view.lanes), Heard(person), said)
            changed = changed or bool(spoken)
            if spoken:
                plan.operations.append(
                    {
                        "entity": ANGGOTA,
                        "kind": "set",
                        "id": person.id,
                        "base": person.seq if spoken.owned else 0,
                        "set": {**spoken.assign, **spoken.owned},
                        "observed": issue.observed,
                        "source": issue.source_of(row.row, row.codes),
                    }
                )
            if _name_differs(row.fields.get("nama"), person.fields.get("nama")):
                plan.remarks.append(Remarked(row.file, row.row, Remark.NAME_DIFFERS))
        verdict = Verdict.CHANGED if changed else Verdict.SAME
        plan.judged.append(Judged(row.file, row.row, ANGGOTA, verdict, bearers[0].id))
    return plan


def _answer(issue: Issue, row: ListedMatch, person: Record) -> dict[str, Json]:
    """What an answer states of a person: the day of an answer that is known stays what it was."""
    said = {name: value for name, value in row.fields.items() if name in _OWNED}
    if person.fields.get("padan") != row.padan:
        said |= {"padan": row.padan, "padan_tanggal": issue.observed}
    return said


def _name_differs(one: Json, other: Json) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return compare(Traits("", name=one), Traits("", name=other)).score < NAME_ALIKE_MIN


def _refuse(plan: ListingPlan, row: ListedGrowth | ListedMatch, entity: str, reason: str) -> None:
    plan.judged.append(Judged(row.file, row.row, entity, Verdict.REFUSED))
    plan.refused.append(RefusedRow(row.file, row.row, reason))


class _People:
    """People of the view, found by number or by name."""

    def __init__(self, view: PersonsView) -> None:
        self._by_id = {person.id: person for person in view.people}
        self._children = view.children
        self._by_nik: defaultdict[str, list[Record]] = defaultdict(list)
        for person in sorted(view.people, key=lambda one: (one.created.seq, one.id)):
            number = person.fields.get("nik")
            if isinstance(number, str) and number:
                self._by_nik[number].append(person)

    def bearers(self, nik: str) -> list[Record]:
        """Open records of that number; if there is none, those that merged ones lead to."""
        found = self._by_nik.get(nik, [])
        is_open = [person for person in found if person.alias is None and person.end is None]
        return is_open or list(
            {p.id: p for one in found if (p := resolved(one, self._by_id))}.values()
        )

    def child(self, row: ListedGrowth) -> Record | str:
        """The child that was measured, or why it is not known which."""
        bearers = self.bearers(str(row.person.get("nik") or ""))
        if bearers:
            return bearers[0]
        name = plain_name(row.person.get("nama"))
        named = self._children.get((name, str(row.person.get("tanggal_lahir") or "")), ())
        mother = plain_name(row.person.get("nama_orang_tua"))
        mothered = [child for child in named if mother and child.mother == mother]
        alike = mothered or [child for child in named if not (mother and child.mother)] or named
        people = {p.id: p for c in alike if (p := resolved(self._by_id.get(c.id), self._by_id))}
        if not people:
            return UNKNOWN_CHILD
        return next(iter(people.values())) if len(people) == 1 else SEVERAL_CHILDREN
