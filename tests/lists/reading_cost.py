"""What reading a DTSEN pair costs: `python -m tests.lists.reading_cost [--families N]`.

Writes a pair into a temporary folder and reads it whole in a process of its own; prints CPU seconds
and peak memory of the reading alone.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from api.formats.lists.reading import read_lists
from sync.listed import ListedFamily
from tests.lists.dtsen_pair import write_pair
from tests.lists.files import options


def _read(folder: Path) -> None:
    started = time.process_time()
    families = members = 0
    files = [folder / "dtsen_keluarga.csv", folder / "dtsen_anggota.csv"]
    with read_lists(files, options()) as reader:
        gathered = time.process_time() - started
        for _, found in reader.villages():
            for one in found:
                families += 1
                members += len(one.members) if isinstance(one, ListedFamily) else 0
        refused = reader.refused_count
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(
        f"{families} families, {members} members, {refused} rows refused: "
        f"{seconds:.1f} CPU s ({gathered:.1f} of them gathering), peak {peak} MiB\n"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.lists.reading_cost", description=__doc__)
    parser.add_argument("--families", type=int, default=100_000)
    with tempfile.TemporaryDirectory() as folder:
        write_pair(Path(folder), families=parser.parse_args().families)
        # Spawned, so that the memory of the writing is not counted.
        process = multiprocessing.get_context("spawn").Process(target=_read, args=(Path(folder),))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
