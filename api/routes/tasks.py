"""What the ministry sent back, for the RT head whose families it is about."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.exports import AreaCode, CloseTask, TaskList, TaskView
from api.schemas.reviewing import RecordId
from api.security import Principal
from api.services import tasks
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from models.queries.tasks import TASKS_PER_PAGE_MAX, WantedTasks, listed_tasks
from sync.permission import Action

router = APIRouter(
    tags=["exports"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)


@router.get("/v1/tasks")
def list_tasks(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_TASKS)],
    area: Annotated[AreaCode | None, Query()] = None,
    state: Literal["terbuka", "selesai", "semua"] = "terbuka",
    limit: Annotated[int, Query(ge=1, le=TASKS_PER_PAGE_MAX)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> TaskList:
    """Tasks of the caller's RTs by village and RT; the family's record says whose they are."""
    with shell.database.reading() as session:
        found, total = listed_tasks(
            session,
            reviewer_of(principal, shell).sight,
            WantedTasks(area=area or "", state="" if state == "semua" else state),
            limit=limit,
            offset=offset,
        )
    return TaskList(tasks=[TaskView.model_validate(one) for one in found], total=total)


@router.post("/v1/tasks/{task}/close")
def close_task(
    task: RecordId,
    body: CloseTask,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_TASKS)],
) -> TaskView:
    """Say that a task is done, and how."""
    with shell.database.writing() as session:
        closed = tasks.close(session, reviewer_of(principal, shell), task, body.note)
    return TaskView.model_validate(closed)
