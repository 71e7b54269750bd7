"""The forms that come with Lokus: in `clients/odk` of a clone, beside this package in a wheel."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from api.errors import AppError
from api.services.publishing import ExaminedForm, examine

_HERE: Final = Path(__file__).parents[1]
PLACES: Final = (_HERE.parent / "clients" / "odk", _HERE / "our_forms")


def our_workbooks() -> dict[str, bytes]:
    """File name → workbook. Raises `AppError` where an installation came without them."""
    for place in PLACES:
        found = sorted(place.glob("*.xlsx"))
        if found:
            return {path.name: path.read_bytes() for path in found}
    raise AppError("not-found", "This installation came without the forms of clients/odk.")


def examining(pool: Executor) -> Iterator[Future[ExaminedForm]]:
    """Our forms being converted, each in a child process, beside whatever else there is to do.

    ODK Validate has seen them when they were made; it is not run again.
    """
    for workbook in our_workbooks().values():
        yield pool.submit(examine, workbook, {}, java=None)
