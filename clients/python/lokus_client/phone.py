"""One phone: what an app calls.

>>> phone = Phone("lokus-phone.db", server="https://lokus.example")
>>> phone.enrol("ABCDE12345", name="Siti", platform="python")
>>> family = phone.create("keluarga", {"nama_kepala_keluarga": "Contoh", "rt": "003", "rw": "001"})
>>> phone.sync().code
'ok'

Everything but ``enrol`` and ``sync`` works without a link. Whatever returned without raising is on
disk.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from lokus_client import bundle, copies, edits, enrolment, outbox, recovery, rt_done, shown, syncing
from lokus_client import manifest as manifests
from lokus_client import status as statuses
from lokus_client.calling import Caller
from lokus_client.capturing import Capture, Queued
from lokus_client.edits import Change, Occasion
from lokus_client.environment import Environment
from lokus_client.errors import ExchangeFailed, NotEnrolled
from lokus_client.fieldtable import FieldTable
from lokus_client.manifest import Manifest
from lokus_client.overlay import RecordView
from lokus_client.rows import CopyRow
from lokus_client.rt_done import RtStatement
from lokus_client.session import Session
from lokus_client.status import Receipt, Status, SyncReport
from lokus_client.store import Store
from lokus_client.transport import Transport
from lokus_client.values import Fields, JsonObject

NOTHING: Fields = {}


class Phone:
    """A store, an environment and a way to the server. Close it, or use it in ``with``."""

    def __init__(
        self,
        store: Path | str,
        *,
        server: str | None = None,
        environment: Environment | None = None,
        transport: httpx.BaseTransport | None = None,
        survives_power_loss: bool = True,
    ) -> None:
        """Open the phone that the file ``store`` holds; the file is made if absent.

        ``server``: base address, that of the enrolment if ``None``. ``environment`` and
        ``transport`` replace this machine and its network. ``survives_power_loss=False`` spares the
        fsyncs, for simulations of many phones.
        """
        self.environment = environment or Environment.real()
        self._store = Store.open(
            store,
            checkpoint=self.environment.checkpoint,
            survives_power_loss=survives_power_loss,
        )
        self._server = server
        self._transport = transport
        self._link: Transport | None = None
        self._known: tuple[str, Manifest] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._hang_up()
        self._store.close()

    # --- with a link ---------------------------------------------------------------------------

    def enrol(self, code: str, name: str, platform: str = "python") -> None:
        """Become a device by a one-time code, or by the link that carries it.

        Raises ``ExchangeFailed``: an unknown code, or no link; the same call may be repeated.
        """
        linked, plain = enrolment.read_code(code)
        server = linked or self._server or self._store.fact_text("server")
        if server is None:
            raise NotEnrolled
        with self._store.writing("server"):
            self._store.remember(server=server)
        self._hang_up()
        self._server = server
        caller = self._caller()
        enrolment.enrol(caller, plain, name, platform)
        # The device exists now, whatever comes next; the first sync asks for the manifest again.
        with suppress(ExchangeFailed):
            recovery.renew(self._session(caller))

    def sync(self, *, check: bool = False) -> SyncReport:
        """Send, fetch, compare.

        Never raises for a bad link or a refusing server: the report's ``code`` tells, and
        everything captured is still held. ``check``: also ask about RTs whose digest could not be
        compared in passing, and about the fate of quarantined operations.
        """
        if self._store.fact("token") is None:
            raise NotEnrolled
        started, caller, ended = self.environment.now_text(), self._caller(), ("ok", "")
        session = self._session(caller, check=check)
        try:
            syncing.run(session)
        except ExchangeFailed as failed:
            ended = (failed.code, str(failed))
        return statuses.log_sync(self._store, started, ended, session.tally, caller.traffic)

    def refresh_manifest(self) -> bool:
        """Fetch field table, labels and limits if they have changed. Raises ``ExchangeFailed``."""
        return manifests.refresh(self._caller())

    # --- without a link ------------------------------------------------------------------------

    def create(
        self,
        entity: str,
        assigned: Fields,
        *,
        parent: str | None = None,
        desa: str | None = None,
        observed: str | None = None,
        visit: str | None = None,
    ) -> Queued:
        """A new record; ``Queued.id`` is its id. Raises ``InvalidEdit``, ``UnknownRecord``.

        ``desa`` only for a keluarga, and only where the phone works in several villages.
        """
        occasion = Occasion(observed, visit)
        return edits.create(
            self._capture(), entity, assigned, parent=parent, desa=desa, occasion=occasion
        )

    def edit(  # noqa: PLR0913  # the keys of the operation
        self,
        entity: str,
        id: str,  # noqa: A002  # the word of the wire
        set: Fields = NOTHING,  # noqa: A002  # the word of the wire
        add: Fields = NOTHING,
        remove: Fields = NOTHING,
        *,
        observed: str | None = None,
        visit: str | None = None,
        complete_groups: bool = True,
    ) -> Queued:
        """Assign fields; add elements to sets (``{"program": ["pkh"]}``) or remove them.

        Fields merge in groups: with ``complete_groups`` the other fields of a group are stated as
        they are shown, without it they are cleared. Raises ``InvalidEdit``, ``UnknownRecord``.
        """
        return edits.edit(
            self._capture(), entity, id, Change(set, add, remove),
            completes_groups=complete_groups, occasion=Occasion(observed, visit),
        )  # fmt: skip

    def end(
        self,
        entity: str,
        id: str,  # noqa: A002  # the word of the wire
        reason: str,
        date: str,
        *,
        details: Fields = NOTHING,
        observed: str | None = None,
    ) -> Queued:
        """Close a record as ``meninggal``, ``pindah``, ``ganda`` or ``salah`` on ``YYYY-MM-DD``.

        ``details``: number, twin, target, evidence.
        """
        told = {**details, "date": date}
        return edits.end(self._capture(), entity, id, reason, told, occasion=Occasion(observed))

    def move(
        self,
        id: str,  # noqa: A002  # the word of the wire
        parent: str,
        *,
        observed: str | None = None,
    ) -> Queued:
        """An anggota to another keluarga of its village."""
        return edits.move(self._capture(), id, parent, occasion=Occasion(observed))

    def state_rt_done(
        self,
        rt: str | None = None,
        *,
        period: str | None = None,
        desa: str | None = None,
        done: bool = True,
        reason: str = "",
    ) -> RtStatement | None:
        """State that the list of an RT is done; ``done=False`` takes that back.

        Sent by the next ``sync``, behind everything that was captured; ``rt_statements`` tells what
        the server said. RT, village and period may be left out where there is only one. Raises
        ``InvalidEdit``. ``None``: what was taken back had never been sent, and will not be.
        """
        if self._store.fact("token") is None:
            raise NotEnrolled
        where, which = rt_done.meant(self._store, desa, rt)
        when = period or rt_done.open_period(self._manifest().periods, where, self._now())
        stated = self.environment.now_text()
        wish = RtStatement(
            where, when, which, done, reason, stated, rt_done.WAITING, {}, None, is_seen=False
        )
        return rt_done.state(self._store, wish)

    def rt_statements(self) -> list[RtStatement]:
        """What this phone states of its RTs, the latest period first, with the server's answers."""
        return rt_done.every(self._store)

    def have_seen(self, shown: Sequence[RtStatement]) -> None:
        """Somebody has read these answers; until then they count as news."""
        rt_done.seen(self._store, shown)

    def _now(self) -> datetime:
        """By this phone's clock, or by the server's last word where the clock is behind that."""
        told = self._store.fact_text("server_time")
        now = self.environment.wall()
        try:
            return max(now, datetime.fromisoformat(told or ""))
        except (ValueError, TypeError):
            return now

    def offer(self, desa: str, operation: JsonObject) -> Queued:
        """Queue an operation exactly as given, unchecked: for tests of servers."""
        return self._capture().freeze_raw(desa, operation)

    def record(self, id: str) -> RecordView:  # noqa: A002  # the word of the wire
        """One record as shown. Raises ``UnknownRecord``."""
        return shown.view(self._store, self.fields, id)

    def records(
        self,
        *,
        entity: str | None = None,
        parent: str | None = None,
        rt: str | None = None,
        search: str | None = None,
    ) -> list[RecordView]:
        """Records as shown, in the order of ids.

        ``search``: every word of it occurs in some text of the record, whatever the case.
        """
        found = shown.views(self._store, self.fields)
        return [view for view in found if shown.matches(view, entity, parent, rt, search)]

    def server_copy(self, desa: str | None = None) -> list[CopyRow]:
        """The rows as the server sent them, without own work, in the order of ids."""
        return copies.everything(self._store, desa)

    def operations(self) -> list[outbox.HeldOperation]:
        """Every operation still held, in the order in which it was made."""
        return outbox.everything(self._store)

    def status(self) -> Status:
        return statuses.status(self._store)

    def receipts(self) -> list[Receipt]:
        """What the server has signed for, newest first, at most a thousand."""
        return statuses.receipts(self._store, 1000)

    def sync_log(self) -> list[SyncReport]:
        """The last 200 sessions, oldest first, without personal data."""
        return statuses.sync_log(self._store)

    def limit_storage(self, *, pages: int) -> None:
        """Let the file hold at most so many pages of 4 KiB (never fewer than it has)."""
        self._store.limit(pages)

    def export_outbox(self, path: Path | str) -> int:
        """Write all operations that are not durable to a file; their number."""
        return bundle.export(self._capture(), Path(path))

    def import_outbox(self, path: Path | str) -> int:
        """Queue the operations of such a file that this phone does not hold; their number."""
        return bundle.take_in(self._capture(), Path(path))

    @property
    def fields(self) -> FieldTable:
        """The server's field table as of the last contact."""
        return self._manifest().fields

    def _manifest(self) -> Manifest:
        # It names every field and code list: reading it once per edit would be most of the edit.
        raw = self._store.fact_json("manifest")
        if raw is None:
            return manifests.read({})
        if self._known is None or self._known[0] != raw:
            self._known = raw, manifests.read(json.loads(raw))
        return self._known[1]

    def _capture(self) -> Capture:
        manifest = self._manifest()
        return Capture(self._store, self.environment, manifest.fields, manifest.timezone)

    def _caller(self) -> Caller:
        if self._link is None:
            server = self._server or self._store.fact_text("server")
            if server is None:
                raise NotEnrolled
            # Kept between sessions: on a slow link a handshake costs more than a sync.
            self._link = Transport(server, self._transport)
        return Caller(self._store, self._link, self.environment)

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _session(self, caller: Caller, *, check: bool = False) -> Session:
        return Session(caller, self._manifest(), checks_agreement=check)
