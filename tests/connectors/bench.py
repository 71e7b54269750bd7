"""A served village, a family in it, and connectors to doubles of other servers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from api.blobs import FOLDER, BlobStore
from api.connectors.addresses import AllowList
from api.connectors.central import CENTRAL
from api.connectors.kobo import KOBO
from api.services.connector_runs import RunGround, RunReport, run
from api.services.connector_setup import (
    Added,
    Network,
    NewConnector,
    add,
    connection_of,
    connector_of,
    opened_server,
)
from api.services.reviewers import ground_of
from models.queries.connector_files import file_counts
from models.queries.connector_sights import gone
from sync.permission import Role
from tests.api.device import FAMILY, MEMBER, Device
from tests.api.office import DESA, RT
from tests.api.world import World, area, serving
from tests.connectors.central_double import (
    CENTRAL_HOST,
    DATASET,
    EMAIL,
    FORM,
    PASSWORD,
    PROJECT,
    CentralDouble,
)
from tests.connectors.doubles import ASSET, KOBO_HOST, TOKEN, KoboDouble

NO_KK = "1802210101200001"
OTHER_NO_KK = "1802210101200002"
NIK = "1802215203910001"
PUBLIC = "203.0.114.7"
SOSIAL = f"{PROJECT}/{FORM}"
ENTITIES = f"{PROJECT}/datasets/{DATASET}"

MAP = f"""
desa = "{DESA}"
members = "anggota"

[questions]
"kk/nomor" = "keluarga.no_kk"
"kk/kepala" = "keluarga.nama_kepala_keluarga"
"kk/rt" = "keluarga.rt"
"kk/rw" = "keluarga.rw"
"rumah/luas" = "keluarga.luas_lantai"
"anggota/nama" = "anggota.nama"
"anggota/nik" = "anggota.nik"

[questions."rumah/lantai"]
field = "keluarga.jenis_lantai_terluas"
codes = {{ 1 = "tanah", 2 = "keramik" }}
"""
ALLOWED = AllowList.of([KOBO_HOST, CENTRAL_HOST])


@dataclass
class Bench:
    """A village with a family on its list, and the account that forms from elsewhere speak for."""

    world: World
    budi: Device
    kobo: KoboDouble = field(default_factory=KoboDouble)
    central: CentralDouble = field(default_factory=CentralDouble)

    hosts: AllowList = ALLOWED
    progress: Counter[str] = field(default_factory=Counter)

    def _told(self, what: str, number: int) -> None:
        self.progress[what] += number

    def connect(
        self,
        kind: str = KOBO,
        *,
        text: str = MAP,
        hook: bool = False,
        form: str = "",
        account: str = "dinsos",
    ) -> Added:
        """Add a connector named after its kind."""
        secrets = self.world.settings.data_dir / f"{kind}.txt"
        secrets.write_text(TOKEN if kind == KOBO else f"{EMAIL}\n{PASSWORD}\n")
        secrets.chmod(0o600)
        host, usual = (KOBO_HOST, ASSET) if kind == KOBO else (CENTRAL_HOST, SOSIAL)
        url = f"https://{host}"
        new = NewConnector(kind, kind, url, form or usual, account, text, f"file:{secrets}", hook)
        with self.world.database.writing() as session:
            return add(session, new, ALLOWED, self.world.act())

    def run(self, kind: str = KOBO, *, dry_run: bool = False) -> RunReport:
        self.world.clock.advance(timedelta(minutes=10))
        with self.world.database.reading() as session:
            connector = connector_of(session, kind, kind)
            connection = connection_of(session, connector)
        double = self.kobo if kind == KOBO else self.central
        network = Network(self.hosts, lambda _host, _port: [PUBLIC], double.transport)
        ground = ground_of(self.world.settings)
        world = self.world
        told = self._told
        at = RunGround(world.database, world.clock, world.randomness, ground, self.store, told)
        with opened_server(connector, connection.map, network) as server:
            return run(at, connector, connection, server, dry_run=dry_run)

    @property
    def store(self) -> BlobStore:
        return BlobStore(self.world.settings.data_dir / FOLDER)

    def gone(self, kind: str = KOBO) -> list[tuple[str, str | None]]:
        """Forms that are not there any more, with the families that they were about."""
        with self.world.database.reading() as session:
            return [(one.item, one.record) for one in gone(session, kind, 100)]

    def files(self, kind: str = KOBO) -> dict[str, int]:
        """What became of files → how many."""
        with self.world.database.reading() as session:
            return file_counts(session, kind)

    def kept(self) -> dict[str, bytes]:
        """Name → bytes of every file that a submission has."""
        rows = self.world.ask("SELECT name, sha256 FROM submission_file ORDER BY received_at DESC")
        return {name: self.store.path_of(digest).read_bytes() for name, digest in rows}

    def photographed(self) -> list[list[str]]:
        """Kinds of the photographs of each visit."""
        rows = self.world.ask("SELECT doc FROM record WHERE entity = 'kunjungan'")
        return sorted(
            [one["jenis"] for one in orjson.loads(text).get("foto", [])] for (text,) in rows
        )

    def document(self, record: str = FAMILY) -> dict[str, Any]:
        ((text,),) = self.world.ask(f"SELECT doc FROM record WHERE id = '{record}'")
        found: dict[str, Any] = orjson.loads(text)
        return found

    def sizes(self) -> list[int]:
        """How large the houses are, of all families."""
        rows = self.world.ask("SELECT doc FROM record WHERE entity = 'keluarga'")
        return [orjson.loads(text)["luas_lantai"] for (text,) in rows]

    def families(self) -> int:
        ((number,),) = self.world.ask("SELECT count(*) FROM record WHERE entity = 'keluarga'")
        return int(number)

    def persons(self) -> int:
        ((number,),) = self.world.ask("SELECT count(*) FROM record WHERE entity = 'anggota'")
        return int(number)

    def items(self) -> dict[str, str]:
        return dict(self.world.ask("SELECT item, state FROM connector_item ORDER BY item"))


@contextmanager
def the_bench(url: str, folder: Path) -> Iterator[Bench]:
    with serving(url, folder) as world:
        world.account("dinsos", Role.PETUGAS, (area(DESA, RT),))
        world.account("bidan", Role.BIDAN, (area(DESA),))
        budi = world.device("budi")
        budi.sync(
            [
                budi.create(FAMILY, nama_kepala_keluarga="SUPARMAN", no_kk=NO_KK, luas_lantai=24),
                budi.add_member(MEMBER, FAMILY, nama="SUPARMAN", nik=NIK),
            ]
        )
        yield Bench(world, budi)


__all__ = ["CENTRAL", "FAMILY", "KOBO", "MEMBER", "Bench", "httpx", "the_bench"]
