"""Where the door is: the address of each thing behind it, as a phone has to ask for it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import Request

BY_KEY: Final = "/v1/key/{token}/projects/{project}"
"""The address in a QR code: it holds the token, and nobody types it."""
BY_NAME: Final = "/v1/odk"
"""The address to type where no code can be scanned; then name and password follow."""
PROJECT: Final = 1


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two addresses, as the phone that is asking knows it."""

    base: str

    def form(self, form_id: str, version: str) -> str:
        return f"{self.base}/forms/{_part(form_id)}.xml?version={_part(version)}"

    def manifest(self, form_id: str, version: str) -> str:
        return f"{self.base}/forms/{_part(form_id)}/manifest?version={_part(version)}"

    def file(self, form_id: str, version: str, name: str) -> str:
        place = f"{self.base}/forms/{_part(form_id)}/attachments/{_part(name)}"
        return f"{place}?version={_part(version)}"

    def entity_list(self, name: str) -> str:
        return f"{self.base}/datasets/{_part(name)}.csv"

    def integrity(self, name: str) -> str:
        return f"{self.base}/datasets/{_part(name)}/integrity"


def server_url(public_url: str, token: str) -> str:
    """What stands in a QR code."""
    return public_url + BY_KEY.format(token=token, project=PROJECT)


def door_of(request: Request, public_url: str) -> Door:
    """The door that the request came through."""
    token = request.path_params.get("token")
    if token is None:
        return Door(public_url + BY_NAME)
    return Door(public_url + BY_KEY.format(token=token, project=request.path_params["project"]))


def _part(text: str) -> str:
    return quote(text, safe="")
