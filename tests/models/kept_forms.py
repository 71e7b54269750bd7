"""Filled forms as a village keeps them, with everything filled in that a test does not ask for."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from models.queries import feeds, holding, lanes
from models.queries.holding import Held
from models.queries.lanes import LaneOwner
from models.queries.submissions import (
    HELD,
    MERGED,
    WAITING,
    Kept,
    StoredSubmission,
    add_submissions,
)
from sync.types import Lane
from tests.builders import DESA, an_id

NOW = datetime(2026, 11, 3, 5, tzinfo=UTC)
AGENT = "org.odk.collect.android/v2026.3.3"
SOURCE = "odk"


def a_form(number: int, **told: object) -> StoredSubmission:
    """The n-th form of a village, merged at the n-th minute unless it is said otherwise."""
    stored = StoredSubmission(
        desa=DESA,
        id=an_id(number),
        instance=f"uuid:{number}",
        replaces=None,
        form_id="verifikasi",
        form_version="2026110101",
        device_id="phone",
        account_id=None,
        sha256="0" * 64,
        size=1,
        state=MERGED,
        problem=None,
        record=None,
        branch=None,
        base_version=None,
        trunk_version=None,
        lane="lane of phone",
        first_seq=1,
        last_seq=1,
        complete=True,
        visit=None,
        received_at=NOW + timedelta(minutes=number),
    )
    return stored._replace(**told)  # type: ignore[arg-type]  # every value is of its field's type


def keep(session: Session, *forms: StoredSubmission, desa: str = DESA) -> None:
    """Keep forms in a village, whatever their bytes are."""
    stored = [form._replace(desa=desa) for form in forms]
    add_submissions(session, desa, [Kept(one, b"<data/>", AGENT) for one in stored])


def keep_waiting(session: Session, form: StoredSubmission, *, desa: str = DESA) -> None:
    """Keep a form that waits for another one."""
    waiting = form._replace(
        desa=desa, state=HELD, problem="predecessor", lane=None, first_seq=None, last_seq=None
    )
    keep(session, waiting, desa=desa)
    held = Held(desa, form.id, "predecessor", "another one", WAITING, form.received_at)
    holding.hold(session, held)


def open_lane(session: Session, phone: str, *, desa: str = DESA, source: str = SOURCE) -> None:
    """A phone's lane in a village that somebody has written in."""
    feeds.take_turn(session, desa)
    lane = Lane(f"{source} lane of {phone}", desa, 7, extra=frozenset({("side", 3)}))
    lanes.open_lane(session, lane, LaneOwner(phone, None, source), NOW)
