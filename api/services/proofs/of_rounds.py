"""What rounds can prove about themselves: their logs, what was frozen, and who signed it.

The log of a round is a chain; where a round stands follows from it by the transition table. A
frozen village is what its hash says, and a signature is one that this installation gave.
"""

from collections.abc import Iterator

from sqlmodel import Session

from api.services.freezing import village_code
from api.services.proofs.evidence import Damage
from api.services.signing import signature_mac
from models.queries import frozen, rounds
from models.queries.frozen import SignatureNote
from models.queries.rounds import BEGINNING, StoredEvent, StoredRound
from sync.frozen import NotFrozen
from sync.signoff import SIGNED, Event, follows


def rounds_hold(session: Session, desa: str, secret: bytes) -> Iterator[Damage]:
    """Everything that does not fit in one village's rounds."""
    signed = {one.hash: one for one in frozen.signatures(session, desa)}
    for stored in rounds.rounds_of_village(session, desa):
        events = rounds.events_of(session, desa, stored.period, limit=None)
        yield from _log_holds(stored, events)
        yield from _signed_fits(stored, events, signed)
    for digest in frozen.frozen_hashes(session, desa):
        yield from _frozen_holds(session, desa, digest, secret)
    for signature in signed.values():
        if signature_mac(secret, signature) != signature.mac:
            said = "it was not made with this secret, or was changed"
            yield Damage("signature", desa, f"signature of {signature.hash[:12]}", said)


def _log_holds(stored: StoredRound, events: list[StoredEvent]) -> Iterator[Damage]:
    subject = f"round {stored.period}"
    previous = BEGINNING
    for n, event in enumerate(events, 1):
        if event.n != n:
            yield _damage(stored, subject, f"its events before {event.n} are missing")
            return
        if event.previous != previous or event.digest() != event.hash:
            yield _damage(stored, subject, f"event {n} was changed after it was written")
        previous = event.hash
    state = follows((one.event, one.state_before, one.state) for one in events)
    if state is None:
        yield _damage(stored, subject, "its events are no history that the table allows")
    elif state is not stored.state or len(events) != stored.version:
        said = f"it stands at {stored.state.value}, but its events lead to {state.value}"
        yield _damage(stored, subject, said)


def _signed_fits(
    stored: StoredRound, events: list[StoredEvent], signed: dict[str, SignatureNote]
) -> Iterator[Damage]:
    subject = f"round {stored.period}"
    if (stored.state in SIGNED) != (stored.signed_hash is not None):
        yield _damage(stored, subject, "its state and its signature contradict each other")
    if stored.signed_hash is None:
        return
    last = [one.detail.get("hash") for one in events if one.event == Event.DISAHKAN.value][-1:]
    if last != [stored.signed_hash] or stored.signed_hash not in signed:
        yield _damage(stored, subject, "what it stands by was never signed")


def _frozen_holds(session: Session, desa: str, digest: str, secret: bytes) -> Iterator[Damage]:
    subject = f"frozen village {digest[:12]}"
    try:
        found = frozen.frozen_by_hash(session, desa, digest)
    except NotFrozen as error:
        yield Damage("frozen", desa, subject, str(error))
        return
    assert found is not None, "its hash was read a moment ago"
    note, village = found
    if (village.desa, village.period, village.head) != (note.desa, note.period, note.head):
        yield Damage("frozen", desa, subject, "its columns do not repeat what is in it")
    if note.code != village_code(secret, desa, note.period, digest):
        yield Damage("frozen", desa, subject, "its code was not made with this secret")


def _damage(stored: StoredRound, subject: str, said: str) -> Damage:
    return Damage("round", stored.desa, subject, said)
