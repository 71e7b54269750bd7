"""`lokus connect … change` and `remove`: what came in stays, whatever becomes of a connector."""

from collections.abc import Callable
from typing import Annotated

import typer

from api.cli.connect_options import (
    Anew,
    AsJson,
    ConnectorId,
    CredentialsFile,
    CredentialsVariable,
    NewAccount,
    NewMap,
    NewUrl,
    central_form,
    text_of,
    where_from,
)
from api.cli.office import office, say, say_json
from api.connectors.central import CENTRAL
from api.connectors.kobo import KOBO
from api.errors import AppError
from api.services.connector_changing import Changed, Changes, change, remove
from api.services.connector_setup import allow_list, connector_of
from models.queries import connectors


def change_kobo(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: ConnectorId,
    url: NewUrl = None,
    form: Annotated[str | None, typer.Option(help="Another asset's uid.")] = None,
    account: NewAccount = None,
    map_file: NewMap = None,
    token_file: CredentialsFile = None,
    token_env: CredentialsVariable = None,
    hook: Annotated[
        bool | None, typer.Option("--new-hook/--no-hook", help="Another secret, or none.")
    ] = None,
    anew: Anew = False,
    as_json: AsJson = False,
) -> None:
    """Change a connector. What is not named stays as it is, and so does what came in."""
    wished = Changes(
        url=url,
        form=form,
        account=account,
        map=text_of(map_file) if map_file is not None else None,
        credentials=where_from(token_file, token_env) if token_file or token_env else None,
        with_new_hook=hook is True,
        without_hook=hook is False,
        reads_anew=anew,
    )
    _change(KOBO, name, wished, as_json)


def change_central(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: ConnectorId,
    url: NewUrl = None,
    project: Annotated[int | None, typer.Option(help="Its project.", min=1)] = None,
    form: Annotated[str | None, typer.Option(help="Another form's id.")] = None,
    entities: Annotated[str | None, typer.Option(help="Or another entity list.")] = None,
    account: NewAccount = None,
    map_file: NewMap = None,
    login_file: CredentialsFile = None,
    login_env: CredentialsVariable = None,
    anew: Anew = False,
    as_json: AsJson = False,
) -> None:
    """Change a connector. What is not named stays as it is, and so does what came in."""
    if (form or entities) and project is None:
        raise AppError("value-refused", "Say which project another form is in: --project.")
    wished = Changes(
        url=url,
        form=central_form(project or 0, form, entities),
        account=account,
        map=text_of(map_file) if map_file is not None else None,
        credentials=where_from(login_file, login_env) if login_file or login_env else None,
        reads_anew=anew,
    )
    _change(CENTRAL, name, wished, as_json)


def _change(kind: str, name: str, wished: Changes, as_json: bool) -> None:
    with office() as opened:
        with opened.database.writing() as session:
            connector = connector_of(session, name, kind)
            changed = change(session, connector, wished, allow_list(opened.settings), opened.act())
        hook = f"{opened.settings.public_url}/v1/connectors/{name}/hook"
    if as_json:
        told: dict[str, object] = {"id": name, "changed": list(changed.what)}
        if changed.hook_secret is not None:
            told |= {"hook": hook, "secret": changed.hook_secret}
        say_json(told | {"warnings": changed.map.warnings})
        return
    _tell_changed(changed, hook)


def _tell_changed(changed: Changed, hook: str) -> None:
    say(f"{changed.connector.id}: changed {', '.join(changed.what)}; what came in stays.")
    for warning in changed.map.warnings:
        say(f"warning: {warning}; a group is stated whole, so the rest of it is cleared.")
    if "anew" in changed.what:
        say("The next run reads all forms again; each says only what differs from before.")
    if changed.hook_secret is not None:
        say(f"REST Service there: {hook}")
        say(f"with the header X-Lokus-Secret: {changed.hook_secret} (shown this once)")


def remove_of(kind: str) -> Callable[..., None]:
    """The command for one kind of server."""

    def remove_connector(name: ConnectorId, as_json: AsJson = False) -> None:
        """End a connector: nothing is fetched any more. What came in stays."""
        with office() as opened, opened.database.writing() as session:
            connector = connector_of(session, name, kind)
            counted = connectors.counts(session, name)
            remove(session, connector, opened.act())
        if as_json:
            say_json({"id": name, "forms": counted})
            return
        say(f"{name} is removed. Forms that it brought, and that stay: {sum(counted.values())}.")
        if connector.hook_digest is not None:
            say("Its REST Service over there is refused from now on: delete it there.")

    return remove_connector
