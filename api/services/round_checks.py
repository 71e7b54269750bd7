"""What a village still lacks before it can be signed, as far as the reader may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.evidence import profile_named
from api.services.freezing import Live, live_round
from api.services.masking import Mask
from api.services.reviewers import Reviewer
from api.services.rounds import happened, require_part, require_whole, turned
from models.queries import rounds, village_lists
from models.queries.rounds import Explained
from sync.permission import Action
from sync.readiness import BEFORE_MUSYAWARAH, TEXTS, Check, Circumstances, Culprit, Unmet, unmet
from sync.signoff import Event
from sync.types import KELUARGA, Json

CULPRITS_TOLD: Final = 50
CULPRITS_TOLD_MAX: Final = 1000
NAME: Final = "nama_kepala_keluarga"


@dataclass(frozen=True, slots=True)
class CulpritLine:
    """One place where a check is not met."""

    family: str | None
    rt: str
    name: Json
    """The head's, as far as the reader may know."""
    record: str | None
    what: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check that is not met: how many families, and the first of them."""

    code: Check
    blocks: str
    """`musyawarah` or `pengesahan`: what it stands in the way of."""
    families: int
    text_id: str
    text_en: str
    culprits: tuple[CulpritLine, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that is not met, as one moment saw it; of the RTs in sight."""

    desa: str
    period: str
    state: str
    version: int
    head: int
    families: int
    checks: tuple[CheckLine, ...]

    @property
    def is_ready(self) -> bool:
        return not self.checks


def checked(
    session: Session, reviewer: Reviewer, desa: str, period: str, limit: int = CULPRITS_TOLD
) -> CheckReport:
    """Look at a village as its sign-off would."""
    require_part(session, reviewer, desa)
    if not reviewer.may(Action.READ_ROUND):
        raise AppError("not-permitted")
    live = live_round(session, desa, period)
    found = unmet(live.village, circumstances(session, reviewer, live))
    seen = [one for one in (_in_sight(one, reviewer, desa) for one in found) if one.culprits]
    names = names_of(live, reviewer)
    return CheckReport(
        desa,
        period,
        live.round.state.value,
        live.round.version,
        live.village.head,
        sum(reviewer.sight.covers(desa, one.record.rt) for one in live.village.families),
        tuple(_line(one, names, limit) for one in seen),
    )


def circumstances(session: Session, reviewer: Reviewer, live: Live) -> Circumstances:
    """What the checks know beside the list; three statements."""
    desa, period = live.village.desa, live.period.id
    stated = rounds.rts_stated(session, desa, period)
    return Circumstances(
        day=reviewer.now.astimezone(reviewer.ground.zone).date(),
        profile=profile_named(live.period.profile),
        conflicts=live.questions.open,
        quarantine=village_lists.waiting_operations(session, desa),
        reasons=frozenset(
            (one.record, one.code) for one in rounds.reasons_of(session, desa, period)
        ),
        rts_done=frozenset(rt for rt, one in stated.items() if one.withdrawn_at is None),
        reopened=live.questions.reopened,
        settled=live.questions.settled,
        decided=frozenset(live.recorded.decisions),
        meeting_recorded=live.recorded.meeting.is_recorded,
    )


def blocking(session: Session, reviewer: Reviewer, live: Live) -> dict[str, int]:
    """Checks that stand in the way of a signature → how many families each names."""
    found = unmet(live.village, circumstances(session, reviewer, live))
    return {one.check.value: one.families for one in found if one.check not in BEFORE_MUSYAWARAH}


def explain(
    session: Session, reviewer: Reviewer, desa: str, period: str, explained: Explained
) -> Explained:
    """Give the reason why a finding about a record stands in this round."""
    require_whole(session, reviewer, desa)
    if not reviewer.may(Action.MOVE_ROUND):
        raise AppError("not-permitted")
    held = turned(session, reviewer, desa, period)
    state = held.then(Event.ALASAN_TEMUAN)
    live = live_round(session, desa, period)
    around = replace(circumstances(session, reviewer, live), reasons=frozenset())
    open_now = {
        (culprit.record, culprit.what)
        for one in unmet(live.village, around)
        if one.check is Check.FINDING_OPEN
        for culprit in one.culprits
    }
    if (explained.record, explained.code) not in open_now:
        raise AppError("not-found", "There is no such finding about that record.")
    rounds.store_reason(session, desa, period, explained)
    detail: dict[str, Json] = {"record": explained.record, "code": explained.code}
    happened(session, held, Event.ALASAN_TEMUAN, state, reason=explained.reason, detail=detail)
    return explained


def names_of(live: Live, reviewer: Reviewer) -> Mapping[str, Json]:
    """Family → its head's name, as far as the reader may know."""
    mask = Mask(reviewer.role)
    return {
        family.id: mask.fields(KELUARGA, {NAME: family.record.fields.get(NAME)}).get(NAME)
        for family in live.village.families
    }


def _in_sight(one: Unmet, reviewer: Reviewer, desa: str) -> Unmet:
    return Unmet(one.check, tuple(c for c in one.culprits if reviewer.sight.covers(desa, c.rt)))


def _line(one: Unmet, names: Mapping[str, Json], limit: int) -> CheckLine:
    text_id, text_en = TEXTS[one.check]
    blocks = "musyawarah" if one.check in BEFORE_MUSYAWARAH else "pengesahan"
    shown: Sequence[Culprit] = one.culprits[: min(limit, CULPRITS_TOLD_MAX)]
    return CheckLine(
        one.check,
        blocks,
        one.families,
        text_id,
        text_en,
        tuple(
            CulpritLine(c.family, c.rt, names.get(c.family or ""), c.record, c.what) for c in shown
        ),
    )
