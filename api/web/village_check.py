"""/periksa for a berita acara: is this paper what the village signed? Without login or names.

The code on the paper is a keyed hash over village, period and hash, so nobody makes one up; the row
that it finds is believed only if the code follows from it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from api.services.freezing import village_code
from api.shell import Shell
from api.tokens import same
from models.queries.areas import area_names
from models.queries.frozen import FrozenNote, frozen_by_code
from sync.signoff import SIGNED
from sync.types import Json

DRAFT: Final = "draft"
VALID: Final = "signed"
SUPERSEDED: Final = "superseded"
REOPENED: Final = "reopened"


@dataclass(frozen=True, slots=True)
class CheckedVillage:
    """What everybody who holds the paper may know about it."""

    code: str
    desa: str
    village: str
    period: str
    hash: str
    families: int
    members: int
    standing: str
    """``signed``, ``draft``, ``superseded`` by a later signature, or ``reopened``."""
    frozen_at: datetime
    signed_at: datetime | None
    method: str | None

    def as_json(self) -> bytes:
        """For programs."""
        told: dict[str, Json] = {
            "valid": self.standing == VALID,
            "kind": "berita-acara",
            "standing": self.standing,
            "desa": self.desa,
            "village": self.village,
            "period": self.period,
            "hash": self.hash,
            "families": self.families,
            "members": self.members,
            "frozen_at": self.frozen_at.isoformat(),
            "signed_at": None if self.signed_at is None else self.signed_at.isoformat(),
            "method": self.method,
        }
        return orjson.dumps(told)


def checked_village(shell: Shell, code: str) -> CheckedVillage | None:
    """What the code of a berita acara stands for; nothing for one that was never given."""
    with shell.database.reading() as session:
        note = frozen_by_code(session, code)
        if note is None:
            return None
        given = village_code(shell.settings.secret, note.desa, note.period, note.hash)
        if not same(given, code):
            return None
        name = area_names(session, [note.desa]).get(note.desa, note.desa)
    return CheckedVillage(
        code,
        note.desa,
        name,
        note.period,
        note.hash,
        note.families,
        note.members,
        _standing(note),
        note.frozen_at,
        note.signed_at,
        note.method,
    )


def _standing(note: FrozenNote) -> str:
    if note.signed_at is None:
        return DRAFT
    if note.is_current:
        return VALID
    return SUPERSEDED if note.state in SIGNED else REOPENED


SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "required": [
        "valid", "kind", "standing", "desa", "village", "period", "hash", "families", "members",
        "frozen_at", "signed_at", "method",
    ],
    "properties": {
        "valid": {"type": "boolean"},
        "kind": {"const": "berita-acara"},
        "standing": {"enum": [VALID, DRAFT, SUPERSEDED, REOPENED]},
        "desa": {"type": "string"},
        "village": {"type": "string"},
        "period": {"type": "string"},
        "hash": {"type": "string", "description": "SHA-256 of what was frozen, hex."},
        "families": {"type": "integer"},
        "members": {"type": "integer"},
        "frozen_at": {"type": "string", "format": "date-time"},
        "signed_at": {"type": ["string", "null"], "format": "date-time"},
        "method": {"enum": ["pin", "kertas", None]},
    },
}  # fmt: skip
"""Of the JSON answer."""
