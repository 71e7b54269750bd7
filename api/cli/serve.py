"""`lokus serve`: run the server."""

from typing import Annotated

import typer
import uvicorn

from api.cli.office import office, say
from api.errors import AppError
from api.logs import configure_logs
from api.one_piece import OnePieceProtocol
from api.settings import Settings
from migrations import runner
from models.queries import server_state

SHUTDOWN_SECONDS = 30


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[
        int, typer.Option(help="Processes. More than one needs PostgreSQL.", min=1, max=64)
    ] = 1,
) -> None:
    """Serve the API. Put a reverse proxy with TLS in front of it for anything but a trial."""
    settings = Settings.from_environment()
    require_servable(settings, workers)
    say(f"Lokus serves {settings.public_url} on http://{host}:{port} (documentation: /docs)")
    run(host, port, workers)


def require_servable(settings: Settings, workers: int) -> None:
    """Refuse to start into a state that loses data or only fails later; `AppError` says why."""
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise AppError(
            "value-refused",
            "SQLite has one writer, and several processes would fight for it: use --workers 1, "
            "or set LOKUS_DATABASE_URL to a PostgreSQL database.",
        )
    with office(settings) as opened:
        if waiting := runner.pending(settings.database_url):
            raise AppError(
                "value-refused",
                f"The database is {len(waiting)} revision(s) behind: run `lokus migrate`, after "
                "a backup if it holds data.",
            )
        with opened.database.reading() as session:
            server_state.epoch(session)
    assert settings.secret  # made now, not by the first request


def run(host: str, port: int, workers: int) -> None:
    """Hand over to uvicorn; returns when the server was asked to stop."""
    configure_logs()
    uvicorn.run(
        "api.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=OnePieceProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
