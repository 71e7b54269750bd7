"""Do phone and server hold the same? Asked with every sync, answered per RT, mended at once.

The digest says whether; twelve bytes a record say where. What the server then sends replaces the
copy, and what it does not know for this phone is asked for by id and dropped if it stays unknown.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lokus_client import copies, pulling, villages
from lokus_client.answers import read_rows
from lokus_client.digest import digest_text, fingerprint
from lokus_client.manifest import as_text
from lokus_client.session import Session
from lokus_client.store import Store
from lokus_client.values import Json, JsonObject, texts
from lokus_client.villages import Village

AGREES: Final = "agrees"
DIFFERS: Final = "differs"
NOT_COMPARABLE: Final = "not-comparable"
CHECKS_MAX: Final = 20
"""RTs that one session asks about or mends one by one."""
MENDS_MAX: Final = 50
"""Rounds of the repair list for one RT; an answer may bring only some of the rows."""
DIGESTS_PER_SYNC_MAX: Final = 60
"""A large village takes turns: those RTs go first whose last comparison is the oldest."""


@dataclass(frozen=True)
class Agreement:
    """``verdict`` as of feed position ``at`` and the phone's time ``checked``."""

    desa: str
    rt: str
    verdict: str
    at: int
    checked: str


def every(store: Store) -> list[Agreement]:
    """The last verdict on each RT, in the order of villages and RTs."""
    found = store.all("SELECT desa, rt, verdict, at, checked FROM agreements ORDER BY desa, rt")
    return [Agreement(*row) for row in found]


def rows_by_rt(store: Store, village: Village) -> dict[str, list[tuple[str, int]]]:
    """RT → (id, seq) of its rows, for every RT held, also the empty ones.

    Families that nobody has placed in an RT yet are in none and are not compared.
    """
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for rt in village.held or ():
        found[rt] = []
    for place in copies.places(store, village.desa):
        if place.rt and (village.held is None or place.rt in village.held):
            found[place.rt].append((place.id, place.seq))
    return dict(sorted(found.items()))


def digests(store: Store, village: Village) -> dict[str, str]:
    """RT → digest, or nothing while a pull is under way or a record is still to be fetched."""
    cursor = village.cursor
    if cursor.since != cursor.at or cursor.at == 0 or copies.missing(store, village.desa):
        return {}
    return {rt: digest_text(rows) for rt, rows in rows_by_rt(store, village).items()}


def digests_to_send(store: Store, village: Village) -> dict[str, str]:
    """As many as one request may carry."""
    present = digests(store, village)
    if len(present) <= DIGESTS_PER_SYNC_MAX:
        return present
    compared_at = {each.rt: each.at for each in every(store) if each.desa == village.desa}
    in_turn = sorted(present, key=lambda rt: (compared_at.get(rt, -1), rt))
    return {rt: present[rt] for rt in in_turn[:DIGESTS_PER_SYNC_MAX]}


def has_doubts(store: Store, village: Village) -> bool:
    """Is there an RT whose last verdict is not that both sides agree?"""
    agreed = {a.rt for a in every(store) if a.desa == village.desa and a.verdict == AGREES}
    return bool(digests(store, village).keys() - agreed)


def note(session: Session, village: Village, compared: Mapping[str, str], told: Json) -> None:
    """Keep the verdicts on the digests of one request. Inside the writing block of the answer.

    ``told``: one verdict for all of them, or an object with one per RT.
    """
    verdicts = {rt: _verdict(told.get(rt) if isinstance(told, dict) else told) for rt in compared}
    _keep(session, village, verdicts)


def _verdict(told: Json) -> str:
    if isinstance(told, bool):
        return AGREES if told else DIFFERS
    return NOT_COMPARABLE


def _keep(session: Session, village: Village, verdicts: Mapping[str, str]) -> None:
    checked = session.environment.now_text()
    session.store.run_many(
        "INSERT OR REPLACE INTO agreements (desa, rt, verdict, at, checked) VALUES (?, ?, ?, ?, ?)",
        [
            (village.desa, rt, verdict, village.cursor.at, checked)
            for rt, verdict in verdicts.items()
        ],
    )


def settle(session: Session, desa: str) -> None:
    """Mend every RT that differs; with ``checks_agreement`` also ask about those not compared."""
    village = villages.get(session.store, desa)
    present = digests(session.store, village)
    known = {a.rt: a.verdict for a in every(session.store) if a.desa == desa}
    doubtful = [rt for rt in present if known.get(rt, NOT_COMPARABLE) != AGREES]
    for rt in doubtful[:CHECKS_MAX]:
        verdict = known.get(rt, NOT_COMPARABLE)
        if verdict == NOT_COMPARABLE and session.checks_agreement:
            verdict = _ask(session, village, rt)
        if verdict == DIFFERS:
            verdict = _mend(session, village, rt)
        if verdict != known.get(rt):
            with session.store.writing("agreement"):
                _keep(session, village, {rt: verdict})


def _mend(session: Session, village: Village, rt: str) -> str:
    """Take what differs, and if that does not help ask for every record; the verdict afterwards."""
    for _ in range(MENDS_MAX):
        if not _take_differing(session, village, rt):
            break
    verdict = _ask(session, village, rt)
    if verdict == DIFFERS:
        pulling.ask_all(session, village.desa, [id_ for id_, _ in _held(session, village, rt)])
        verdict = _ask(session, village, rt)
    return verdict


def _take_differing(session: Session, village: Village, rt: str) -> bool:
    """One round of the repair list; tells whether it changed anything here."""
    held = _held(session, village, rt)
    answer = _post(session, village, rt, [fingerprint(id_, seq) for id_, seq in held])
    rows, unknown = read_rows(answer, "rows"), set(texts(answer.get("unknown")))
    with session.store.writing("repair"):
        changed = copies.apply(session.store, village.desa, rows, session.fields, repairs=True)
    session.tally.rows += changed
    # What the server does not have in this RT may have moved, or be no longer for this phone.
    sent = {row.id for row in rows}
    doubtful = [i for i, seq in held if i not in sent and fingerprint(i, seq) in unknown]
    return changed + pulling.ask_all(session, village.desa, doubtful) > 0


def _held(session: Session, village: Village, rt: str) -> list[tuple[str, int]]:
    return rows_by_rt(session.store, village).get(rt, [])


def _ask(session: Session, village: Village, rt: str) -> str:
    return _verdict(_post(session, village, rt, None).get("ok"))


def _post(session: Session, village: Village, rt: str, records: Sequence[str] | None) -> JsonObject:
    """``/v1/digest``; with ``records`` (base64 of 12 bytes each) also for the rows that differ."""
    body: JsonObject = {
        **session.head(village.desa),
        "rt": rt,
        "at": village.cursor.at,
        "digest": digest_text(_held(session, village, rt)),
    }
    if records is not None:
        body["records"] = list(records)
    return session.caller.post("/v1/digest", as_text(body))
