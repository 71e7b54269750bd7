"""What else ODK Central has under its address: said to be missing, in its own form."""

from typing import Annotated

from fastapi import Response

from api.central.addresses import BASE
from api.central.answers import a_router
from api.central.holders import program
from api.formats.odata.refusals import BadQuestion
from api.security import Principal
from sync.permission import Action

router = a_router()


@router.api_route(f"{BASE}/{{rest:path}}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def missing(_: Annotated[Principal, program(Action.READ_OWN_ACCOUNT)]) -> Response:
    """The last route of the door: whatever no other one has taken."""
    raise BadQuestion(
        "501.1",
        "This server has no such thing of ODK Central's API: it reads forms and submissions, and "
        "takes review states and comments. Forms are published with `lokus form publish`, and "
        "filled forms are sent through the door for ODK Collect.",
    )
