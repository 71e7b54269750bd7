"""`lokus task`: what the ministry sent back, RT by RT."""

from typing import Annotated

import typer

from api.cli.export import By
from api.cli.office import office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.schemas.exports import TaskView
from api.services import tasks
from api.services.deputies import deputy
from models.queries.tasks import (
    OPEN,
    TASKS_PER_PAGE_MAX,
    WantedTasks,
    listed_tasks,
    task_in_sight,
)
from sync.operation import is_uuid
from sync.permission import Action

app = typer.Typer(help="What an RT head has to look at again.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("list")
def list_tasks(
    area: Annotated[
        str, typer.Option("--area", "--desa", help="Only those of this area or village.")
    ] = "",
    rt: Annotated[str, typer.Option(help="Only those of this RT, like 003/001.")] = "",
    closed: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=TASKS_PER_PAGE_MAX)] = TASKS_PER_PAGE_MAX,
    as_json: AsJson = False,
) -> None:
    """Open tasks by village and RT, with the ministry's words."""
    with office() as opened, opened.database.reading() as session:
        found, total = listed_tasks(
            session,
            reader_of(opened).sight,
            WantedTasks(area, rt, "" if closed else OPEN),
            limit=limit,
        )
    if as_json:
        say_json([TaskView.model_validate(one).model_dump(mode="json") for one in found])
        return
    if not found:
        say("No tasks." if closed else "No open tasks.")
        return
    columns = ("id", "desa", "RT", "program", "hasil", "keterangan", "state")
    rows = [
        {
            "id": one.id,
            "desa": one.desa,
            "RT": one.rt,
            "program": one.program,
            "hasil": str(one.words.get("hasil") or ""),
            "keterangan": str(one.words.get("keterangan") or ""),
            "state": one.state,
        }
        for one in found
    ]
    say_table(columns, rows)
    if total > len(found):
        say(f"{total - len(found)} more are not shown, see --desa.")


@app.command("close")
def close(
    task: Annotated[str, typer.Argument(help="The task's id, from `lokus task list`.")],
    note: Annotated[str, typer.Option(help="What was done about it.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Say that a task is done, and how."""
    if not is_uuid(task):
        raise AppError("value-refused", "A task's id is a UUID; `lokus task list` shows it.")
    with office() as opened, opened.database.writing() as session:
        reader = reader_of(opened)
        found = task_in_sight(session, reader.sight, task)
        if found is None:
            raise AppError("not-found")
        who = deputy(session, reader, found.desa, Action.READ_TASKS, by=by)
        closed = tasks.close(session, who, task, note)
    if as_json:
        say_json(TaskView.model_validate(closed).model_dump(mode="json"))
    else:
        say(f"Task {task} is {closed.state}.")
