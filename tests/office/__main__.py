"""`make check-office`: LibreOffice opens what is exported, and every digit and name is still there.

100,000 random numbers of 16 digits and forty names that look like formulas go into a workbook and
into a CSV of the flavour "untuk Excel"; LibreOffice reads both and writes them down as flat XML,
where a formula would be an attribute of its own. The result is kept in RESULT.md beside this file.
"""

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.sax.saxutils import unescape

from tests.formats.exported import (
    a_family,
    a_member,
    a_profile,
    a_village,
    made,
)
from tests.formats.payloads import FORMULAS
from tests.formats.test_export_writing import NUMBERS, a_crowd, sixteen_digits

RESULT: Final = Path(__file__).with_name("RESULT.md")
COLUMNS: Final = (
    '  { header = "NIK", value = "anggota.nik" },\n  { header = "NAMA", value = "anggota.nama" },'
)
SECONDS_MAX: Final = 900
_TEXT: Final = re.compile(r"<text:p>(.*?)</text:p>", re.DOTALL)
_TAGS: Final = re.compile(r"<text:tab/>|<text:s(?: text:c=\"(\d+)\")?/>|<[^>]+>")


def office() -> str:
    """The program, or an explanation of how to get it."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        sys.exit("LibreOffice is not here: apt-get install libreoffice-calc")
    return found


def opened(program: str, path: Path, *filters: str) -> str:
    """A file as LibreOffice understands it, as flat XML."""
    out = path.parent / "opened"
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    subprocess.run(
        [program, profile, "--headless", *filters, "--convert-to", "fods", "--outdir", str(out),
         str(path)],
        check=True, timeout=SECONDS_MAX, capture_output=True,
    )  # fmt: skip
    return (out / f"{path.stem}.fods").read_text(encoding="utf-8")


def texts(flat: str) -> list[str]:
    """What stands in the cells, in order."""
    body = flat.partition("<office:spreadsheet>")[2]
    return [unescape(_TAGS.sub(_spaced, one)).replace("&apos;", "'").replace("&quot;", '"')
            for one in _TEXT.findall(body)]  # fmt: skip


def _spaced(found: "re.Match[str]") -> str:
    if found[0] == "<text:tab/>":
        return "\t"
    return " " * int(found[1] or 1) if found[0].startswith("<text:s") else ""


def checks(program: str, folder: Path) -> list[tuple[str, bool]]:
    """Each sentence with whether it holds."""
    numbers = sixteen_digits(NUMBERS)
    held: list[tuple[str, bool]] = []
    crowd = made(a_profile(COLUMNS), folder / "numbers", a_crowd(numbers))
    read = set(texts(opened(program, crowd.path())))
    held.append((f"{NUMBERS:,} numbers keep 16 digits in xlsx", set(numbers) <= read))
    csv = a_profile(COLUMNS, form="csv")
    few = made(csv, folder / "csv", a_crowd(numbers), for_excel=True)
    sheet = opened(program, few.path(), "--infilter=CSV:59,34,76,1")
    guarded = {one.removeprefix("'") for one in texts(sheet)}
    held.append(
        (f"{NUMBERS:,} numbers keep 16 digits in csv (untuk Excel)", set(numbers) <= guarded)
    )
    held += _formulas(program, folder)
    return held


def _formulas(program: str, folder: Path) -> list[tuple[str, bool]]:
    members = [a_member(n, nama=payload) for n, payload in enumerate(FORMULAS, 1)]
    village = a_village(a_family(1, *members))
    book = opened(program, made(a_profile(COLUMNS), folder / "f", village).path())
    plain = {one.strip() for one in texts(book)}
    csv = a_profile(COLUMNS, form="csv")
    path = made(csv, folder / "fcsv", village, for_excel=True).path()
    sheet = opened(program, path, "--infilter=CSV:59,34,76,1")
    return [
        ("40 formulas are no formula in xlsx", "table:formula" not in book),
        ("40 formulas are read back as text in xlsx", {one.strip() for one in FORMULAS} <= plain),
        ("40 formulas are no formula in csv (untuk Excel)", "table:formula" not in sheet),
    ]


def main() -> int:
    """Check everything, say it, and keep what was found."""
    program = office()
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    with TemporaryDirectory() as folder:
        held = checks(program, Path(folder))
    lines = [f"| {sentence} | {'yes' if holds else '**NO**'} |" for sentence, holds in held]
    day = datetime.now(UTC).date().isoformat()
    RESULT.write_text(
        f"# What LibreOffice read\n\n`make check-office`, {day}, {version.stdout.strip()}\n\n"
        "| what | holds |\n| --- | --- |\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
    sys.stdout.write(RESULT.read_text(encoding="utf-8"))
    return 0 if all(holds for _, holds in held) else 1


if __name__ == "__main__":
    sys.exit(main())
