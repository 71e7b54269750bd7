"""`lokus rt`: the RTs of a village, and families that get theirs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from api.cli.office import Office, office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.schemas.lanes import is_rt
from api.services.deputies import deputy
from api.services.placing import (
    FAMILIES_PER_REQUEST_MAX,
    FamilyLine,
    Placed,
    counted_rts,
    families_of_rt,
    place_families,
)
from sync.operation import is_uuid
from sync.permission import Action

SHOWN_MAX: Final = 200

app = typer.Typer(help="RTs of a village, and families that get theirs.", no_args_is_help=True)

Village = Annotated[str, typer.Option(help="The village's code, 10 digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Part = Annotated[str, typer.Option(help="Only whose dusun, address or name has this in it.")]


@app.command("list")
def list_rts(desa: Village, as_json: AsJson = False) -> None:
    """The village's RTs with their open families; the first line counts those without an RT."""
    with office() as opened, opened.database.reading() as session:
        found = counted_rts(session, reader_of(opened), desa)
    if as_json:
        say_json([{"rt": one.rt, "families": one.families} for one in found])
        return
    rows = [{"RT": one.rt or "(none)", "families": str(one.families)} for one in found]
    say_table(("RT", "families"), rows)


@app.command("families")
def list_families(
    desa: Village,
    rt: Annotated[str, typer.Option(help='"003/001"; left out: families without an RT.')] = "",
    address: Part = "",
    as_json: AsJson = False,
) -> None:
    """Families of an RT, or of none, by dusun, address and name."""
    with office() as opened:
        found = _families(opened, desa, _read_rt(rt), address)
    if as_json:
        say_json([asdict(one) for one in found])
        return
    _tell(found)


@app.command("assign")
def assign(  # noqa: PLR0913, PLR0917  # the parameters of a command are its options
    desa: Village,
    rt: Annotated[str, typer.Option(help='Where they live: "003/001", "003/" without RW.')],
    families: Annotated[list[str] | None, typer.Argument(help="Ids of families.")] = None,
    address: Part = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which they are.")] = False,
    by: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who says so; else the operator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put families into an RT: those named, or with --address all without one that fit it.

    Phones of that RT receive them with their next sync.
    """
    if bool(families) == bool(address):
        raise AppError("value-refused", "Name families by id, or give --address, not both.")
    if not all(map(is_uuid, families or ())):
        raise AppError("value-refused", "A family's id is a UUID in lower case.")
    target = _read_rt(rt)
    if not target:
        raise AppError("value-refused", 'Say which RT, for instance --rt "003/001".')
    with office() as opened:
        lines = _families(opened, desa, "", address) if address else []
        if dry_run:
            _tell(lines)
            return
        ids = families or [one.id for one in lines]
        done = [_place(opened, desa, target, part, by) for part in _parts(ids)]
    told = {
        "placed": sum(one.placed for one in done),
        "same": sum(one.same for one in done),
        "unknown": [name for one in done for name in one.unknown],
        "disputed": [name for one in done for name in one.disputed],
    }
    if as_json:
        say_json(told)
    else:
        say(f"{told['placed']} families now live in RT {target}, {told['same']} did already.")
        for word, names in (("not found", told["unknown"]), ("disputed", told["disputed"])):
            if isinstance(names, list) and names:
                say(f"{len(names)} {word}: {', '.join(names)}")


def _place(opened: Office, desa: str, rt: str, ids: Sequence[str], by: str | None) -> Placed:
    with opened.database.writing() as session:
        writer = deputy(session, reader_of(opened), desa, Action.ASSIGN_RT, by=by)
        return place_families(session, writer, desa, rt, ids)


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    starts = range(0, len(ids), FAMILIES_PER_REQUEST_MAX)
    return [ids[start : start + FAMILIES_PER_REQUEST_MAX] for start in starts]


def _families(opened: Office, desa: str, rt: str, part: str) -> list[FamilyLine]:
    with opened.database.reading() as session:
        return families_of_rt(session, reader_of(opened), desa, rt, part)


def _read_rt(rt: str) -> str:
    if rt and not is_rt(rt):
        raise AppError("value-refused", 'An RT is written "003/001", or "003/" without RW.')
    return rt


def _tell(found: Sequence[FamilyLine]) -> None:
    rows = [
        {"id": one.id, "dusun": one.dusun, "address": one.alamat, "head": one.nama_kepala_keluarga}
        for one in found[:SHOWN_MAX]
    ]
    say_table(("id", "dusun", "address", "head"), rows)
    if len(found) > SHOWN_MAX:
        say(f"… and {len(found) - SHOWN_MAX} more; --address narrows them down, --json lists all.")
