"""The visit of a form whose photographs came late: written when they are there, and only once.

A visit names its photographs by their hashes and is never changed. So a form that comes in several
parts merges its answers with the first, and its visit with the last. A photograph that comes after
that (the phone had lost it, and sends the record again) makes a visit of its own beside the first.
"""

from dataclasses import replace

from sqlmodel import Session

from api.formats.xform.operations import creation
from api.formats.xform.statements import Births, Said, Statement, derived_id, said_by
from api.services.submitting_merges import Landed, bring
from api.services.submitting_places import Collector, Village, phones_lane
from api.services.submitting_reading import Form
from api.services.submitting_speech import Grounds, Speech, Spoken
from models.queries import records, submissions
from models.queries.submissions import StoredSubmission
from sync.types import GroupValue, Json

PHOTOS: str = "foto"


def complete_visit(
    session: Session,
    village: Village,
    collector: Collector,
    form: Form,
    stored: StoredSubmission,
) -> Landed | None:
    """Write what of the form's visit is not written yet. Nothing where there is nothing more."""
    births = Births(stored.instance, stored.instance)
    said = said_by(form.instance, form.mapping, form.photos, births)
    visit = next(iter(said.visits), None)
    if visit is None:
        if not stored.complete:
            submissions.complete(session, stored.desa, stored.id, None)
        return None
    missing = visit if stored.visit is None else _missing(session, village.desa, stored, visit)
    if missing is None:
        return None
    grounds = Grounds(collector, phones_lane(session, village, collector), village.head, {})
    speech = Speech(lambda apart: creation(missing, apart=apart), _only(said))
    (landed,) = bring(session, village, [Spoken(grounds, form, speech)])
    submissions.complete(session, stored.desa, stored.id, stored.visit or missing.id)
    return landed


def _missing(
    session: Session, desa: str, stored: StoredSubmission, visit: Statement
) -> Statement | None:
    """A visit with the photographs that none has named yet."""
    wanted = _hashes(visit.groups.get(PHOTOS, {}).get(PHOTOS))
    if not wanted:
        return None
    later = derived_id(stored.instance, f"kunjungan {' '.join(sorted(wanted))}")
    written = records.records_by_id(session, desa, [str(stored.visit), later])
    named = {digest for record in written for digest in _hashes(record.fields.get(PHOTOS))}
    fresh = wanted - named
    if not fresh or not written:
        return None
    photos = visit.groups[PHOTOS][PHOTOS]
    assert isinstance(photos, list), "it has hashes"
    kept = [one for one in photos if isinstance(one, dict) and one["sha256"] in fresh]
    groups: dict[str, GroupValue] = {**visit.groups, PHOTOS: {PHOTOS: list[Json](kept)}}
    return replace(visit, id=later, groups=groups)


def _hashes(photos: Json) -> set[str]:
    if not isinstance(photos, list):
        return set()
    return {str(one["sha256"]) for one in photos if isinstance(one, dict) and "sha256" in one}


def _only(said: Said) -> Said:
    return replace(said, family=None, members=(), measurements=())
