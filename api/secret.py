"""The installation's secret: 256 random bits in a file that only the server may read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

SECRET_BYTES: Final = 32


def load_secret(path: Path) -> bytes:
    """Read the secret in `path`, making it there first; ValueError if the file holds no secret.

    The file is text, 64 hex digits, so that it can be kept on paper beside the backup.
    """
    if not path.exists():
        _make(path)
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise ValueError(
            f"{path} holds no secret of {SECRET_BYTES * 2} hex digits: restore the file from the "
            "backup, or remove it to make a new one (receipts given out before then fail)"
        )
    return secret


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, scratch = mkstemp(dir=path.parent, prefix=".secret-")  # created 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Two workers may start at once: a link is made by one of them, and the other reads it.
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        Path(scratch).unlink()
