"""Sign a village: freeze it, have it approved where two persons are needed, sign that hash.

Two steps with paper between them. *Freezing* writes the list down as it is and gives it a hash and
a code; that is printed, read and discussed. *Signing* names the hash. It is refused if the
register has moved on meanwhile in a way that changes what was printed, and says where; else the
hash stands for ever. What arrives later is merged into the register and listed for the next round.

On paper the order is another: the village may have signed a sheet days ago, where there is no
signal, and phones have sent since. Whoever hands the scan in is told what came in between, and can
say that the signatures are older than it (`accept_later`): then it counts as late, like everything
that comes after a signature.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import Live, live_round, village_code
from api.services.reviewers import Reviewer
from api.services.round_checks import blocking
from api.services.rounds import Turned, happened, require_whole, turned
from models.queries import frozen, rounds, village_lists
from models.queries.blobs import held_of
from models.queries.frozen import FrozenNote, SignatureNote
from sync.canonical import canonical_json
from sync.freezing import Moved, moved
from sync.frozen import FrozenVillage, NotFrozen, hash_of
from sync.permission import Action
from sync.signoff import Event, only_by_their_editors
from sync.types import Json

PIN: Final = "pin"
KERTAS: Final = "kertas"
FAMILIES_TOLD_MAX: Final = 100


SCAN_MISSING: Final = (
    "No such scan was handed in for this village: send the signed sheet to "
    "/v1/rounds/{desa}/{period}/scan first, and name the SHA-256 that it answers."
)


@dataclass(frozen=True, slots=True)
class Signing:
    """What is signed, and how; `scan` is the SHA-256 of a signed sheet's scan."""

    hash: str
    method: str = PIN
    scan: str | None = None
    accept_later: bool = False


def freeze(
    session: Session, reviewer: Reviewer, secret: bytes, desa: str, period: str
) -> FrozenNote:
    """Write the village down as it is now. Drafts are kept, each under its own hash."""
    held = _held(session, reviewer, desa, period, Action.MOVE_ROUND)
    state = held.then(Event.DIBEKUKAN)
    live = live_round(session, desa, period)
    village = live.freeze(reviewer.now)
    body = village.body()
    digest = hash_of(body)
    again = frozen.frozen_note(session, desa, digest)
    if again is not None:
        return again
    note = FrozenNote(
        desa=desa,
        period=period,
        hash=digest,
        code=village_code(secret, desa, period, digest),
        head=village.head,
        event=held.round.version + 1,
        frozen_at=reviewer.now,
        account_id=reviewer.account_id,
        families=len(village.families),
        members=sum(len(family.members) for family in village.families),
        unmet=blocking(session, reviewer, live),
        state=state.value,
    )
    frozen.add_frozen(session, note, body)
    detail: dict[str, Json] = {"hash": digest, "head": village.head, "unmet": dict(note.unmet)}
    happened(session, held, Event.DIBEKUKAN, state, detail=detail)
    return note


def approve(
    session: Session, reviewer: Reviewer, desa: str, period: str, digest: str
) -> FrozenNote:
    """Approve a frozen village, so that whoever edited a family is not the only one to do so."""
    held = _held(session, reviewer, desa, period, Action.MOVE_ROUND)
    state = held.then(Event.DISETUJUI)
    note, _ = _frozen(session, held, digest)
    if reviewer.account_id not in rounds.approvers_of(session, desa, period, digest):
        happened(session, held, Event.DISETUJUI, state, detail={"hash": digest})
    return note


def sign(
    session: Session,
    reviewer: Reviewer,
    secret: bytes,
    period: tuple[str, str],
    wanted: Signing,
) -> FrozenNote:
    """Sign a frozen village; `period` is (village, period). The PIN was proved before.

    Raises `AppError`: `village-moved` with what changed since, `checks-unmet` with what lacks,
    `approval-missing`, `round-elsewhere` where it is signed already, `value-refused` for a scan
    that nobody has handed in.
    """
    desa, name = period
    on_paper = wanted.method == KERTAS
    action = Action.SIGN_ON_PAPER if on_paper else Action.SIGN
    held = _held(session, reviewer, desa, name, action)
    if on_paper and wanted.scan not in held_of(session, desa, [wanted.scan or ""]):
        raise AppError("value-refused", SCAN_MISSING)
    state = held.then(Event.DISAHKAN)
    note, village = _frozen(session, held, wanted.hash)
    live = live_round(session, desa, name)
    later = moved(village, live.freeze(reviewer.now))
    if later and not (on_paper and wanted.accept_later):
        raise _moved(later, live)
    _require_met(note.unmet if later else blocking(session, reviewer, live))
    _require_two(session, reviewer, live, note)
    signature = _signature(held, note, wanted, secret)
    frozen.add_signature(session, signature)
    held = replace(held, round=replace(held.round, signed_hash=note.hash))
    detail: dict[str, Json] = {
        "hash": note.hash,
        "method": wanted.method,
        "scan": wanted.scan,
        "later": len(later.added) + len(later.changed) + len(later.removed),
    }
    changed = happened(session, held, Event.DISAHKAN, state, detail=detail)
    return replace(
        note,
        signed_at=signature.signed_at,
        method=wanted.method,
        scan=wanted.scan,
        signed_by=reviewer.account_id,
        state=changed.state.value,
        is_current=True,
    )


def signature_mac(secret: bytes, signature: SignatureNote) -> str:
    """Keyed hash over everything that a signature says."""
    told = {
        "desa": signature.desa,
        "hash": signature.hash,
        "period": signature.period,
        "method": signature.method,
        "signed_at": signature.signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "account_id": signature.account_id,
        "event": signature.event,
        "scan": signature.scan,
    }
    return hmac.new(secret, b"lokus signature\n" + canonical_json(told), hashlib.sha256).hexdigest()


def _held(session: Session, reviewer: Reviewer, desa: str, period: str, action: Action) -> Turned:
    require_whole(session, reviewer, desa)
    if not reviewer.may(action):
        raise AppError("not-permitted")
    return turned(session, reviewer, desa, period)


def _frozen(session: Session, held: Turned, digest: str) -> tuple[FrozenNote, FrozenVillage]:
    """The frozen village of that hash, if it was made since the musyawarah opened."""
    try:
        found = frozen.frozen_by_hash(session, held.desa, digest)
    except NotFrozen:
        raise AppError(
            "frozen-damaged",
            audit=held.reviewer.entry("refused", code="frozen-damaged", hash=digest),
        ) from None
    if found is None or found[0].period != held.period.id:
        raise AppError("not-found", "Nothing of that hash was frozen in this round.")
    events = rounds.events_of(session, held.desa, held.period.id, limit=None)
    opened = max((e.n for e in events if e.event == Event.BUKA_MUSYAWARAH), default=0)
    if found[0].event < opened:
        raise AppError(
            "village-moved", "It was frozen before the round was opened again: freeze it anew."
        )
    return found


def _moved(later: Moved, live: Live) -> AppError:
    families: list[Json] = []
    rts = {family.id: family.record.rt for family in live.village.families}
    for what, ids in (
        ("added", later.added), ("removed", later.removed), ("changed", later.changed),
    ):  # fmt: skip
        families += [{"family": one, "rt": rts.get(one, ""), "what": what} for one in ids]
    total = len(families)
    return AppError(
        "village-moved",
        f"{total} families changed since it was frozen: freeze the village again, print that, and "
        "sign its hash. A sheet that was signed before the change is accepted knowingly.",
        families=families[:FAMILIES_TOLD_MAX],
        total=total,
    )


def _require_met(unmet: Mapping[str, int]) -> None:
    if unmet:
        named = ", ".join(f"{check} ({families})" for check, families in unmet.items())
        raise AppError(
            "checks-unmet",
            f"Checks are not met: {named}; `lokus round check` and "
            "GET /v1/rounds/{desa}/{period}/checks name the families.",
            checks=dict(unmet),
        )


def _require_two(session: Session, reviewer: Reviewer, live: Live, note: FrozenNote) -> None:
    """Who edited a family cannot be the only one to approve it."""
    desa = note.desa
    editors: dict[str, set[str]] = {}
    for record, account in village_lists.statements_about(session, desa, live.round.opened_head):
        now = live.village.canonical.get(record, record)
        family = live.village.family_of.get(now)
        if family is not None:
            editors.setdefault(family, set()).add(account)
    approvers = rounds.approvers_of(session, desa, note.period, note.hash)
    alone = only_by_their_editors(
        {family: frozenset(by) for family, by in editors.items()},
        approvers | {reviewer.account_id or ""},
    )
    if alone:
        families: list[Json] = [*sorted(alone)[:FAMILIES_TOLD_MAX]]
        raise AppError(
            "approval-missing",
            families=families,
            total=len(alone),
            audit=reviewer.entry("refused", code="two-person-rule", hash=note.hash),
        )


def _signature(held: Turned, note: FrozenNote, wanted: Signing, secret: bytes) -> SignatureNote:
    unsigned = SignatureNote(
        note.desa,
        note.hash,
        note.period,
        wanted.method,
        held.reviewer.now,
        held.reviewer.account_id,
        held.round.version + 1,
        wanted.scan,
        "",
    )
    return replace(unsigned, mac=signature_mac(secret, unsigned))
