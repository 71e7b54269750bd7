"""One phone of a run: the real client on a real store, with clocks, memory and fate of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Final

from lokus_client import Environment, Phone
from lokus_client.capturing import Queued
from lokus_client.errors import ExchangeFailed, InvalidEdit, UnknownRecord
from lokus_client.rows import CopyRow
from lokus_client.status import SyncReport

from api.clock import SettableClock
from api.simulation.history import Life, Notes, Telling
from api.simulation.network import Link

SERVER: Final = "http://lokus.simulated"
_JAKARTA: Final = timezone(timedelta(hours=7))
_SIDE_FILES: Final = ("-wal", "-shm")


class PhoneDied(Exception):
    """The app was killed here."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A phone's store as it once was, and what its owner had done until then."""

    file: Path
    life: Life


@dataclass(slots=True)
class Clocks:
    """What the phone believes about time."""

    skew: timedelta
    boot: str
    booted_at: datetime


class Handset:
    """A phone in somebody's hand."""

    def __init__(
        self,
        name: str,
        file: Path,
        link: Link,
        clock: SettableClock,
        chance: Random,
        notes: Notes,
    ) -> None:
        self.name = name
        self.file = file
        self.link = link
        self.life = notes.history.new_life()
        self.copy: dict[str, CopyRow] = {}
        self.drafts: dict[str, tuple[str, str]] = {}
        """Own records that the server has not sent back yet: id → (entity, parent)."""
        self.dies = 0.0
        """The chance to die at a commit of the store."""
        self.synced_tick = 0
        self.device: str | None = None
        self.deaths = 0
        self._clock = clock
        self._chance = chance
        self._history = notes.history
        self._trace = notes.trace
        self._boots = 0
        self._clocks = Clocks(timedelta(), "", clock.now())
        self._open()

    # --- power and memory ------------------------------------------------------------------------

    def _open(self) -> None:
        self._boots += 1
        self._clocks.boot = f"b{self._boots}-{self._chance.randbytes(3).hex()}"
        self._clocks.booted_at = self._clock.now()
        environment = Environment(
            wall=self._wall,
            mono_ms=self._mono_ms,
            boot=self._clocks.boot,
            random=self._chance.randbytes,
            sleep=lambda seconds: self._clock.advance(timedelta(seconds=seconds)),
            checkpoint=self._checkpoint,
        )
        dies, self.dies = self.dies, 0.0  # an app that dies while it starts is started again
        self.phone = Phone(
            self.file,
            server=SERVER,
            environment=environment,
            transport=self.link,
            survives_power_loss=False,
        )
        self.dies = dies

    def _wall(self) -> datetime:
        return (self._clock.now() + self._clocks.skew).astimezone(_JAKARTA)

    def _mono_ms(self) -> int:
        return int((self._clock.now() - self._clocks.booted_at) / timedelta(milliseconds=1)) + 5000

    def _checkpoint(self, _point: str) -> None:
        if self.dies and self._chance.random() < self.dies:
            raise PhoneDied

    def boot(self) -> None:
        """Switch off and on, or start the app again after it was killed."""
        self.phone.close()
        self._open()

    def set_clock(self, skew: timedelta) -> None:
        self._clocks.skew = skew

    def close(self) -> None:
        self.phone.close()

    def back_up(self, file: Path) -> Backup:
        """Copy the store while the app is closed."""
        self.phone.close()
        shutil.copyfile(self.file, file)
        self._open()
        return Backup(file, self._history.lives_on(self.life))

    def go_back(self, backup: Backup) -> None:
        """Put an earlier copy of the store in place of the present one."""
        self._replace(backup.file)
        self.life = self._history.lives_on(backup.life)
        self.device = self.phone.status().device
        self.look()

    def lose_everything(self) -> None:
        """The app was removed, or the phone fell into a river and there is a new one."""
        self._replace(None)
        self.life = self._history.new_life()
        self.device = None
        self.copy = {}
        self.drafts = {}

    def _replace(self, file: Path | None) -> None:
        self.phone.close()
        for side in _SIDE_FILES:
            Path(f"{self.file}{side}").unlink(missing_ok=True)
        self.file.unlink()
        if file is not None:
            shutil.copyfile(file, self.file)
        self._open()

    # --- work ------------------------------------------------------------------------------------

    def enrol(self, code: str) -> bool:
        """Become a device of the server; the same code works until it did."""
        before = self.device
        try:
            self.phone.enrol(code, self.name)
        except (ExchangeFailed, PhoneDied) as error:
            self._trace.note(f"{self.name} enrol {type(error).__name__}")
            if isinstance(error, PhoneDied):
                self._die()
        self.device = self.phone.status().device
        self.look()
        return self.device is not None and self.device != before

    def sync(self, *, check: bool = False) -> SyncReport | None:
        """One session; ``None`` if the app died in it."""
        try:
            report = self.phone.sync(check=check)
        except PhoneDied:
            self._trace.note(f"{self.name} died while syncing")
            self._die()
            self.look()
            return None
        self._trace.note(f"{self.name} sync {report.code} sent={report.sent} acked={report.acked}")
        self.look()
        return report

    def look(self) -> None:
        """Take note of what the server has sent, which is what the owner can know."""
        self.copy = {row.id: row for row in self.phone.server_copy()}
        for record in [one for one in self.drafts if one in self.copy]:
            del self.drafts[record]

    def do(
        self, record: str | None, tellings: tuple[Telling, ...], act: Callable[[], Queued]
    ) -> str | None:
        """Freeze one operation and write down what it says; its hash, or nothing."""
        try:
            queued = act()
            hash_, record = queued.hash, queued.id
        except (InvalidEdit, UnknownRecord) as refusal:
            self._trace.note(f"{self.name} may not: {type(refusal).__name__}")
            return None
        except PhoneDied:
            self._die()
            # Dead after the commit or before it? The store tells.
            held = [op for op in self.phone.operations() if not self._history.is_known(op.hash)]
            if not held:
                self._trace.note(f"{self.name} died before it was saved")
                return None
            hash_, record = held[0].hash, held[0].record
        self._history.captured(hash_, self.life, record, tellings, self.synced_tick)
        return hash_

    def held(self) -> set[str]:
        """Hashes of the operations in the store."""
        return {operation.hash for operation in self.phone.operations()}

    def _die(self) -> None:
        self.deaths += 1
        self.boot()
