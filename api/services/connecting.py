"""Take one form of another server in: as the same submission that a phone would have sent.

The form is written in the register's words (`api.formats.xform.connected`) and goes through
`submit`, in a lane of the connector. Its instance's id follows from the connector, the form's name
there and its version there, so a run that is repeated, or was cut off, stores and merges it once.

Its files come with it, as they do from a phone; those that come later are added as a phone's are.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.connectors.filled import Filled
from api.connectors.mapping import ConnectorMap
from api.formats.xform.connected import CHILD, CREATING, Told, connected_mapping, instance_of
from api.formats.xform.statements import derived_id, id_of
from api.formats.xform.submission import Refused, Unreadable, read_instance
from api.services.connector_files import NOTHING, Attached
from api.services.submitting import Arrival, Site, Taken, submit
from api.services.submitting_places import VILLAGE_CODE_LENGTH, Collector
from models.queries import connector_files, connectors, entity_lists, listing, submissions
from models.queries.connectors import Item, Settled
from sync.scope import Scope
from sync.types import ANGGOTA, KELUARGA, Record
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
    readings: int = 0
    """How often all of its forms were read anew; each reading edits what the one before it said."""


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
    measured: int
    files: int
    to_be_judged: int
    is_repeated: bool
    niks: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Family:
    record: str
    creates: bool


@dataclass(frozen=True, slots=True)
class _Saying:
    """What a form says, in the register's words."""

    answers: dict[str, str]
    persons: list[dict[str, str]]
    visit: dict[str, str]
    photos: dict[str, str]
    measured: list[dict[str, str]]


def take(
    session: Session,
    at: Connection,
    item: Item,
    filled: Filled,
    site: Site,
    attached: Attached = NOTHING,
) -> Landing:
    """Take one version of a form in and note it. Needs a writing transaction."""
    twin = connectors.same_root(session, at.id, filled.root, item.item) if filled.root else None
    known = twin or _same(item, filled)
    desa = at.map.village(filled)
    scope = _scope_of_village(at.collector.scope, desa)
    saying = _saying(session, at, filled, desa if scope.grants else "")
    instance = _instance(at, filled)
    before = submissions.same_instance_elsewhere(session, [desa, NOWHERE], instance)
    if before is not None and before.record is not None:
        # It came before and says again what it said, whatever the register and the map are now.
        family = _Family(before.record, before.form_id == CREATING)
        raw = submissions.xml_of(session, before.desa, before.id)
    else:
        family = _family(session, at, known, filled, desa if scope.grants else "")
        raw = instance_of(_told(at, filled, family, (instance, known.instance), saying))
    arrival = replace(_arrival(raw), files=attached.arrived, is_last=_is_last(at, attached))
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
    connector_files.want_files(session, at.id, item.item, filled.files)
    connector_files.note_fetched(session, at.id, item.item, attached.fetched)
    return _landing(item.item, taken, state, family, saying, len(filled.files))


def attach(
    session: Session, at: Connection, item: Item, attached: Attached, site: Site
) -> Taken | None:
    """Add files to a form that was taken in without them. Needs a writing transaction."""
    connector_files.note_fetched(session, at.id, item.item, attached.fetched)
    if item.submission is None or not attached.arrived:
        return None
    desa = item.desa or NOWHERE
    raw = submissions.xml_of(session, desa, item.submission)
    arrival = replace(_arrival(raw), files=attached.arrived, is_last=_is_last(at, attached))
    scope = _scope_of_village(at.collector.scope, desa)
    return submit(session, replace(at.collector, scope=scope), arrival, site)


def _same(item: Item, filled: Filled) -> Item:
    """What is known of the form; nothing where another server gives its number to another one."""
    if item.root is None or filled.root is None or item.root == filled.root:
        return item
    return replace(item, instance=None, record=None, creates=False)


def _is_last(at: Connection, attached: Attached) -> bool:
    """Can the visit be written? It names its photographs, and is written once."""
    return attached.is_complete or not at.map.photos


def _instance(at: Connection, filled: Filled) -> str:
    reading = f"~{at.readings}" if at.readings else ""
    return f"{at.id}:{filled.root or filled.item}:{filled.version}{reading}"[:255]


def _saying(session: Session, at: Connection, filled: Filled, desa: str) -> _Saying:
    return _Saying(
        at.map.family(filled),
        at.map.persons(filled),
        at.map.visit(filled),
        at.map.pictures(filled),
        [
            {**one, CHILD: _child(session, at, desa, one.get(CHILD, ""))}
            for one in at.map.measurements(filled)
        ],
    )


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
    saying: _Saying,
) -> Told:
    instance, replaces = named
    begun = _moment(filled.answers.get(at.map.begun, ""))
    return Told(
        instance=instance,
        replaces=replaces if replaces != instance else None,
        family=family.record,
        creates=family.creates,
        answers=saying.answers,
        members=saying.persons,
        observed=filled.answers.get(at.map.observed, "")[:10],
        begun=begun or _moment(filled.submitted),
        visit=saying.visit,
        photos=saying.photos,
        measured=saying.measured,
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
    creates = at.map.unknown == "create" and at.map.identity_by != "nik"
    return _Family(derived_id(name, KELUARGA), creates)


def _known_family(session: Session, at: Connection, desa: str, asked: str) -> str | None:
    if at.map.identity_by == "id":
        record = id_of(asked)
        held = entity_lists.villages_holding(session, record, [desa]) if record else []
        return record if held else None
    if at.map.identity_by == "nik":
        person = _bearer(session, at, desa, asked, ANGGOTA)
        return person.keluarga if person is not None else None
    family = _bearer(session, at, desa, asked, KELUARGA)
    return family.id if family is not None else None


def _bearer(session: Session, at: Connection, desa: str, asked: str, entity: str) -> Record | None:
    """The one record that bears a number, where there is exactly one in the account's areas."""
    number = "".join(asked.split())
    if not is_identifying(number):
        return None
    name = "no_kk" if entity == KELUARGA else "nik"
    found = [
        record
        for record in listing.records_meant(session, desa, [number], [])
        if record.entity == entity
        and record.alias is None
        and record.fields.get(name) == number
        and at.collector.ever_covered(record)
    ]
    return found[0] if len(found) == 1 else None


def _child(session: Session, at: Connection, desa: str, asked: str) -> str:
    """The record of a measured child. Of one that nobody knows it is an id that no record has.

    Such a measurement is set aside for a reviewer like anything about an unknown record; an answer
    that is no number at all is the same child each time it is told.
    """
    known = id_of(asked)
    if known is not None:
        return known
    child = _bearer(session, at, desa, asked, ANGGOTA) if desa else None
    return child.id if child is not None else derived_id(f"{at.id}:{asked.strip()}", ANGGOTA)


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
    item: str, taken: Taken, state: str, family: _Family, saying: _Saying, files: int
) -> Landing:
    return Landing(
        item=item,
        state=state,
        problem=taken.problem,
        creates=family.creates,
        record=family.record,
        fields=tuple(sorted({*saying.answers, *saying.visit})),
        persons=len(saying.persons),
        measured=len(saying.measured),
        files=files,
        to_be_judged=taken.to_be_judged,
        is_repeated=taken.is_repeated,
        niks=taken.niks,
    )
