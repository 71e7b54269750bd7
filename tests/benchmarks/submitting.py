"""Filled forms through the OpenRosa door: a 60-question form of 6 KB from 16 phones at a time.

    python -m tests.benchmarks.submitting [--forms 4000] [--filler 1000000] [--rows 20000]
                                          [--scattered]

Each phone has a connection of its own and sends its forms one after the other, as Collect does; 16
of 200 phones are at it at any time. The ten phones of a village come one after another, so that the
16 belong to two or three villages, as where collectors meet to find a signal. With `--scattered`,
neighbours in the queue are of different villages, and hardly two of one village send at a time.

CPU seconds are the kernel's, of the server (one worker) and of PostgreSQL together; the clients run
on the same machine. `--filler` puts so many submissions of other villages into the tables first,
`--rows` measures an entity list of so many families.
"""

import argparse
import json
import os
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import psycopg
from sqlalchemy import text

from api.formats.xform.mapping import FormKind, FormMapping, MappedList, Role
from api.openrosa.addresses import server_url
from api.randomness import SYSTEM_RANDOMNESS
from api.services.acts import act_of_operator
from api.services.odk_keys import issue_key
from api.settings import Settings
from models.queries import accounts
from sync.codes import CODELISTS
from sync.policy import FIELDS, FieldClass, ValueType
from tests.benchmarks.environment import POSTGRESQL, Installation, installation
from tests.benchmarks.size import Size
from tests.openrosa.collect import multipart
from tests.openrosa.forms import ROOT, VERSION, Entity, Form, asks, feeds, instance, publish

CONNECTIONS: Final = 16
FILLER_PER_STATEMENT: Final = 50_000
FORM_BYTES: Final = 6 * 1024
TIMES_ASKED: Final = 5
"""For a whole list: one of them takes half a second, and the machine is shared."""
TARGETS: Final = "≥ 400/s, ≤ 2.0 CPU-s per 1000"


@dataclass(frozen=True, slots=True)
class Phone:
    """A key, and where its collector works."""

    path: str
    desa: str
    rt: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run cost."""

    name: str
    things: int
    seconds: float
    server: float
    database: float
    times: tuple[float, ...]

    def line(self) -> str:
        ordered = sorted(self.times)
        p99 = ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0
        each = 1000 / self.things
        cpu = (self.server + self.database) * each
        return (
            f"{self.name:<34} {self.things / self.seconds:7.0f}/s  CPU-s per 1000: {cpu:.2f} "
            f"({self.server * each:.2f} + {self.database * each:.2f})  p99 {p99:.0f} ms"
        )


def the_form(kind: FormKind) -> Form:
    """Every field of a family that the field asks for, a visit, and remarks up to 6 KB."""
    known = [f for f in FIELDS["keluarga"].values() if f.field_class is not FieldClass.SERVER]
    fields = [f for f in known if f.value_type is not ValueType.UUID]
    if kind is FormKind.UPDATE:
        # Who somebody is and where is confirmed by a tap, and stated only where it was wrong.
        fields = [f for f in fields if f.group not in {"no_kk", "alamat", "nama_kepala_keluarga"}]
    questions = [asks(f"q/{f.name}", "keluarga", f.name) for f in fields]
    questions += [asks(f"k/{n}", "kunjungan", n) for n in ("waktu", "hasil", "catatan")]
    if kind is FormKind.UPDATE:
        questions.append(feeds("keluarga", "keluarga", Role.ID))
    lists = (MappedList("keluarga", tuple(f.name for f in fields)),)
    mapping = FormMapping(
        f"bench_{kind.value}",
        VERSION,
        kind,
        ROOT,
        "keluarga",
        "2024.1",
        tuple(questions),
        (),
        lists,
    )
    return Form(mapping, "Bench", b'<?xml version="1.0"?><h/>')


def answers(random: Random, phone: Phone) -> dict[str, str]:
    """Plausible answers to all of it."""
    rt, rw = phone.rt.split("/")
    told: dict[str, str] = {}
    for one in FIELDS["keluarga"].values():
        if one.field_class is FieldClass.SERVER or one.value_type is ValueType.UUID:
            continue
        match one.value_type:
            case ValueType.CODE:
                told[one.name] = random.choice(CODELISTS[one.codelist or ""].codes).slug
            case ValueType.BOOLEAN:
                told[one.name] = random.choice(("ya", "tidak"))
            case ValueType.INTEGER:
                told[one.name] = str(random.randrange(1, 60))
            case ValueType.NUMBER:
                told[one.name] = f"{random.uniform(-5.3, -4.9):.6f}"
            case ValueType.DIGITS16:
                told[one.name] = f"18022101{random.randrange(10**8):08}"
            case _:
                told[one.name] = f"Warga {random.randrange(10**6)}"
    return told | {"rt": rt, "rw": rw, "alasan_tidak_layak": ""}


def request_of(form: Form, phone: Phone, random: Random, entity: Entity) -> bytes:
    """A whole request as it stands on the wire."""
    told = answers(random, phone)
    nested = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
    remark = "x" * 20
    xml = _xml(form, nested, remark, entity)
    xml = _xml(form, nested, "catatan " * ((FORM_BYTES - len(xml)) // 8), entity)
    body, kind = multipart(xml, {})
    head = (
        f"POST {phone.path}/submission?deviceID=collect%3Abench HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "X-OpenRosa-Version: 1.0\r\nUser-Agent: org.odk.collect.android/v2026.3.3 bench\r\n"
        f"Accept-Encoding: gzip\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _xml(form: Form, nested: str, remark: str, entity: Entity) -> bytes:
    name = f"uuid:{uuid.uuid4()}"
    raw = instance(form, name, {"keluarga": entity.record} if entity.update else {}, entity=entity)
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    told = f"<waktu>{began}</waktu><hasil>selesai</hasil><catatan>Ramai.</catatan>"
    visit = f"<k>{told}</k><p>{remark}</p>"
    return raw.replace(b"<orx:meta>", f"<q>{nested}</q>{visit}<orx:meta>".encode(), 1)


class Line:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))

    def ask(self, request: bytes) -> tuple[int, bytes]:
        self._socket.sendall(request)
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._more()
        head, _, rest = held.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        while len(rest) < length:
            rest += self._more()
        return int(head.split()[1]), rest

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        got = self._socket.recv(1 << 20)
        if not got:
            raise RuntimeError("the server hung up")
        return got


def run(place: Installation, name: str, requests: Mapping[Phone, Sequence[bytes]]) -> Figures:
    """Send every phone's requests in their order, 16 phones at a time."""

    def work(mine: Sequence[bytes]) -> list[float]:
        line, times = Line(place.port), []
        for one in mine:
            begun = time.perf_counter()
            status, body = line.ask(one)
            times.append(time.perf_counter() - begun)
            if status != 201:
                raise RuntimeError(f"{status} {body[:300]!r}")
        line.close()
        return times

    before, begun = place.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        times = [t for each in pool.map(work, requests.values()) for t in each]
    seconds, after = time.perf_counter() - begun, place.cpu_seconds()
    return Figures(
        name, len(times), seconds, after[0] - before[0], after[1] - before[1], tuple(times)
    )


def enrolled(place: Installation, settings: Settings) -> list[Phone]:
    """A key for every collector of the installation."""
    act = act_of_operator(datetime.now(UTC) - timedelta(days=1), SYSTEM_RANDOMNESS)
    phones: list[Phone] = []
    for number, device in enumerate(place.devices):
        with place.database.writing() as session:
            name = f"petugas.{device.desa}.{int(device.rt[:3])}"
            account = accounts.account_by_name(session, name)
            assert account is not None, number
            made = issue_key(session, account.id, act, settings.secret, "bench")
        path = server_url("", made.token)
        phones.append(Phone(path, device.desa, device.rt))
    return phones


def fill(place: Installation, wanted: int) -> None:
    """Copies of a submission for other villages."""
    for start in range(0, wanted, FILLER_PER_STATEMENT):
        count = min(FILLER_PER_STATEMENT, wanted - start)
        with place.database.writing() as session:
            connection = session.connection()
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(FILL), {"desa": f"19{start // 4000:08}", "count": count})
    # What PostgreSQL does once about so many new rows is not the cost of the forms that follow.
    with psycopg.connect(place.url, autocommit=True) as direct:
        direct.execute("VACUUM (ANALYZE) submission")
        direct.execute("CHECKPOINT")


FILL: Final = """
    INSERT INTO submission (desa, id, instance, form_id, form_version, device_id, account_id, agent,
                            xml, sha256, size, state, record, branch, base_version, trunk_version,
                            lane, first_seq, last_seq, complete, received_at)
    SELECT :desa, gen_random_uuid(), 'uuid:' || gen_random_uuid(), form_id, form_version, device_id,
           account_id, agent, substr(xml, 1, 600), sha256, size, state, gen_random_uuid(), branch,
           base_version, trunk_version, lane, first_seq, last_seq, complete, received_at
    FROM (SELECT * FROM submission LIMIT 1) AS one, generate_series(1, CAST(:count AS bigint))
"""


def measured(place: Installation, arguments: argparse.Namespace) -> list[str]:
    """Every figure as a line of text."""
    random = Random(11)
    settings = Settings(data_dir=place.folder / "var", database_url=place.url)
    phones = enrolled(place, settings)
    if arguments.scattered:
        phones.sort(key=lambda phone: (phone.rt, phone.desa))
    forms = {kind: the_form(kind) for kind in (FormKind.CREATE, FormKind.UPDATE)}
    for form in forms.values():
        publish(place.database, form, datetime.now(UTC) - timedelta(days=1))
    lines: list[str] = []

    def creations(count: int) -> tuple[dict[Phone, list[bytes]], list[tuple[Phone, str]]]:
        made = [(phones[n % len(phones)], str(uuid.uuid4())) for n in range(count)]
        form = forms[FormKind.CREATE]
        return _by_phone(
            (p, request_of(form, p, random, Entity(r, create=True))) for p, r in made
        ), made

    def updates(made: Sequence[tuple[Phone, str]]) -> dict[Phone, list[bytes]]:
        form = forms[FormKind.UPDATE]
        # Any number that the phone may have been shown; all of the village's history was.
        shown = 16 * 100_000

        def about(record: str) -> Entity:
            branch = str(uuid.uuid4())
            return Entity(record, update=True, base=shown, trunk=shown, branch=branch)

        return _by_phone((p, request_of(form, p, random, about(r))) for p, r in made)

    run(place, "warm-up", creations(400)[0])
    with place.database.writing() as session:
        # Within a minute PostgreSQL counts its rows by itself, and plans accordingly.
        session.connection().execute(text("ANALYZE"))
    sent, made = creations(arguments.forms)
    lines.append(run(place, "new families", sent).line())
    lines.append(run(place, "the same again (lost answers)", sent).line())
    lines.append(run(place, "updates", updates(made)).line())
    if arguments.filler:
        fill(place, arguments.filler)
        sent, made = creations(arguments.forms)
        lines.append(run(place, f"new families beside {arguments.filler:,}", sent).line())
        lines.append(run(place, f"updates beside {arguments.filler:,}", updates(made)).line())
    lines += entity_list(place, phones[0], arguments.rows)
    return lines


def _by_phone(requests: Iterable[tuple[Phone, bytes]]) -> dict[Phone, list[bytes]]:
    queues: dict[Phone, list[bytes]] = {}
    for phone, request in requests:
        queues.setdefault(phone, []).append(request)
    return queues


def entity_list(place: Installation, phone: Phone, rows: int) -> list[str]:
    """A list of so many families: whole, in the middle of several times, and unchanged."""
    with place.database.writing() as session:
        connection = session.connection()
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in GROW:
            connection.execute(text(statement), {"desa": phone.desa, "rt": phone.rt, "n": rows})
    line = Line(place.port)

    def ask(extra: str) -> tuple[float, int, bytes]:
        request = (
            f"GET {phone.path}/datasets/keluarga.csv?deviceID=x HTTP/1.1\r\nHost: x\r\n{extra}\r\n"
        )
        begun = time.perf_counter()
        line._socket.sendall(request.encode())  # noqa: SLF001 (the benchmark's own)
        held = b""
        while b"\r\n\r\n" not in held:
            held += line._more()  # noqa: SLF001
        head, _, rest = held.partition(b"\r\n\r\n")
        told = {
            one.split(b":", 1)[0].lower(): one.split(b":", 1)[1].strip()
            for one in head.split(b"\r\n")[1:]
        }
        length = int(told.get(b"content-length", b"0"))
        while len(rest) < length:
            rest += line._more()  # noqa: SLF001
        return time.perf_counter() - begun, length, told[b"etag"]

    ask("")
    asked = [ask("") for _ in range(TIMES_ASKED)]
    seconds, (_, size, etag) = median(taken for taken, _, _ in asked), asked[-1]
    unchanged = min(ask(f"If-None-Match: {etag.decode()}\r\n")[0] for _ in range(20))
    told = (
        f"entity list of {rows:,} families: {size / 2**20:.1f} MiB, "
        f"{size / seconds / 2**20:.1f} MiB/s; unchanged {unchanged * 1000:.1f} ms"
    )
    return [told]


GROW: Final = (
    "UPDATE feed SET previous = head, head = head + CAST(:n AS bigint) WHERE desa = :desa",
    """
    INSERT INTO record (desa, id, entity, parent, keluarga, rt, seq, created_seq, rt_since, doc,
                        stamps, disputed)
    SELECT :desa, made.id, 'keluarga', NULL, made.id, :rt, made.seq, made.seq, made.seq, one.doc,
           one.stamps, false
    FROM (SELECT gen_random_uuid() AS id, feed.previous + n AS seq
          FROM feed, generate_series(1, CAST(:n AS bigint)) AS n WHERE feed.desa = :desa) AS made,
         (SELECT doc, stamps FROM record WHERE desa = :desa AND entity = 'keluarga' LIMIT 1) AS one
    """,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, default=4000)
    parser.add_argument("--filler", type=int, default=0)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--scattered", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    size = Size(villages=20, devices=10, families=0, edits=0, filler=0, listed=0, exported=0)
    with tempfile.TemporaryDirectory(prefix="lokus-bench-") as folder:
        Path(folder).chmod(0o755)
        with installation(POSTGRESQL, Path(folder), size) as place:
            lines = measured(place, arguments)
            lines.append(f"server's peak memory {place.memory_mib():.0f} MiB")
    sys.stdout.write(json.dumps(lines) if arguments.json else "\n".join(lines))
    sys.stdout.write("\n")
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
