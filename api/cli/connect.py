"""`lokus connect`: fetch what is filled in with KoboToolbox or ODK Central."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from api.blobs import FOLDER, BlobStore
from api.cli.connect_changing import change_central, change_kobo, remove_of
from api.cli.connect_options import (
    AccountName,
    AsJson,
    ConnectorId,
    CredentialsFile,
    CredentialsVariable,
    DryRun,
    MapFile,
    Url,
    central_form,
    text_of,
    where_from,
)
from api.cli.office import Office, office, say, say_json, say_table
from api.connectors.central import CENTRAL
from api.connectors.kobo import KOBO
from api.errors import AppError
from api.services.connector_runs import RunGround, RunReport, run
from api.services.connector_setup import (
    Added,
    Network,
    NewConnector,
    add,
    allow_list,
    connection_of,
    connector_of,
    opened_server,
)
from api.services.reviewers import ground_of
from models.queries import connector_files, connector_sights, connectors
from models.queries.connectors import Connector

GONE_SHOWN_MAX: Final = 50

app = typer.Typer(
    help="KoboToolbox and ODK Central, whose forms are not ours.", no_args_is_help=True
)
kobo = typer.Typer(help="Forms of a KoboToolbox server.", no_args_is_help=True)
central = typer.Typer(help="Forms of an ODK Central server.", no_args_is_help=True)
app.add_typer(kobo, name="kobo")
app.add_typer(central, name="central")
kobo.command("change")(change_kobo)
central.command("change")(change_central)


@kobo.command("add")
def add_kobo(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: ConnectorId,
    url: Url,
    form: Annotated[str, typer.Option(help="The asset's uid, as in the form's address.")],
    account: AccountName,
    map_file: MapFile,
    token_file: CredentialsFile = None,
    token_env: CredentialsVariable = None,
    hook: Annotated[bool, typer.Option("--hook", help="Also take its webhooks.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a form. The credentials are an API token; they are read anew by each run."""
    where = where_from(token_file, token_env)
    _add(NewConnector(name, KOBO, url, form, account, text_of(map_file), where, hook), as_json)


@central.command("add")
def add_central(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: ConnectorId,
    url: Url,
    project: Annotated[int, typer.Option(help="The project's number.", min=1)],
    account: AccountName,
    map_file: MapFile,
    form: Annotated[str | None, typer.Option(help="The form's id.")] = None,
    entities: Annotated[str | None, typer.Option(help="Or an entity list's name.")] = None,
    login_file: CredentialsFile = None,
    login_env: CredentialsVariable = None,
    as_json: AsJson = False,
) -> None:
    """Add a form or an entity list. Credentials: an e-mail address and a password, two lines."""
    where = where_from(login_file, login_env)
    named = central_form(project, form, entities)
    if named is None:
        raise AppError("value-refused", "Say what to fetch: --form or --entities.")
    _add(NewConnector(name, CENTRAL, url, named, account, text_of(map_file), where), as_json)


def _add(new: NewConnector, as_json: bool) -> None:
    with office() as opened:
        allowed = allow_list(opened.settings)
        with opened.database.writing() as session:
            added = add(session, new, allowed, opened.act())
        hook = f"{opened.settings.public_url}/v1/connectors/{new.id}/hook"
    if as_json:
        told: dict[str, object] = {"id": new.id, "warnings": added.map.warnings}
        if added.hook_secret is not None:
            told |= {"hook": hook, "secret": added.hook_secret}
        say_json(told)
        return
    _tell_added(added, hook)


def _tell_added(added: Added, hook: str) -> None:
    one = added.connector
    for warning in added.map.warnings:
        say(f"warning: {warning}; a group is stated whole, so the rest of it is cleared.")
    say(f"{one.id} is added. Try it: `lokus connect {one.kind} run {one.id} --dry-run`.")
    if added.hook_secret is not None:
        say(f"REST Service there: {hook}")
        say(f"with the header X-Lokus-Secret: {added.hook_secret} (shown this once)")


def _list_of(kind: str) -> Callable[..., None]:
    def list_connectors(as_json: AsJson = False) -> None:
        """Every connector of this kind."""
        with office() as opened, opened.database.reading() as session:
            shown = [_shown(one) for one in connectors.all_connectors(session, kind)]
        if as_json:
            say_json(shown)
            return
        columns = ("id", "url", "form", "ran_at", "problem")
        say_table(columns, [{key: str(row[key] or "") for key in columns} for row in shown])

    return list_connectors


def _status_of(kind: str) -> Callable[..., None]:
    def status(name: ConnectorId, as_json: AsJson = False) -> None:
        """How far a connector is, and what became of its forms."""
        with office() as opened, opened.database.reading() as session:
            one = connector_of(session, name, kind)
            counted = connectors.counts(session, name)
            files = connector_files.file_counts(session, name)
            gone = connector_sights.gone(session, name, GONE_SHOWN_MAX)
        shown = _shown(one) | {"forms": counted, "files": files, "gone": list(map(_gone, gone))}
        if as_json:
            say_json(shown)
            return
        say(f"{one.id}: {one.form} at {one.url}")
        say(f"last run {shown['ran_at'] or 'never'}; {one.problem or 'nothing was in its way'}")
        for state, number in sorted(counted.items()):
            say(f"{number:>7} {state}")
        for state, number in sorted(files.items()):
            say(f"{number:>7} files {state}")
        if gone:
            say("Not there any more; what they said stays here. Look whether that is right:")
        for each in gone:
            about = f"the family {each.record} in {each.desa}" if each.desa else "never taken in"
            say(f"{each.item}: {about}, noticed {each.since:%Y-%m-%d}")

    return status


def _gone(one: connector_sights.Gone) -> dict[str, str | None]:
    since = one.since.isoformat() if one.since is not None else None
    return {"item": one.item, "desa": one.desa, "family": one.record, "since": since}


def _run_of(kind: str) -> Callable[..., None]:
    def run_connector(name: ConnectorId, dry_run: DryRun = False, as_json: AsJson = False) -> None:
        """Fetch what is new, bring it in, and tell the other server what reviewers decided."""
        with office() as opened:
            report = _run(opened, kind, name, dry_run=dry_run)
        if as_json:
            say_json(_reported(report))
        else:
            _tell_report(report)
        if report.problem is not None:
            raise AppError("value-refused", f"{report.problem}. What was taken in stays.")

    return run_connector


def _run(opened: Office, kind: str, name: str, *, dry_run: bool) -> RunReport:
    with opened.database.reading() as session:
        connector = connector_of(session, name, kind)
        connection = connection_of(session, connector)
    network = Network(allow_list(opened.settings))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn())
    with (
        opened_server(connector, connection.map, network) as server,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        what_is_done = ("listed", "taken", "files", "told")
        tasks = {what: progress.add_task(what, total=None) for what in what_is_done}

        def told(what: str, number: int) -> None:
            progress.advance(tasks[what], number)

        at = RunGround(
            opened.database,
            opened.clock,
            opened.randomness,
            ground_of(opened.settings),
            BlobStore(opened.settings.data_dir / FOLDER),
            told,
        )
        return run(at, connector, connection, server, dry_run=dry_run)


for _kind, _group in ((KOBO, kobo), (CENTRAL, central)):
    _group.command("list")(_list_of(_kind))
    _group.command("run")(_run_of(_kind))
    _group.command("status")(_status_of(_kind))
    _group.command("remove")(remove_of(_kind))


def _shown(one: Connector) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "url": one.url,
        "form": one.form,
        "account": one.account_id,
        "cursor": one.cursor,
        "ran_at": one.ran_at.isoformat() if one.ran_at is not None else None,
        "problem": one.problem,
        "takes_hooks": one.hook_digest is not None,
    }


def _reported(report: RunReport) -> dict[str, object]:
    return {
        "connector": report.connector,
        "listed": report.listed,
        "due": report.due,
        "taken": dict(report.states),
        "repeated": report.repeated,
        "files": report.files,
        "gone": report.gone,
        "told": report.told,
        "problem": report.problem,
        "forms": [
            {
                "item": one.item,
                "state": one.state,
                "problem": one.problem,
                "family": one.record,
                "is_new": one.creates,
                "fields": list(one.fields),
                "persons": one.persons,
                "measured": one.measured,
                "files": one.files,
                "to_be_judged": one.to_be_judged,
            }
            for one in report.landings
        ],
    }


def _tell_report(report: RunReport) -> None:
    for one in report.landings:
        kind = "a new family" if one.creates else f"the family {one.record}"
        more = f", {one.to_be_judged} to be judged" if one.to_be_judged else ""
        said = ", ".join(one.fields)
        besides = f", {one.measured} measured" if one.measured else ""
        besides += f", {one.files} files" if one.files else ""
        say(f"{one.item}: {one.state}, {kind}: {said}; {one.persons} persons{besides}{more}")
    states = ", ".join(f"{number} {state}" for state, number in sorted(report.states.items()))
    say(f"{report.listed} listed, {report.due} new or changed; {states or 'nothing to take in'}.")
    if report.files:
        say(f"Files fetched: {report.files}.")
    if report.gone:
        say(f"Not there any more: {report.gone}; what they said stays. `status` names them.")
    if report.told:
        say(f"{report.told} verdicts written back.")
