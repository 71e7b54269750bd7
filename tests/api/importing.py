"""Imports of a test: files in, a report out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from api.formats.lists.reading import InputFile
from api.randomness import new_id
from api.services.import_reports import ImportReport
from api.services.import_runs import ListInput, Run, run_list
from api.services.importing import ImportGround
from api.services.reviewers import ground_of
from sync.types import KELUARGA
from tests.api.world import World

KECAMATAN = "180221"


def ground(world: World) -> ImportGround:
    at = ground_of(world.settings)
    return ImportGround(world.database, world.clock, world.randomness, at, pause=lambda _: None)


def bring(
    world: World,
    files: Sequence[Path],
    *,
    dry_run: bool = False,
    where: str = KECAMATAN,
    issued: date | None = None,
) -> ImportReport:
    """An import through the same door as the command line's and the wire's."""
    listed = replace(list_of(files), area=where, issued=issued)
    return run_list(ground(world), listed, replace(a_run(world), dry_run=dry_run))


def list_of(files: Sequence[Path]) -> ListInput:
    return ListInput([InputFile(file) for file in files], KECAMATAN)


def a_run(world: World) -> Run:
    return Run(new_id(world.clock.now(), world.randomness))


def counts(report: ImportReport, entity: str = KELUARGA) -> dict[str, int]:
    told = report.told()[entity]
    assert isinstance(told, dict)
    return {name: n for name, n in told.items() if isinstance(n, int) and n}
