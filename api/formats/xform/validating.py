"""ODK Validate, where Java is: the engine of Collect opens the form before a phone does.

It ships inside pyxform. Without Java the form is published all the same: everything that is
peculiar to our forms was checked before, and the rest is pyxform's own care.
"""

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

from api.formats.xform.faults import whole_form

VALIDATION_SECONDS_MAX: Final = 120
_NOISE: Final = re.compile(r"^\s*(at [\w.$]+\(.*|WARNING: .*|\.\.\. \d+ more)$")
LINES_SHOWN_MAX: Final = 8


def java_here() -> str | None:
    """The machine's Java, if it has one."""
    return shutil.which("java")


def validate(xml: bytes, java: str) -> None:
    """Open the form with JavaRosa. Raises `FormRefused` with what it says."""
    with TemporaryDirectory(prefix="lokus-form-") as folder:
        path = Path(folder) / "form.xml"
        path.write_bytes(xml)
        command = [java, "-Djava.awt.headless=true", "-jar", ODK_VALIDATE_PATH, str(path)]
        try:
            child = subprocess.run(  # noqa: S603  (the operator's Java on pyxform's own archive)
                command, capture_output=True, timeout=VALIDATION_SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise whole_form(
                "ODK Validate did not end: something in the form refers to itself",
                "ODK Validate tidak selesai: ada bagian formulir yang merujuk dirinya sendiri",
            ) from error
    if child.returncode != 0:
        said = _said(child.stderr.decode(errors="replace"), folder)
        raise whole_form(f"ODK Validate: {said}", f"Menurut ODK Validate: {said}")


def _said(output: str, folder: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if not _NOISE.match(line)][:LINES_SHOWN_MAX]
    return " ".join(told).replace(folder, "").strip() or "it refused the form and did not say why"
