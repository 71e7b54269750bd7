"""Somebody at work with a phone: what lies in front of them, and how an operation is written down.

What is about to be said is compared with what the phone has been sent, before it is said: that is
what its author knew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from lokus_client.capturing import Queued
from lokus_client.rows import CopyRow
from lokus_client.values import Json

from api.clock import SettableClock
from api.simulation.handset import Handset
from api.simulation.history import Notes, Telling
from api.simulation.office import RTS, VILLAGE_CODE_LENGTH, Office
from sync.permission import Role

HOT: Final = 3
"""So many records get most of all edits."""
HOT_SHARE: Final = 0.6
UNIQUE_TEXTS: Final = {"keluarga": ("nama_kepala_keluarga",), "anggota": ("nama", "ibu_kandung")}
"""Identity groups of one field, by kind of record. Their texts are stated once in a run and never
again, so that whoever sees one knows who said it."""

Deed = Callable[["Collector"], "str | None"]


@dataclass
class Collector:
    """Somebody at work with a phone."""

    handset: Handset
    role: Role
    office: Office
    clock: SettableClock
    chance: Random
    notes: Notes
    spoils: bool
    """Some of the operations are broken on purpose."""

    def does(self, deed: Deed) -> bool:
        """Do that, if there is anything to do it with."""
        hash_ = deed(self)
        if hash_ is not None:
            self.notes.trace.note(f"{self.handset.name} {deed.__name__} {hash_[:8]}")
        return hash_ is not None

    # --- what is on the phone --------------------------------------------------------------------

    def rows(self, entity: str) -> list[CopyRow]:
        """Open records of the copy."""
        return [
            row
            for row in self.handset.copy.values()
            if row.entity == entity and row.alias is None and row.ended is None
        ]

    def ids(self, entity: str) -> list[str]:
        """Open records, those included that only this phone knows yet."""
        own = [one for one, (kind, _) in self.handset.drafts.items() if kind == entity]
        return sorted([row.id for row in self.rows(entity)] + own)

    def pick(self, entity: str) -> str | None:
        """One of them; a few are on everybody's way."""
        ids = self.ids(entity)
        if not ids:
            return None
        few = ids[:HOT] if self.chance.random() < HOT_SHARE else ids
        return self.chance.choice(few)

    def sent(self, record: str, field: str) -> frozenset[str]:
        """What the server last sent of a field: its text, "" for none, or its elements."""
        row = self.handset.copy.get(record)
        if row is None:
            return frozenset()
        value = row.doc.get(field)
        if isinstance(value, list):
            return frozenset(str(one) for one in value)
        return frozenset({"" if value is None else str(value)})

    def day(self) -> str | None:
        """Mostly today; sometimes what was seen some days ago."""
        ago = self.chance.choice((None, None, None, 1, 2, 5))
        if ago is None:
            return None
        return (self.clock.now() - timedelta(days=ago)).date().isoformat()

    def own_rt(self) -> tuple[str, str, str] | None:
        """(village, RT, RW) where this person registers a family."""
        held = [row.desa for row in self.handset.copy.values()]
        areas = self.office.register.areas[self.handset.link.account]
        desa = self.chance.choice(sorted({*held, *(a.kode_wilayah for a in areas)}))
        if len(desa) != VILLAGE_CODE_LENGTH:
            return None
        rts = self.office.rts_of(self.handset.link.account, desa)
        rt = self.chance.choice(sorted(RTS if rts is None else rts) or list(RTS))
        number, _, rw = rt.partition("/")
        return desa, number, rw

    def do(
        self, record: str | None, tellings: Sequence[Telling], act: Callable[[], Queued]
    ) -> str | None:
        return self.handset.do(record, tuple(tellings), act)

    def create(
        self, entity: str, assigned: dict[str, Json], parent: str | None, desa: str | None = None
    ) -> str | None:
        """A new record with what it says."""
        # What is left out is no statement: whoever fills it first contradicts nobody.
        texts = [name for name in UNIQUE_TEXTS.get(entity, ()) if name in assigned]
        tellings = [Telling(name, value=str(assigned[name])) for name in texts]
        made: list[str] = []

        def act() -> Queued:
            queued = self.handset.phone.create(
                entity, assigned, parent=parent, desa=desa, observed=self.day()
            )
            made.append(queued.id)
            return queued

        hash_ = self.do(None, tellings, act)
        for record in made:
            self.handset.drafts[record] = (entity, parent or "")
        return hash_

    def edit(
        self,
        record: str,
        entity: str,
        assigned: Mapping[str, Json],
        tellings: Sequence[Telling] = (),
        *,
        add: Mapping[str, Json] = {},
        remove: Mapping[str, Json] = {},
    ) -> str | None:
        return self.do(
            record,
            tellings,
            lambda: self.handset.phone.edit(
                entity, record, assigned, add, remove, observed=self.day()
            ),
        )
