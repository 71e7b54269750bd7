"""What a filled form says, and what the register has to be asked before it is understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from api.formats.xform.mapping import FormMapping
from api.formats.xform.statements import Births, Photo, Said, said_by
from api.formats.xform.submission import Instance
from api.services.submitting_places import Collector, Village
from models.queries.before import Before
from models.queries.records import NOTHING_ASKED, Asked, Wanted, asked_of, natural_keys
from sync.types import Record
from sync.workspace import natural_key


@dataclass(frozen=True, slots=True)
class Form:
    """A filled form with what is needed to understand it."""

    instance: Instance
    key: str
    """Its instance's id, or what stands for it."""
    mapping: FormMapping
    photos: Mapping[str, Photo] = field(default_factory=dict)
    with_visit: bool = True
    """Have all parts come, so that the visit can be written, which is written once?"""


@dataclass(frozen=True, slots=True)
class About:
    """Whom a form speaks of: its family, whoever else it names, and the numbers that it states."""

    family: str | None
    ids: frozenset[str]
    numbers: frozenset[str]
    """NIK and No KK."""

    def concerns(self, record: Record) -> bool:
        """Is it of the family, or named, or does it bear one of the numbers?"""
        if record.keluarga == self.family or record.id in self.ids:
            return True
        return bool(self.numbers) and natural_key(record) in self.numbers

    @property
    def names(self) -> set[str]:
        return {*self.ids, *self.numbers, self.family or ""} - {""}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a form says, before the register is asked about it."""

    collector: Collector
    form: Form
    said: Said
    about: About
    asks: bool
    """Does it have to know what the register says of them? Not where it is about somebody new."""
    before: Before | None
    """What was asked about the form, where nothing has been merged since."""

    def found_in(self, asked: Asked) -> list[Record]:
        """Of what was asked for several forms, what this one would have found alone."""
        return [one for one in asked.records if self.about.concerns(one)] if self.asks else []


def read_form(collector: Collector, form: Form, before: Before | None) -> Reading:
    """Read a form's statements."""
    said = said_by(form.instance, form.mapping, form.photos, Births(form.key, form.key))
    declared = form.instance.declared
    about = _about(declared.record if declared is not None else None, said)
    asks = declared is not None and declared.updates
    return Reading(collector, form, said, about, asks, before)


def _about(family: str | None, said: Said) -> About:
    people = [one for one in (said.family, *said.members) if one is not None]
    stated = [*people, *said.visits, *said.measurements]
    ids = {one.id for one in stated} | {one.parent for one in stated if one.parent is not None}
    numbers = {
        number
        for one in people
        for group in ("nik", "no_kk")
        if isinstance(number := one.groups.get(group, {}).get(group), str)
    }
    return About(family, frozenset(ids), frozenset(numbers))


def wanted_by_forms(session: Session, readings: Sequence[Reading]) -> Wanted:
    """What `ask_for` asks a village for."""
    asked = [reading.about for reading in readings if reading.asks]
    families = frozenset(about.family for about in asked if about.family is not None)
    ids = frozenset(record for about in asked for record in about.ids)
    numbers = {number for about in asked for number in about.numbers}
    return Wanted(families, ids, natural_keys(session, numbers))


def ask_for(session: Session, village: Village, readings: Sequence[Reading]) -> Asked:
    """The families of updates with their people, and whatever else the forms could be about.

    A family that was never in the collector's areas is nothing to a form (`Grounds.known`): that it
    is there somewhere is not for everybody to find out.
    """
    wanted = wanted_by_forms(session, readings)
    return asked_of(session, village.desa, wanted) if wanted else NOTHING_ASKED
