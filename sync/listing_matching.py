"""Which family and which person of the register does a listed one mean?

Numbers are neither unique nor stable, so each is asked in turn and none is believed alone: a
family is found by its No KK, else by the id under which an earlier list knew it, else by its
people, if more than half of them are named together, else, where there is no No KK at all, by head
and address. Closed records are found as well: a list that still names a family that has moved away
must not bring it back under a new id. A record that was merged into another stands for that one.

A person is looked for inside the family first: by NIK and name, by NIK, by name and birth date.
Each record answers for one row of an import at most. Two rows with one NIK would otherwise write
over each other at every import, and what earlier rows have just changed would lead later ones
elsewhere than a preview, which changes nothing, can foresee.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sync.listed import ListedFamily, ListedMember
from sync.types import ANGGOTA, KELUARGA, Json, Record
from sync.workspace import is_identifying

_Same: TypeAlias = Callable[[Mapping[str, Json], Mapping[str, Json]], bool]
_Telling: TypeAlias = Callable[[Record], Mapping[str, Json]]


def plain_name(value: Json) -> str:
    """A name as it is compared: small letters, no titles' dots, single spaces."""
    if not isinstance(value, str):
        return ""
    letters = "".join(c if c.isalnum() else " " for c in value.casefold())
    return " ".join(letters.split())


@dataclass(slots=True)
class Register:
    """The records of a village that a chunk of a list may mean, found by what they say."""

    by_id: dict[str, Record]
    has_answered: Callable[[str], bool]
    """Was the record matched with, or begun by, an earlier row of this import?"""
    families: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """No KK → families that bear it."""
    people: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """NIK → persons who bear it and have not answered in an earlier chunk."""
    members: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """Family → those of its people, the closed and the merged ones included."""
    list_ids: Mapping[str, str] = field(default_factory=dict)
    """Id under which an earlier list knew a family → the family."""
    homes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(head, address) → the only family of that head there."""

    def fill(self) -> "Register":
        """Index the records."""
        # The oldest first: it is the one that later doubles are flagged against.
        for record in sorted(self.by_id.values(), key=lambda r: (r.created.seq, r.id)):
            if record.entity == KELUARGA:
                _note(self.families, record.fields.get("no_kk"), record)
            elif record.entity == ANGGOTA and not self.has_answered(record.id):
                _note(self.people, record.fields.get("nik"), record)
                self.members[record.keluarga].append(record)
        return self

    def resolved(self, record: Record | None) -> Record | None:
        """The record that a merged one stands for."""
        return resolved(record, self.by_id)

    def family_of(self, listed: ListedFamily) -> Record | None:
        """The family that is meant, open or closed; none if it is new."""
        number = listed.fields.get("no_kk")
        if is_identifying(number) and (found := self._best(self.families.get(str(number), ()))):
            return found
        for list_id in (listed.fields.get("id_dtks"), listed.list_id):
            known = self._free(self.list_ids.get(str(list_id))) if list_id else None
            if known is not None:
                return known
        together = self._still_together(listed)
        if together is not None or is_identifying(number):
            return together
        return self._free(self.homes.get(home_of(listed.fields)))

    def free_members(self, family: str) -> list[Record]:
        """People of a family whom no row has meant yet."""
        return [person for person in self.members[family] if not self.has_answered(person.id)]

    def _free(self, family: str | None) -> Record | None:
        record = self.resolved(self.by_id.get(family or ""))
        return record if record is not None and not self.has_answered(record.id) else None

    def _best(self, families: Sequence[Record]) -> Record | None:
        """The oldest open one; if all are closed, the one that was closed last."""
        # A card that a reviewer has joined to another is that one, also after the other's own row.
        found = [
            record
            for family in families
            if (record := self.resolved(family)) is not None
            and (family.alias is not None or not self.has_answered(record.id))
        ]
        is_open = [r for r in found if r.end is None]
        if is_open:
            return is_open[0]
        return max(found, key=lambda r: r.seq, default=None)

    def _still_together(self, listed: ListedFamily) -> Record | None:
        """The family of which the list names more than half of those who live there.

        A new card keeps its people together. Whoever married out stands on a card of their own
        while the parents stay behind, so their parents' family is not theirs.
        """
        named = {
            str(number) for m in listed.members if is_identifying(number := m.fields.get("nik"))
        }
        homes = (p.keluarga for number in sorted(named) for p in self.people.get(number, ()))
        for home in dict.fromkeys(homes):
            family = self._free(home)
            if family is None or family.end is not None:
                # A new card in a list is no word about the closed one.
                continue
            people = self.free_members(family.id)
            living = [m for m in people if m.end is None and m.alias is None]
            if 2 * sum(str(m.fields.get("nik")) in named for m in living) > len(living):
                return family
        return None


def resolved(record: Record | None, by_id: Mapping[str, Record]) -> Record | None:
    """The record that a merged one stands for, where all on the way to it are known."""
    passed: set[str] = set()
    while record is not None and record.alias is not None and record.id not in passed:
        passed.add(record.id)
        record = by_id.get(record.alias)
    return record


def home_of(fields: Mapping[str, Json]) -> tuple[str, str]:
    """Head and address as they are compared."""
    return plain_name(fields.get("nama_kepala_keluarga")), plain_name(fields.get("alamat"))


def _note(index: defaultdict[str, list[Record]], number: Json, record: Record) -> None:
    if isinstance(number, str) and number:
        index[number].append(record)


def _told(record: Record) -> Mapping[str, Json]:
    return record.fields


def matched_members(
    listed: Sequence[ListedMember],
    present: Sequence[Record],
    earlier: Mapping[str, Mapping[str, Json]],
) -> dict[int, Record]:
    """Place in ``listed`` → the family's record of that person; who is not there is new to it.

    Open records come before closed ones. Such as were merged away come last, and only for a row
    that still bears their number: another number is what tells two people apart that a list had
    under one. ``earlier`` is what lists last said of a record: somebody in the field may have
    corrected name and number, and the list still means the same person.
    """
    found: dict[int, Record] = {}

    def look(among: dict[str, Record], same: _Same, told_of: _Telling = _told) -> None:
        for place, member in enumerate(listed):
            if place in found:
                continue
            for record in among.values():
                told = told_of(record)
                if same(member.fields, told):
                    found[place] = among.pop(record.id)
                    break

    ranked = sorted(present, key=lambda r: (r.end is not None, r.created.seq, r.id))
    direct = {record.id: record for record in ranked if record.alias is None}
    merged = {record.id: record for record in ranked if record.alias is not None}
    for same in (_same_number_and_name, _same_number, _same_name_without_number):
        look(direct, same)
    for same in (_same_number_and_name, _same_number):
        look(merged, same)
    look(direct, _same_name)
    look(direct, _said_before, lambda record: earlier.get(record.id, {}))
    look(merged, _same_name_without_number)
    return found


def _same_number(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    # Malformed numbers are compared as text: they prove nothing in a village, enough in a family.
    return bool(one.get("nik")) and one.get("nik") == other.get("nik")


def _same_name(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    name = one.get("nama")
    return (
        bool(name)
        and one.get("tanggal_lahir") == other.get("tanggal_lahir")
        and (name == other.get("nama") or plain_name(name) == plain_name(other.get("nama")))
    )


def _same_number_and_name(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return _same_number(one, other) and _same_name(one, other)


def _said_before(one: Mapping[str, Json], said: Mapping[str, Json]) -> bool:
    return _same_number(one, said) or _same_name(one, said)


def _same_name_without_number(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return not one.get("nik") and not other.get("nik") and _same_name(one, other)
