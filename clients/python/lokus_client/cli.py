"""``lokus-client``: a day in the field from a terminal.

Everything but ``enrol``, ``sync`` and ``conformance`` works without a link. What a command has
confirmed is on disk.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from lokus_client import conformance, screens
from lokus_client.assignments import read_change
from lokus_client.capturing import Queued
from lokus_client.edits import END_REASONS
from lokus_client.enrolment import read_code
from lokus_client.errors import ExchangeFailed, LokusError, Mistake, NotEnrolled
from lokus_client.overlay import RecordView
from lokus_client.phone import Phone
from lokus_client.rt_done import RtUnclear
from lokus_client.status import as_json
from lokus_client.texts import say, why

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help=(
        "A phone of the Lokus register on the command line: capture families offline, sync when"
        " there is a link, see what is under review.\n\n"
        "Data is kept in one file, `./lokus-phone.db` unless --store or LOKUS_CLIENT_STORE says"
        " otherwise: one file = one phone.\n\n"
        "A first day: `enrol CODE --server URL`, `sync`, `list`, `edit ID luas_lantai=54`, `sync`,"
        " `status`."
    ),
)
console: Final = Console()

StoreFile = Annotated[
    Path, typer.Option("--store", envvar="LOKUS_CLIENT_STORE", help="The phone's file.")
]
Language = Annotated[
    str, typer.Option("--lang", envvar="LOKUS_CLIENT_LANG", help="Texts: id or en.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON, codes in English.")]
Observed = Annotated[
    str | None, typer.Option("--observed", help="Day it was seen, YYYY-MM-DD. Default: today.")
]
Visit = Annotated[str | None, typer.Option("--visit", help="The visit during which it was seen.")]
RecordId = Annotated[str, typer.Argument(metavar="ID", help="Id, or an end of it that is unique.")]
FamilyId = Annotated[str, typer.Argument(metavar="FAMILY", help="Id of the family.")]
Typed = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIELD=VALUE…",
        help="Assign; `FIELD=` clears, `SET+=CODE` adds, `SET-=CODE` removes.",
    ),
]
STORE: Final = Path("lokus-phone.db")


@contextmanager
def opened(store: Path, language: str) -> Iterator[Phone]:
    """The phone of a store; errors become one sentence and exit code 1."""
    if not store.exists():
        _fail(say(language, "not-enrolled"))
    with refusing(language), Phone(store) as phone:
        yield phone


@contextmanager
def refusing(language: str) -> Iterator[None]:
    """Say an error of the SDK in one sentence."""
    try:
        yield
    except RtUnclear as unclear:
        _fail(say(language, "refused", reason=say(language, unclear.code, **unclear.values)))
    except NotEnrolled:
        _fail(say(language, "not-enrolled"))
    except ExchangeFailed as failed:
        _fail(say(language, "refused", reason=why(language, failed.code, str(failed))))
    except LokusError as error:
        _fail(say(language, "refused", reason=str(error)))


def _fail(sentence: str) -> NoReturn:
    _tell(sentence, Console(stderr=True, style="red"))
    raise typer.Exit(1)


def _tell(sentence: str, to: Console = console) -> None:
    """A sentence as it is: no markup in it is read, and no line of it is broken."""
    to.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="The one-time code, or the link that carries it.")],
    server: Annotated[str | None, typer.Option(help="Address, unless the link has it.")] = None,
    name: Annotated[str, typer.Option(help="What this phone is called in lists.")] = "lokus-client",
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Make this file a phone of the register, with the code the operator gave."""
    linked, _ = read_code(code)
    if linked is None and server is None and not store.exists():
        _fail(say(lang, "no-server"))
    with refusing(lang), Phone(store, server=server) as phone:
        phone.enrol(code, name, f"lokus-client {sys.platform}")
        _tell(say(lang, "enrolled", server=phone.status().server))
        _tell(say(lang, "sync-next"))


@app.command()
def sync(
    check: Annotated[
        bool, typer.Option(help="Compare digests even if that costs a request.")
    ] = True,
    store: StoreFile = STORE,
    lang: Language = "id",
    as_json_: AsJson = False,
) -> None:
    """Send what was captured, fetch what others changed, compare. Repeat it at will."""
    with opened(store, lang) as phone:
        report = phone.sync(check=check)
        if as_json_:
            _print_json(as_json(report))
        else:
            screens.show(console, screens.sync_result(lang, report, phone.rt_statements()))
    if not report.is_complete:
        raise typer.Exit(1)


@app.command("list")
def list_(
    search: Annotated[str | None, typer.Option(help="Words that occur in the record.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="keluarga, anggota, pengukuran, kunjungan.")
    ] = None,
    store: StoreFile = STORE,
    lang: Language = "id",
    as_json_: AsJson = False,
) -> None:
    """List the records of this phone: families, and their members beneath them."""
    with opened(store, lang) as phone:
        views = phone.records(search=search, entity=kind)
        if as_json_:
            _print_json([asdict(view) for view in views])
        else:
            screens.show(console, screens.record_list(lang, views))


@app.command()
def show(
    record: RecordId,
    store: StoreFile = STORE,
    lang: Language = "id",
    as_json_: AsJson = False,
) -> None:
    """Show one record with all its fields."""
    with opened(store, lang) as phone:
        view = find(phone, record, lang)
        if as_json_:
            _print_json(asdict(view))
        else:
            below = phone.records(parent=view.id)
            screens.show(console, screens.record_page(lang, view, below))


@app.command()
def edit(
    record: RecordId,
    fields: Typed = None,
    observed: Observed = None,
    visit: Visit = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Change fields of a record. Works offline."""
    with opened(store, lang) as phone:
        view = find(phone, record, lang)
        change = read_change(phone.fields, view.entity, fields or [])
        at = None if visit is None else find(phone, visit, lang).id
        queued = phone.edit(
            view.entity, view.id, change.assigned, change.added, change.removed,
            observed=observed, visit=at,
        )  # fmt: skip
        _saved(phone, queued, lang)


@app.command()
def add_family(
    fields: Typed = None,
    desa: Annotated[str | None, typer.Option(help="Village code, if there are several.")] = None,
    observed: Observed = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Register a family, e.g. `nama_kepala_keluarga=… rt=003 rw=001`. Works offline."""
    with opened(store, lang) as phone:
        assigned = read_change(phone.fields, "keluarga", fields or []).assigned
        _saved(phone, phone.create("keluarga", assigned, desa=desa, observed=observed), lang)


@app.command()
def add_member(
    family: FamilyId,
    fields: Typed = None,
    observed: Observed = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Register a person of a family, e.g. `nama=… nik=…`. Works offline."""
    with opened(store, lang) as phone:
        _create_under(phone, "anggota", family, fields or [], observed, lang)


@app.command()
def measure(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the child.")],
    fields: Typed = None,
    observed: Observed = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Record a child's growth, e.g. `tanggal=2026-11-03 berat_kg=11,5`. Works offline."""
    with opened(store, lang) as phone:
        _create_under(phone, "pengukuran", member, fields or [], observed, lang)


@app.command()
def visit(
    family: FamilyId,
    fields: Typed = None,
    observed: Observed = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Record a visit to a family, now. Its id can be named by `edit --visit`. Works offline."""
    with opened(store, lang) as phone:
        now = phone.environment.now_text()
        _create_under(phone, "kunjungan", family, [f"waktu={now}", *(fields or [])], observed, lang)


@app.command()
def move(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the person.")],
    family: FamilyId,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Move a person to another family of the village. Works offline."""
    with opened(store, lang) as phone:
        target = find(phone, family, lang)
        _saved(phone, phone.move(find(phone, member, lang).id, target.id), lang)


@app.command()
def end(
    record: RecordId,
    reason: Annotated[str, typer.Argument(help=", ".join(END_REASONS))],
    date: Annotated[str | None, typer.Option(help="Day it happened. Default: today.")] = None,
    details: Annotated[
        list[str] | None,
        typer.Option("--with", help="number=…, twin=ID, target=…, evidence=…"),
    ] = None,
    store: StoreFile = STORE,
    lang: Language = "id",
) -> None:
    """Close a family or a person (or a wrong measurement). Works offline."""
    with opened(store, lang) as phone:
        view = find(phone, record, lang)
        told = {k: str(v) for k, v in read_change(phone.fields, "", details or []).assigned.items()}
        if "twin" in told:
            told["twin"] = find(phone, told["twin"], lang).id
        day = date or phone.environment.wall().date().isoformat()
        _saved(phone, phone.end(view.entity, view.id, reason, day, details=told), lang)


@app.command()
def selesai(  # noqa: PLR0913, PLR0917  # the parameters of a command are its options
    rt: Annotated[
        str | None, typer.Option(metavar="RT/RW", help="Unless this phone has only one.")
    ] = None,
    periode: Annotated[
        str | None, typer.Option(help="Like 2026-11, unless this phone knows the open one.")
    ] = None,
    tarik: Annotated[bool, typer.Option("--tarik", help="Take the statement back.")] = False,
    alasan: Annotated[str, typer.Option(help="Why it is taken back; stays in the log.")] = "",
    desa: Annotated[str | None, typer.Option(help="Village code, if there are several.")] = None,
    store: StoreFile = STORE,
    lang: Language = "id",
    as_json_: AsJson = False,
) -> None:
    """State that the list of your RT is done. Works offline; sent behind what was captured."""
    with opened(store, lang) as phone:
        stated = phone.state_rt_done(rt, period=periode, desa=desa, done=not tarik, reason=alasan)
        if as_json_:
            _print_json(None if stated is None else asdict(stated))
        elif stated is None:
            _tell(say(lang, "rt-undone-here"))
        else:
            key, unsent = "rt-undone-saved" if tarik else "rt-done-saved", phone.status().unsent
            _tell(say(lang, key, rt=stated.rt, period=stated.period, unsent=unsent))


@app.command()
def status(store: StoreFile = STORE, lang: Language = "id", as_json_: AsJson = False) -> None:
    """What is unsent, under review or held back, and whether phone and server agree per RT."""
    with opened(store, lang) as phone:
        if as_json_:
            _print_json(as_json(phone.status()))
        else:
            now = phone.status()
            screens.show(console, screens.status_page(lang, now, phone.fields))
            # A program that asks is not somebody who has read it.
            phone.have_seen(now.rt_statements)


@app.command()
def export_outbox(path: Path, store: StoreFile = STORE, lang: Language = "id") -> None:
    """Write everything that no backup of the server covers yet to a file."""
    with opened(store, lang) as phone:
        count = phone.export_outbox(path)
        _tell(say(lang, "exported", count=count, path=path))


@app.command()
def import_outbox(path: Path, store: StoreFile = STORE, lang: Language = "id") -> None:
    """Queue the work of such a file in this phone."""
    with opened(store, lang) as phone:
        _tell(say(lang, "imported", count=phone.import_outbox(path)))


@app.command("conformance")
def conformance_(
    server: Annotated[str, typer.Argument(metavar="URL", help="Address of the server to check.")],
    code: Annotated[str, typer.Option(help="An unused enrolment code with an RT in its scope.")],
    lang: Language = "id",
    as_json_: AsJson = False,
) -> None:
    """Check a server against the protocol, rule by rule.

    Writes fictional records into the RT of the code: not for a register in use.
    """
    verdicts = conformance.check(server, code)
    if as_json_:
        _print_json([asdict(verdict) for verdict in verdicts])
    else:
        screens.show(console, conformance.page(lang, verdicts))
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


def find(phone: Phone, fragment: str, language: str) -> RecordView:
    """The record whose id is, begins or ends like this. Raises ``Mistake``."""
    wanted = fragment.casefold()
    found = [v for v in phone.records() if v.id.startswith(wanted) or v.id.endswith(wanted)]
    if not found:
        # An id may also be that of a record which was merged into another.
        if len(wanted) == len("00000000-0000-0000-0000-000000000000"):
            return phone.record(wanted)
        raise Mistake(say(language, "unknown-record", fragment=fragment))
    if len(found) > 1:
        raise Mistake(say(language, "ambiguous", fragment=fragment))
    return found[0]


def _create_under(
    phone: Phone,
    entity: str,
    parent: str,
    typed: Sequence[str],
    observed: str | None,
    language: str,
) -> None:
    assigned = read_change(phone.fields, entity, typed).assigned
    above = find(phone, parent, language).id
    queued = phone.create(entity, assigned, parent=above, observed=observed)
    _saved(phone, queued, language)


def _saved(phone: Phone, queued: Queued, language: str) -> None:
    _tell(say(language, "saved", record=queued.id, unsent=phone.status().unsent))


def main() -> None:
    """Entry point of the console script."""
    app()
