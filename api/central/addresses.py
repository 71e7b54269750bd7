"""Where the door is, and the one project that is behind it."""

from typing import Final
from urllib.parse import quote

from api.openrosa.addresses import PROJECT

BASE: Final = "/central/v1"
PROJECT_BASE: Final = BASE + "/projects/{project}"
FORM_BASE: Final = PROJECT_BASE + "/forms/{form_id}"
SUBMISSION_BASE: Final = FORM_BASE + "/submissions/{instance}"


def service_url(public_url: str, form_id: str) -> str:
    """The address of a form's tables."""
    path = FORM_BASE.format(project=PROJECT, form_id=quote(form_id, safe=""))
    return f"{public_url}{path}.svc"
