"""An edit of a form that was sent before: only what it changes is said, by the same author.

Collect clones the record, names the old one in `meta/deprecatedID` and sends the whole form again.
Saying all of it again would overrule whoever has changed something since, so an edit says what
differs from the instance it edits. An answer that was taken back is cleared, somebody who was added
by mistake and left out now is closed as `salah`, a visit that reads differently is written once
more, a measurement that was corrected replaces the wrong one.

Two edits of one instance do not know of each other: the second is concurrent with the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from api.formats.xform.operations import change, closing, creation
from api.formats.xform.statements import Births, Said, Statement, said_by
from api.formats.xform.submission import read_instance
from api.services.form_book import mapping_of
from api.services.submitting_files import photos_of
from api.services.submitting_merges import Landed, bring, merge_form
from api.services.submitting_places import Collector, Village, lane_that_knows, phones_lane
from api.services.submitting_reading import Form
from api.services.submitting_speech import Grounds, Speech, Spoken, matched, spans_for
from models.queries import submissions
from models.queries.records import family_records
from models.queries.submissions import StoredSubmission
from sync.chains import Waits
from sync.operation import EndReason, Kind
from sync.types import PENGUKURAN, Dot, Json

EDITS_IN_A_ROW_MAX: Final = 100
_TELLS_NOTHING: Final = frozenset({"waktu", "durasi_s", "formulir", "versi"})
"""Of a visit: they differ whenever a form is opened again."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """The instance that is edited, how it read, and the first one of its line."""

    stored: StoredSubmission
    said: Said
    first: str
    dots: frozenset[Dot]


def merge(
    session: Session,
    village: Village,
    collector: Collector,
    form: Form,
    stored: StoredSubmission,
    *,
    forced: bool = False,
) -> Landed | Waits:
    """Merge a form, as an edit of an earlier one where it is that."""
    if stored.replaces is None:
        return merge_form(session, village, collector, form, forced=forced)
    village.before = None
    line = _line(session, village.desa, stored.replaces)
    if not line:
        if forced:
            return merge_form(session, village, collector, form, forced=True)
        return Waits(f"instance:{stored.replaces}")
    origin = _origin(session, line, form)
    lane = phones_lane(session, village, collector)
    others = [
        one
        for one in submissions.edits_of(session, village.desa, stored.replaces)
        if one.lane is not None and one.id != stored.id
    ]
    if others or any(one.lane != lane.lane.name for one in line):
        lane = lane_that_knows(session, village, collector, origin.dots)
    known = (
        {r.id: r for r in family_records(session, village.desa, origin.stored.record)}
        if origin.stored.record is not None
        else {}
    )
    shown = origin.stored.trunk_version
    spans = spans_for(session, village.desa, shown)
    base = spans.seq_of(shown) if shown is not None else 0
    births = Births(origin.first, form.key)
    said = said_by(form.instance, form.mapping, form.photos, births)
    grounds = Grounds(collector, lane, base, known)
    operations = _operations(said, origin.said, grounds, form)
    spoken = Spoken(grounds, form, Speech(lambda _: operations, said))
    (landed,) = bring(session, village, [spoken])
    return landed


def _line(session: Session, desa: str, instance: str) -> list[StoredSubmission]:
    """The edited instance and those that it edits itself, where they have landed."""
    line: list[StoredSubmission] = []
    wanted: str | None = instance
    for _ in range(EDITS_IN_A_ROW_MAX):
        if wanted is None:
            break
        found = submissions.same_instance(session, desa, wanted)
        landed = next((one for one in found if one.lane is not None), None)
        if landed is None:
            break
        line.append(landed)
        wanted = landed.replaces
    return line


def _origin(session: Session, line: Sequence[StoredSubmission], form: Form) -> _Origin:
    edited, first = line[0], line[-1].instance
    instance = read_instance(submissions.xml_of(session, edited.desa, edited.id))
    mapping = mapping_of(session, edited.form_id, edited.form_version) or form.mapping
    births = Births(first, edited.instance)
    said = said_by(instance, mapping, photos_of(session, edited), births)
    dots = frozenset(
        (str(one.lane), seq)
        for one in line
        for seq in range(one.first_seq or 0, (one.last_seq or 0) + 1)
    )
    return _Origin(edited, said, first, dots)


def _operations(said: Said, before: Said, grounds: Grounds, form: Form) -> list[dict[str, Json]]:
    operations: list[dict[str, Json]] = []
    ends: list[dict[str, Json]] = []
    earlier = {one.id: one for one in _people(before)}
    present = {one.id for one in _people(said)}
    for one in _people(said):
        original = earlier.get(one.id)
        if original is None:
            found = matched(one, grounds.known)
            is_known = found.id in grounds.known
            operations += change(found) if is_known else creation(found)
        else:
            operations += change(_difference(one, original))
        if original is None or original.end != one.end:
            ends += closing(one, said.observed)
    for one in before.members:
        if one.is_new and one.id not in present:
            ends += [_wrong(one, said.observed or grounds_day(grounds))]
    operations += _visits(said, before) if form.with_visit else []
    operations += _measurements(said, before, grounds_day(grounds))
    return [*operations, *ends]


def grounds_day(grounds: Grounds) -> str:
    """The day on which a mistake is closed that says no day itself: the phone's first."""
    return grounds.collector.since.date().isoformat()


def _people(said: Said) -> list[Statement]:
    return [*([said.family] if said.family is not None else []), *said.members]


def _difference(edited: Statement, original: Statement) -> Statement:
    groups = {g: v for g, v in edited.groups.items() if original.groups.get(g) != v}
    for group, value in original.groups.items():
        if group not in edited.groups:
            groups[group] = dict.fromkeys(value)
    # What the first form had chosen is what its author saw when editing it.
    chosen = {name: edited.chosen.get(name, ()) for name in {*edited.chosen, *original.chosen}}
    return replace(edited, groups=groups, chosen=chosen, shown=original.chosen)


def _wrong(stated: Statement, day: str) -> dict[str, Json]:
    return {
        "kind": Kind.END.value,
        "entity": stated.entity,
        "id": stated.id,
        "end": EndReason.SALAH.value,
        "date": day,
    }


def _visits(said: Said, before: Said) -> list[dict[str, Json]]:
    written = [_told(one) for one in before.visits]
    return [o for one in said.visits if _told(one) not in written for o in creation(one)]


def _measurements(said: Said, before: Said, day: str) -> list[dict[str, Json]]:
    if [_told(one) for one in said.measurements] == [_told(one) for one in before.measurements]:
        return []
    wrong = [_wrong(one, said.observed or day) for one in before.measurements]
    assert all(one["entity"] == PENGUKURAN for one in wrong), "nothing else is measured"
    return [*wrong, *_all(creation(one) for one in said.measurements)]


def _told(stated: Statement) -> tuple[str | None, Mapping[str, Json]]:
    values = {k: v for group in stated.groups.values() for k, v in group.items()}
    photos = values.get("foto")
    if isinstance(photos, list):
        values["foto"] = [{**p, "waktu": ""} for p in photos if isinstance(p, dict)]
    return stated.parent, {k: v for k, v in values.items() if k not in _TELLS_NOTHING}


def _all(listed: Iterable[list[dict[str, Json]]]) -> list[dict[str, Json]]:
    return [one for each in listed for one in each]
