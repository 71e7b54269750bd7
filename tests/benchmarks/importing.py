"""The import: a DTSEN pair of 62 kampung through the command line, twice.

The second time everything is known: it reads, looks, and says nothing. CPU seconds are those of the
command and its children, and of the database; memory is the command's peak.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from api.demonstration.wilayah import areas
from models.queries.areas import load_areas
from tests.benchmarks.environment import Installation
from tests.benchmarks.report import Measured
from tests.benchmarks.traffic import Phase
from tests.lists.dtsen_pair import Pair, write_pair

LOKUS: Final = Path(sys.executable).with_name("lokus")
AREA: Final = "1802"


def importing(place: Installation, families: int) -> Measured:
    """Import a pair of so many families into the installation, and once more."""
    pair = write_pair(place.folder / "pair", families=families)
    _load_areas(place)
    first = _run(place, pair, "first import")
    again = _run(place, pair, "same files again")
    measured = Measured("import", place.engine, [first[0], again[0]], max(first[1], again[1]))
    rows = families + pair.member_count
    measured.notes.append(f"{families} families, {pair.member_count} members: {rows} rows")
    return measured


def _run(place: Installation, pair: Pair, name: str) -> tuple[Phase, float]:
    """One run of `lokus import`, and its peak memory in MiB."""
    environment = os.environ | {
        "LOKUS_DATA_DIR": str(place.folder / "var"),
        "LOKUS_DATABASE_URL": place.url,
    }
    command = [str(LOKUS), "import", str(pair.families), str(pair.members), "--area", AREA]
    command += ["--codes", str(pair.codes), "--out", str(place.folder / "refused"), "--json"]
    before, started = place.cpu_seconds()[1], time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    elapsed, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    phase = Phase(name, pair.family_count + pair.member_count)
    phase.seconds = elapsed
    phase.server_cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    phase.database_cpu = place.cpu_seconds()[1] - before
    return phase, after.ru_maxrss / 1024


def _load_areas(place: Installation) -> None:
    with place.database.writing() as session:
        load_areas(
            session,
            [
                {
                    "kode": one.kode,
                    "nama": one.nama,
                    "tingkat": one.tingkat,
                    "induk": None,
                    "kode_bps": one.kode_bps or None,
                    "nama_lain": None,
                }
                for one in areas()
            ],
        )
