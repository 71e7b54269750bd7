"""The village as it would be frozen now, and freezing it.

Nothing here signs. A draft is for printing and for being looked at; any number of them are kept,
and the one that is signed is the one that was printed.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from models.queries import feeds, musyawarahs, periods, rounds, village_lists
from models.queries.musyawarahs import Recorded
from models.queries.periods import StoredPeriod
from models.queries.rounds import StoredRound
from models.queries.village_lists import Questions
from sync.freezing import Judgements
from sync.freezing import frozen as frozen_now
from sync.frozen import FrozenVillage
from sync.signoff import State
from sync.village_round import VillageRound, village_round

CODE_CHARACTERS: Final = 16
"""Base32 characters of a code on the berita acara: 80 bits, to be read over a telephone."""


@dataclass(frozen=True, slots=True)
class Live:
    """A village's round as this transaction sees it."""

    period: StoredPeriod
    round: StoredRound
    village: VillageRound
    questions: Questions
    recorded: Recorded

    def freeze(self, now: datetime) -> FrozenVillage:
        """As it would be signed at that moment."""
        decisions = {
            family: decided.as_frozen() for family, decided in self.recorded.decisions.items()
        }
        judgements = Judgements(decisions, self.questions.doubtful)
        return frozen_now(self.village, self.period.id, judgements, now)


def live_village(session: Session, desa: str, period: str, now: datetime) -> FrozenVillage:
    """The village as it would be frozen now: for drafts, worksheets and checks.

    Raises `AppError` `not-found` where no period of that name covers the village.
    """
    return live_round(session, desa, period).freeze(now)


def live_round(session: Session, desa: str, period: str) -> Live:
    """Everything about a village that its round is decided on. Raises `AppError` `not-found`.

    For a decision the village's turn must be held; for looking it need not be.
    """
    found, stored = standing(session, desa, period)
    village = village_round(
        desa,
        village_lists.village_records(session, desa),
        village_lists.list_statements(session, desa),
        head=feeds.head_of(session, desa),
        opened_head=stored.opened_head,
    )
    return Live(
        found,
        stored,
        village,
        village_lists.questions(session, desa, stored.opened_at),
        musyawarahs.recorded(session, desa, period),
    )


def standing(session: Session, desa: str, period: str) -> tuple[StoredPeriod, StoredRound]:
    """The period that covers a village, and where the village stands in it.

    A round that nobody has touched begins with its list open. Raises `AppError` `not-found`.
    """
    found = periods.period_of(session, desa, period)
    if found is None:
        raise AppError("not-found", "No period of that name covers this village.", missing="period")
    stored = rounds.round_of(session, desa, period)
    if stored is None:
        opens = found.window.opens
        head = periods.head_at(session, desa, opens)
        stored = StoredRound(desa, period, State.DAFTAR_TERBUKA, 0, head, opens, opens)
    return found, stored


def village_code(secret: bytes, desa: str, period: str, digest: str) -> str:
    """What stands on the berita acara beside the hash; only who has the secret can make one."""
    text = f"{desa}\n{period}\n{digest}"
    mac = hmac.new(secret, b"lokus berita acara\n" + text.encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode()[:CODE_CHARACTERS]
