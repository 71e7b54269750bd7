"""Take one form of another server in: as the same submission that a phone would have sent.

The form is written in the register's words (`api.formats.xform.connected`) and goes through
`submit`, in a lane of the connector. Its instance's id follows from the connector, the form's name
there and its version there, so a run that is repeated, or was cut off, stores and merges it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.connectors.filled import Filled
from api.connectors.mapping import ConnectorMap
from api.formats.xform.connected import CREATING, Told, connected_mapping, instance_of
from api.formats.xform.statements import derived_id, id_of
from api.formats.xform.submission import Refused, Unreadable, read_instance
from api.services.submitting import Arrival, Site, Taken, submit
from api.services.submitting_places import VILLAGE_CODE_LENGTH, Collector
from models.queries import connectors, entity_lists, listing, submissions
from models.queries.connectors import Item, Settled
from sync.scope import Scope
from sync.types import KELUARGA, Record
from sync.workspace import is_identifying

UNREADABLE: Final = "unreadable"
NOWHERE: Final = ""
AGENT: Final = "Lokus connector"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector that is being run."""

    id: str
    collector: Collector
    map: ConnectorMap


@dataclass(frozen=True, slots=True)
class Landing:
    """What one form came to, for people: which family, whether it is new, and what it says."""

    item: str
    state: str
    problem: str | None
    creates: bool
    record: str | None
    fields: tuple[str, ...]
    persons: int
    to_be_judged: int
    is_repeated: bool
    niks: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Family:
    record: str
    creates: bool


def take(session: Session, at: Connection, item: Item, filled: Filled, site: Site) -> Landing:
    """Take one version of a form in and note it. Needs a writing transaction."""
    twin = connectors.same_root(session, at.id, filled.root, item.item) if filled.root else None
    known = twin or item
    desa = at.map.village(filled)
    scope = _scope_of_village(at.collector.scope, desa)
    answers, persons = at.map.family(filled), at.map.persons(filled)
    instance = f"{at.id}:{filled.root or filled.item}:{filled.version}"[:255]
    before = submissions.same_instance_elsewhere(session, [desa, NOWHERE], instance)
    if before is not None and before.record is not None:
        # It came before and says again what it said, whatever the register has learnt since.
        family = _Family(before.record, before.form_id == CREATING)
        replaces = before.replaces
    else:
        family = _family(session, at, known, filled, desa if scope.grants else "")
        replaces = known.instance
    told = _told(at, filled, family, (instance, replaces), (answers, persons))
    raw = instance_of(told)
    arrival = _arrival(raw)
    collector = replace(at.collector, scope=scope)
    taken = submit(session, collector, arrival, site)
    stored = submissions.same_instance_elsewhere(session, [desa, NOWHERE], instance)
    state = UNREADABLE if arrival.instance is None else taken.state
    connectors.settle_item(
        session,
        at.id,
        Settled(
            item=item.item,
            root=filled.root,
            version=filled.listed or item.listed or filled.version,
            document=filled.raw,
            instance=instance,
            desa=stored.desa if stored is not None else None,
            submission=stored.id if stored is not None else None,
            record=family.record,
            creates=family.creates,
            state=state,
            judged=taken.to_be_judged > 0,
        ),
    )
    return _landing(item.item, taken, state, family, (answers, persons))


def _arrival(raw: bytes) -> Arrival:
    """What is too large for a form is kept as what it is, and nobody can merge it."""
    try:
        instance = read_instance(raw)
    except (Refused, Unreadable):
        return Arrival(raw, None, None, (), is_last=True, agent=AGENT)
    mapping = connected_mapping(instance.form_id, instance.version)
    return Arrival(raw, instance, mapping, (), is_last=True, agent=AGENT)


def _told(
    at: Connection,
    filled: Filled,
    family: _Family,
    named: tuple[str, str | None],
    said: tuple[dict[str, str], list[dict[str, str]]],
) -> Told:
    instance, replaces = named
    begun = _moment(filled.answers.get(at.map.begun, ""))
    return Told(
        instance=instance,
        replaces=replaces if replaces != instance else None,
        family=family.record,
        creates=family.creates,
        answers=said[0],
        members=said[1],
        observed=filled.answers.get(at.map.observed, "")[:10],
        begun=begun or _moment(filled.submitted),
    )


def _family(session: Session, at: Connection, known: Item, filled: Filled, desa: str) -> _Family:
    """The family that the form is about: the one it was about before, else by its number."""
    if known.record is not None and known.instance is not None:
        return _Family(known.record, known.creates)
    asked = filled.answers.get(at.map.identity, "").strip()
    found = _known_family(session, at, desa, asked) if desa else None
    if found is not None:
        return _Family(found, creates=False)
    if at.map.identity_by == "id" and id_of(asked) is not None:
        return _Family(id_of(asked) or "", creates=False)
    name = f"{at.id}:{filled.root or filled.item}"
    return _Family(derived_id(name, KELUARGA), at.map.unknown == "create")


def _known_family(session: Session, at: Connection, desa: str, asked: str) -> str | None:
    if at.map.identity_by == "id":
        record = id_of(asked)
        held = entity_lists.villages_holding(session, record, [desa]) if record else []
        return record if held else None
    number = "".join(asked.split())
    if not is_identifying(number):
        return None
    meant = listing.records_meant(session, desa, [number], [])
    families = {
        record.id
        for record in meant
        if record.entity == KELUARGA
        and record.alias is None
        and record.fields.get("no_kk") == number
        and at.collector.ever_covered(record)
    }
    return next(iter(families)) if len(families) == 1 else None


def _scope_of_village(scope: Scope, desa: str) -> Scope:
    """The account's areas within the village that the form names; none outside of them."""
    if len(desa) != VILLAGE_CODE_LENGTH or not desa.isdecimal():
        return Scope(())
    grants = tuple(
        replace(grant, kode_wilayah=desa)
        for grant in scope.grants
        if desa.startswith(grant.kode_wilayah)
    )
    return Scope(grants, scope.version)


def _moment(text: str) -> str:
    """A time with its offset; Kobo writes its own times in UTC and does not say so."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    return moment.isoformat() if moment.tzinfo is not None else f"{moment.isoformat()}+00:00"


def _landing(
    item: str,
    taken: Taken,
    state: str,
    family: _Family,
    said: tuple[dict[str, str], Sequence[dict[str, str]]],
) -> Landing:
    answers, persons = said
    return Landing(
        item=item,
        state=state,
        problem=taken.problem,
        creates=family.creates,
        record=family.record,
        fields=tuple(sorted(answers)),
        persons=len(persons),
        to_be_judged=taken.to_be_judged,
        is_repeated=taken.is_repeated,
        niks=taken.niks,
    )
