"""`make bench`: the workloads of the protocol's specification against real processes and real HTTP.

W1: 20 villages × 10 devices × 50 families: first upload, first sync, 30 field edits per device in
one batch, delta pull; 8 clients at a time. W2: 10 % of the edits hit the same group from two
devices. W4: W1 beside a million records of other villages. Import: a list of 100,000 families,
twice. CPU seconds of server, command and database are read from the kernel; wall-clock figures on
a shared machine are only an indication.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.environment import POSTGRESQL, SQLITE, Installation, installation
from tests.benchmarks.importing import importing
from tests.benchmarks.report import Measured, markdown
from tests.benchmarks.size import Size
from tests.benchmarks.workloads import World, w1, w2, w4

FULL = Size(villages=20, devices=10, families=50, edits=30, filler=1_000_000, listed=100_000)
QUICK = Size(villages=4, devices=5, families=20, edits=30, filler=20_000, listed=2_000)
CLIENTS = 8


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, to try it out")
    parser.add_argument("--only", choices=[POSTGRESQL, SQLITE])
    parser.add_argument("--workloads", default="w2,w4,import", help="besides W1")
    parser.add_argument("--listed", type=int, help="families of the import")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args(arguments)
    size = QUICK if options.quick else FULL
    size = replace(size, listed=options.listed or size.listed)
    wanted = options.workloads.split(",")
    measured: list[Measured] = []
    for engine in (POSTGRESQL, SQLITE) if options.only is None else (options.only,):
        with (
            TemporaryDirectory(prefix="lokus-bench-") as folder,
            installation(engine, Path(folder), size) as place,
        ):
            measured += _measure(place, size, wanted)
    sys.stdout.write(markdown(measured) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps([one.as_json() for one in measured], indent=1))
    return 0


def _measure(place: Installation, size: Size, wanted: Sequence[str]) -> list[Measured]:
    if wanted == ["import"]:
        return [importing(place, size.listed)]
    world = World(seed=1)
    measured = [w1(place, world, size, CLIENTS)]
    if "w2" in wanted:
        measured.append(w2(place, world, size, CLIENTS))
    if "w4" in wanted and place.engine == POSTGRESQL:
        measured.append(w4(place, world, size, CLIENTS))
    if "import" in wanted:
        measured.append(importing(place, size.listed))
    return measured


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
