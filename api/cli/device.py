"""`lokus device`: the phones that are enrolled."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.cli.office import Office, office, say, say_json, say_table
from api.services.devices import managed_devices, revoke_device
from models.queries.devices import DEVICES_PER_PAGE_MAX, ListedDevice

app = typer.Typer(help="Enrolled devices.", no_args_is_help=True)


@app.command("list")
def list_devices(
    account: Annotated[str | None, typer.Option(help="Only those of this account.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """All devices, oldest first."""
    with office() as opened:
        found = [one for one in _all(opened) if account in {None, one.account_name}]
    if as_json:
        say_json([_shown(device) for device in found])
        return
    columns = ("id", "account", "name", "platform", "last_seen_at", "state")
    say_table(columns, [{key: str(_shown(one)[key]) for key in columns} for one in found])


@app.command("revoke")
def revoke(
    device: Annotated[str, typer.Argument(help="The device's id, see `lokus device list`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Take a device out of service; what it still pushes goes to quarantine."""
    with office() as opened, opened.database.writing() as session:
        revoked = revoke_device(session, device, opened.act())
    if as_json:
        say_json({"id": revoked.id, "account": revoked.account_name})
    else:
        say(f"{revoked.name} of {revoked.account_name} is revoked")


def _all(opened: Office) -> Sequence[ListedDevice]:
    found: list[ListedDevice] = []
    with opened.database.reading() as session:
        while True:
            after = found[-1].id if found else ""
            page = managed_devices(session, opened.act(), after=after, limit=DEVICES_PER_PAGE_MAX)
            found += page
            if len(page) < DEVICES_PER_PAGE_MAX:
                return found


def _shown(device: ListedDevice) -> dict[str, object]:
    seen = device.last_seen_at
    return {
        "id": device.id,
        "account": device.account_name,
        "role": device.role,
        "name": device.name,
        "platform": device.platform,
        "created_at": device.created_at.isoformat(),
        "last_seen_at": "never" if seen is None else seen.isoformat(timespec="minutes"),
        "state": "active" if device.revoked_at is None else "revoked",
    }
