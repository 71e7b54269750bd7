"""What Collect makes of lists and manifests: whole, or not at all."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from tests.api.calling import Answer

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


class CannotFetch(Exception):
    """What Collect says when it could not get a list of forms."""


class NeedsPassword(Exception):
    """401: Collect asks whoever holds the phone."""


@dataclass(frozen=True)
class ListedForm:
    """One line of the list as Collect understood it."""

    form_id: str
    version: str | None
    name: str
    digest: str | None
    url: str
    manifest: str | None


@dataclass(frozen=True)
class MediaFile:
    name: str
    digest: str
    url: str
    kind: str


def believable(answer: Answer) -> None:
    """(5) Only with OpenRosa's header and `text/xml` is it one of their servers."""
    if answer.status == 401:
        raise NeedsPassword("credentials")
    if answer.status == 404:
        raise CannotFetch("can't reach the server")
    if answer.status != 200:
        raise CannotFetch(f"returned status code {answer.status}")
    if "x-openrosa-version" not in answer.headers:
        raise CannotFetch("does not correctly implement the OpenRosa formList API")
    if "text/xml" not in answer.headers.get("content-type", ""):
        raise CannotFetch("a proxy answered")


def listed_form(element: ET.Element) -> ListedForm:
    """(6) A form without one of the three spoils the whole list."""
    told = {child.tag.removeprefix(LIST): (child.text or "").strip() for child in element}
    if not all(told.get(name) for name in ("formID", "name", "downloadUrl")):
        raise CannotFetch("invalid response")
    digest = told.get("hash", "")
    return ListedForm(
        told["formID"],
        told.get("version") or None,
        told["name"],
        digest.removeprefix("md5:") if digest.startswith("md5:") else None,
        told["downloadUrl"],
        told.get("manifestUrl") or None,
    )


def media_file(element: ET.Element) -> MediaFile | None:
    told = {child.tag.removeprefix(MANIFEST): (child.text or "").strip() for child in element}
    if not all(told.get(name) for name in ("filename", "hash", "downloadUrl")):
        return None
    # Four characters are taken off unread.
    return MediaFile(
        told["filename"], told["hash"][4:], told["downloadUrl"], element.get("type", "")
    )
