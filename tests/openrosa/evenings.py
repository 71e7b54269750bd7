"""Evenings in a village that are invented: who sends which form, and what happens in between.

A form is a plain value that says what it is about; once it is written, it is the bytes that any
phone would send, the same in every village. Where it speaks of another form, it is one of those
that were written before it in the same evening.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from api.formats.xform.statements import derived_id
from tests.openrosa.field import Field, record_id
from tests.openrosa.forms import MEMBERS as MEMBERS_PATH
from tests.openrosa.forms import visit_form

PHONES = 7
LISTED = tuple(record_id(501 + number) for number in range(4))
"""Families that the village had before the evening."""
LISTED_BY = tuple(f"uuid:listed {number}" for number in range(4))
"""Forms that they came with."""
SHOWN = (48, 96, 128, 160)
"""Their versions, as every phone was shown them."""
BORN = tuple(record_id(601 + number) for number in range(5))
FAMILIES = (*LISTED, *BORN)
MEMBERS = (
    derived_id(LISTED_BY[0], f"{MEMBERS_PATH}[1]"),
    derived_id(LISTED_BY[0], f"{MEMBERS_PATH}[2]"),
    derived_id(LISTED_BY[1], f"{MEMBERS_PATH}[1]"),
)
"""The first two of the first listed family, the last one of the next."""
NIKS = ("1802216505900001", "1802210101850002", "1802210303870003", "1802210404880004")
"""The first is of the first member, the second of the last."""


@dataclass(frozen=True)
class Letter:
    """A form as it leaves a phone."""

    phone: int
    instance: str
    raw: bytes
    with_photograph: bool = False


class Told(Protocol):
    """What somebody tells with a form."""

    def written(self, field: Field, before: Sequence[Letter]) -> Letter: ...


def _name(before: Sequence[Letter]) -> str:
    return f"uuid:{len(before)}"


@dataclass(frozen=True)
class Person:
    """Somebody in a family as a form speaks of them: known by id, by NIK, or new."""

    member: int | None = None
    nik: int | None = None
    name: str = "CONTOH"
    end: str = ""

    def answers(self) -> dict[str, str]:
        told = {"nama": self.name}
        told |= {"id": MEMBERS[self.member]} if self.member is not None else {}
        told |= {"nik": NIKS[self.nik]} if self.nik is not None else {}
        told |= {"akhir": self.end, "akhir_tanggal": "2026-10-30"} if self.end else {}
        return told


@dataclass(frozen=True)
class NewFamily:
    """A family that is on no list; two phones may have found the same one."""

    phone: int
    family: int
    people: tuple[Person, ...]

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        told = {"nama_kepala_keluarga": f"KEPALA {self.family}", "luas": "30"}
        people = [one.answers() for one in self.people]
        name = _name(before)
        raw = field.proposed(BORN[self.family], told, members=people, instance_id=name)
        return Letter(self.phone, name, raw)


@dataclass(frozen=True)
class Visit:
    """An update of a family; `step` is its place in the chain of what the phone did to it."""

    phone: int
    family: int
    step: int
    answer: tuple[str, str]
    people: tuple[Person, ...] = ()
    form: str = "plain"

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        family = FAMILIES[self.family]
        shown = SHOWN[self.family] if family in LISTED else None
        forms = {
            "plain": field.visit,
            "unpublished": field.visit.of_version("2031010101"),
            "photograph": visit_form(),
        }
        answers = dict([self.answer])
        answers |= {"foto_rumah": "rumah.jpg"} if self.form == "photograph" else {}
        name = _name(before)
        raw = field.visited(
            answers,
            base=(shown or 1) + self.step,
            trunk=shown,
            branch=f"branch {self.phone} {self.family}",
            record=family,
            members=[one.answers() for one in self.people],
            form=forms[self.form],
            instance_id=name,
        )
        if shown is None:
            raw = raw.replace(f'trunkVersion="{1 + self.step}"'.encode(), b'trunkVersion=""')
        return Letter(self.phone, name, raw, self.form == "photograph")


@dataclass(frozen=True)
class Again:
    """A form that came before, from the same phone or from another one."""

    phone: int | None
    which: int
    with_photograph: bool

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        if not before:
            return Unreadable(self.phone or 0).written(field, before)
        first = before[self.which % len(before)]
        phone = first.phone if self.phone is None else self.phone
        photograph = first.with_photograph and self.with_photograph
        return Letter(phone, first.instance, first.raw, photograph)


@dataclass(frozen=True)
class Other:
    """Other content under the id of a form that came before."""

    phone: int | None
    which: int

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        if not before:
            return Unreadable(self.phone or 0).written(field, before)
        first = before[self.which % len(before)]
        phone = first.phone if self.phone is None else self.phone
        raw = field.visited({"luas": "99"}, base=SHOWN[0], record=LISTED[0], instance_id="x")
        return Letter(phone, first.instance, raw.replace(b">x<", f">{first.instance}<".encode()))


@dataclass(frozen=True)
class Edit:
    """A form that was opened again after it had been sent, or before."""

    which: int
    answer: tuple[str, str]

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        name = _name(before)
        first = before[self.which % len(before)] if before else Letter(0, "uuid:never", b"")
        raw = field.visited(
            dict([self.answer]),
            base=SHOWN[0],
            branch=f"branch {first.phone} 0",
            record=LISTED[0],
            replaces=first.instance,
            instance_id=name,
        )
        return Letter(first.phone, name, raw)


@dataclass(frozen=True)
class Measured:
    """A child that was weighed."""

    phone: int
    child: int
    weight: str

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        name = _name(before)
        raw = field.measured(MEMBERS[self.child], self.weight, instance_id=name)
        return Letter(self.phone, name, raw)


@dataclass(frozen=True)
class Unreadable:
    """What broke off while it was written."""

    phone: int

    def written(self, field: Field, before: Sequence[Letter]) -> Letter:
        name = _name(before)
        form = field.visit.mapping.form_id
        return Letter(self.phone, name, f"<data id='{form}'><luas>{name}</lu".encode())


@dataclass(frozen=True)
class Revoked:
    """A phone was lost."""

    phone: int


@dataclass(frozen=True)
class Reassigned:
    """A collector was given another RT."""

    phone: int


Event = Revoked | Reassigned


@dataclass(frozen=True)
class Crowd:
    """Phones that send at the same time, and what happened just before they were served."""

    forms: tuple[Told, ...]
    event: Event | None = None
