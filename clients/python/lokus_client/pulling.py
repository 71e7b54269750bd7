"""The way down: pages of stamped rows after the cursor, until there is no more."""

from collections.abc import Sequence
from typing import Final

from lokus_client import copies, outbox, villages
from lokus_client.answers import Page, read_answer, read_rows
from lokus_client.errors import NoProgress
from lokus_client.manifest import as_text
from lokus_client.session import Session
from lokus_client.values import JsonObject
from lokus_client.villages import Cursor, Village

PAGES_MAX: Final = 100_000
"""More than a whole village has; a server that pages for ever is left."""


def take(session: Session, village: Village, page: Page) -> None:
    """Rows and cursor of one page. Inside the writing block of the answer.

    ``since`` moves only when ``more`` is false; until then the page sends back what it was sent.
    """
    store, cursor = session.store, page.cursor
    session.tally.rows += copies.apply(store, village.desa, page.rows, session.fields)
    if page.more:
        villages.set_cursor(store, village.desa, Cursor(village.cursor.since, cursor.at))
        outbox.reached(store, village.desa, cursor.at)
    else:
        at = max(cursor.at, village.cursor.at)
        villages.set_cursor(store, village.desa, Cursor(at, at))
        # The page was cut after everything that this phone was acknowledged before.
        outbox.reached(store, village.desa, None)
    outbox.purge(store, village.desa)


def pull_rest(session: Session, desa: str) -> None:
    """Page by page to the head. Raises ``ExchangeFailed``."""
    for _ in range(PAGES_MAX):
        village = villages.get(session.store, desa)
        body = {**session.head(desa), "lane": village.lane, **session.pull_keys(village)}
        answer = read_answer(session.caller.post("/v1/pull", as_text(body)))
        session.expect_epoch(answer)
        if answer.page is None:
            raise NoProgress("the answer to a pull has no cursor")
        if answer.page.more and answer.page.cursor.at <= village.cursor.at:
            raise NoProgress("the page did not move the cursor")
        with session.store.writing("page"):
            session.take_common(answer)
            take(session, village, answer.page)
        if not answer.page.more:
            return
    raise NoProgress("the village has no end")


def fetch_missing(session: Session, desa: str) -> None:
    """Ask for the whole of records that a page changed and this phone lacks."""
    ids = copies.missing(session.store, desa)
    for chunk in _chunks(ids, session.manifest.limits.ids):
        ask_whole(session, desa, chunk, repairs=False)


def ask_whole(
    session: Session, desa: str, ids: Sequence[str], *, repairs: bool
) -> tuple[set[str], int]:
    """``/v1/records`` for at most a hundred ids.

    Gives those that the server has for this phone, and how many rows that changed.
    """
    asked: JsonObject = {**session.head(desa), "ids": list(ids)}
    rows = read_rows(session.caller.post("/v1/records", as_text(asked)), "rows")
    with session.store.writing("records"):
        changed = copies.apply(session.store, desa, rows, session.fields, repairs=repairs)
        copies.nothing_missing(session.store, ids)
    session.tally.rows += changed
    return {row.id for row in rows}, changed


def ask_all(session: Session, desa: str, ids: Sequence[str]) -> int:
    """Drop whatever the server does not confirm; gives how many rows that changed."""
    changed = 0
    for chunk in _chunks(ids, session.manifest.limits.ids):
        confirmed, renewed = ask_whole(session, desa, chunk, repairs=True)
        unconfirmed = [id_ for id_ in chunk if id_ not in confirmed]
        with session.store.writing("unconfirmed"):
            copies.drop(session.store, unconfirmed)
        changed += renewed + len(unconfirmed)
    return changed


def _chunks(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
