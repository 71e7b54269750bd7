"""What a berita acara is made from: the village as it was frozen, the meeting, the people.

A signed village is printed from what was signed, for ever. Before, it is what was frozen last, and
where nothing was frozen the register as it is now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import live_village, standing
from api.services.localities import Locality, locality
from api.services.reviewers import Reviewer
from api.services.rounds import require_whole
from api.settings import Settings
from models.queries import auditing, browsing, frozen, musyawarahs, rt_lists
from models.queries.auditing import AuditEntry
from models.queries.frozen import FrozenNote
from models.queries.musyawarahs import Meeting
from sync.frozen import FrozenVillage, NotFrozen
from sync.permission import Action, Role
from sync.signoff import State


class Standing(StrEnum):
    """What a print-out is worth."""

    DRAFT = "draf"
    """The register as it is, or a frozen village with checks that are not met."""
    TO_SIGN = "untuk_ditandatangani"
    """Frozen, and nothing stands in the way of a signature."""
    SIGNED = "disahkan"
    SUPERSEDED = "tidak_berlaku"
    """Signed once; the village was opened again, and signs anew or has."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Everything that a berita acara says."""

    place: Locality
    village: FrozenVillage
    note: FrozenNote | None
    """Nothing for the register as it is now."""
    standing: Standing
    meeting: Meeting
    head: str
    """The village head's name; empty where several or none have the role."""
    operator: str
    signed_by: str
    audit: tuple[int, str] | None
    """Length and last hash of the village's audit chain."""
    url: str
    """Of /periksa, without the code."""
    made_at: datetime


NO_NAME: Final = ""


def minutes(
    session: Session,
    settings: Settings,
    reviewer: Reviewer,
    round_of: tuple[str, str],
    digest: str | None = None,
) -> tuple[Minutes, AuditEntry]:
    """The berita acara of a round (village, period), or of one frozen village of it by its hash.

    Raises `AppError`: `not-found` outside of the area, `not-permitted`, `frozen-damaged`.
    """
    desa, period = round_of
    require_whole(session, reviewer, desa)
    if not reviewer.may(Action.PRINT):
        raise AppError("not-permitted")
    place = locality(session, settings, desa)
    note, village = _village(session, reviewer, round_of, digest)
    heads = _named(session, Role.KEPALA_DESA, desa, reviewer)
    operators = _named(session, Role.OPERATOR_DESA, desa, reviewer)
    signed_by = note.signed_by if note is not None else None
    found = Minutes(
        place,
        village,
        note,
        standing_of(note),
        musyawarahs.recorded(session, desa, period).meeting,
        _only(heads),
        _only(operators),
        _account_name(session, signed_by),
        auditing.heads(session).get(desa),
        f"{settings.public_url}/periksa/",
        reviewer.now,
    )
    digest_shown = note.hash if note is not None else None
    return found, reviewer.entry(
        "berita-acara-read", period=period, hash=digest_shown, families=len(village.families)
    )


def standing_of(note: FrozenNote | None) -> Standing:
    """What a frozen village is worth now."""
    if note is None:
        return Standing.DRAFT
    if note.is_current:
        return Standing.SIGNED
    if note.signed_at is not None:
        return Standing.SUPERSEDED
    return Standing.DRAFT if note.unmet else Standing.TO_SIGN


def _village(
    session: Session, reviewer: Reviewer, round_of: tuple[str, str], digest: str | None
) -> tuple[FrozenNote | None, FrozenVillage]:
    desa, period = round_of
    _, stored = standing(session, desa, period)
    wanted = digest or stored.signed_hash
    if wanted is None and stored.state is State.MUSYAWARAH:
        wanted = next((n.hash for n in frozen.frozen_notes(session, desa, period)), None)
    if wanted is None:
        return None, live_village(session, desa, period, reviewer.now)
    try:
        found = frozen.frozen_by_hash(session, desa, wanted)
    except NotFrozen:
        raise AppError("frozen-damaged") from None
    if found is None or found[0].period != period:
        raise AppError("not-found", "Nothing of that hash was frozen in this round.")
    return found


def _named(session: Session, role: Role, desa: str, reviewer: Reviewer) -> list[str]:
    """Who has the role in exactly this village."""
    held = rt_lists.accounts_of_village(session, role.value, desa, reviewer.now)
    return [account.display_name for account in held]


def _only(names: Iterable[str]) -> str:
    listed = list(names)
    return listed[0] if len(listed) == 1 else NO_NAME


def _account_name(session: Session, account_id: str | None) -> str:
    if account_id is None:
        return NO_NAME
    return browsing.account_names(session, [account_id]).get(account_id, NO_NAME)
