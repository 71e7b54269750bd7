"""For whoever keeps the server running: is it alive, can it serve, what has it done."""

from typing import Annotated

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.dependencies import allowed, public
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.schemas.accounts import HealthView
from api.security import Principal
from api.shell import AppShell
from sync.permission import Action
from sync.types import Json

router = APIRouter(tags=["operations"], responses=ANY_PROBLEM)


@router.get("/health/live", dependencies=[public(Action.READ_HEALTH)])
async def live() -> HealthView:
    """The process answers, also while every thread waits for the database."""
    return HealthView(status="ok")


@router.get("/health/ready", dependencies=[public(Action.READ_HEALTH)])
def ready(shell: AppShell) -> HealthView:
    """The database takes writes, its schema is the code's, and the disk has room; else 503."""
    checks = shell.readiness.checks(shell.now())
    if all(said == "ok" for said in checks.values()):
        return HealthView(status="ok", checks=checks)
    told: dict[str, Json] = dict(checks)
    raise AppError("not-ready", checks=told)


@router.get("/metrics", response_class=Response)
def read_metrics(
    shell: AppShell, _: Annotated[Principal, allowed(Action.READ_METRICS)]
) -> Response:
    """Prometheus' text format; scrape it with a device token of an admin's account."""
    return Response(shell.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
