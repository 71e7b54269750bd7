"""A village that signed its list, and what is exported of it."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from api.randomness import new_id
from models.queries import exports
from models.queries.exports import StoredExport
from models.queries.tasks import StoredTask, store_tasks
from tests.api.calling import Answer
from tests.api.rounds import (
    DESA,
    FAMILY,
    NUMBERS,
    PERIOD,
    SECOND,
    Desk,
    Village,
    village_in_a_period,
)
from tests.api.world import RT, World

NIK, SECOND_NIK = NUMBERS[FAMILY][1], NUMBERS[SECOND][1]
HEADER = ["KEC", "DESA", "NIK", "PROGRAM", "HASIL", "PADAN", "NAMA", "KETERANGAN"]


@contextmanager
def signed_village(url: str, folder: Path) -> Iterator[Village]:
    """Two families of one RT, both proposed for PBI, in a village that signed."""
    with village_in_a_period(url, folder) as village:
        propose(village)
        village.signed()
        yield village


def propose(village: Village, program: str = "pbi") -> None:
    """Ani proposes both families for a programme."""
    ani = village.ani
    ani.sync()
    told = ani.push(
        [
            ani.op("set", "keluarga", one, base=ani.since, add={"program_diusulkan": [program]})
            for one in (FAMILY, SECOND)
        ]
    )
    assert told["results"] == [], told


def ask(who: Desk, **body: object) -> Answer:
    """`POST /v1/exports`, of the village and its period unless said otherwise."""
    told = {"profile": "usulan-v4", "period": PERIOD, "desa": [DESA]} | body
    return who.post("/v1/exports", {k: v for k, v in told.items() if v is not None})


def exported(who: Desk, **body: object) -> dict[str, Any]:
    """A finished export as it was told."""
    answer = ask(who, **body)
    assert answer.status == 201, answer.body
    told: dict[str, Any] = answer.json()
    return told


def download(who: Desk, export: dict[str, Any], part: str = "") -> bytes:
    """The one file whose name has this part."""
    (file,) = [one for one in export["files"] if part in one["name"]]
    answer = who.get(f"/v1/exports/{export['id']}/files/{file['n']}")
    assert answer.status == 200, answer
    return answer.body


def sheet(content: bytes) -> list[tuple[Any, ...]]:
    """Rows of a workbook, the header first."""
    return list(load_workbook(BytesIO(content)).worksheets[0].iter_rows(values_only=True))


def note_something(world: World, desa: str) -> None:
    """An export with an answer and a task, as the services write them down."""
    now = world.clock.now()
    number = new_id(now, world.randomness)
    export = StoredExport(
        desa=desa, id=number, period=PERIOD, profile="usulan-v4", profile_version="2022.1",
        title="Usulan", for_excel=False, draft=False, state="diunduh", snapshot="0" * 64,
        villages=1, rows=1, left_out=0, problems=0, files=(), receipt="A" * 16, created_at=now,
        created_by=None, changed_at=now, changed_by=None, note="",
    )  # fmt: skip
    row = {"n": 1, "nik": NIK, "record": FAMILY, "keluarga": FAMILY, "rt": RT, "program": "PBI"}
    task = StoredTask(
        desa=desa, id=number, rt=RT, kind="usulan_ditolak", keluarga=FAMILY, record=FAMILY,
        export=number, program="PBI", words={"hasil": "Ditolak"}, state="terbuka", created_at=now,
    )  # fmt: skip
    with world.database.writing() as session:
        exports.add_export(session, export, [])
        exports.add_waiting(session, desa, number, [row])
        store_tasks(session, desa, [task])


def an_answer(*rows: Sequence[str]) -> bytes:
    """The ministry's CSV: each row is NIK, programme, hasil and, perhaps, keterangan."""
    text = StringIO()
    lines = csv.writer(text)
    lines.writerow(HEADER)
    for nik, program, hasil, *rest in rows:
        lines.writerow(["ANAK TUHA", "CONTOH SATU", nik, program, hasil, "PADAN", "CONTOH",
                        *(rest or [""])])  # fmt: skip
    return text.getvalue().encode()


def answer(who: Desk, export: str, content: bytes) -> Answer:
    """`POST /v1/exports/{export}/result`."""
    headers = who.device.headers() | {"content-type": "text/csv"}
    return who.device.world.call("POST", f"/v1/exports/{export}/result", content, headers)


def taken(who: Desk, export: str, content: bytes) -> dict[str, Any]:
    """What an answer changed."""
    told = answer(who, export, content)
    assert told.status == 200, told.body
    changed: dict[str, Any] = told.json()
    return changed
