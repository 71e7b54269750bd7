"""How Collect's requests look on the wire, and which of the two applications sends them."""

from collections.abc import Mapping
from dataclasses import dataclass

_BOUNDARY = "c0ffee00-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Profile:
    """Which of the two it is, and how old."""

    app: str = "org.odk.collect.android"
    release: str = "v2026.3.3"
    entities: tuple[str, ...] = ("2022.1", "2023.1", "2024.1", "2025.1")
    upserts_locally: bool = True

    @property
    def agent(self) -> str:
        return f"{self.app}/{self.release} Dalvik/2.1.0 (Linux; U; Android 11; SM-A022F)"


COLLECT = Profile()
OLDER_COLLECT = Profile(release="v2026.1.0", upserts_locally=False)
KOBO = Profile("org.koboc.collect.android", "v2025.3.3", ("2022.1", "2023.1", "2024.1"), False)


def multipart(xml: bytes, files: Mapping[str, bytes], *, is_last: bool = True) -> tuple[bytes, str]:
    """A body as OkHttp writes it: the XML first, names in plain UTF-8, `"` as `%22` (28)."""
    parts = [_part("xml_submission_file", "Formulir_2026-11-03_12-00-00.xml", "text/xml", xml)]
    for name, content in files.items():
        plain = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        parts.append(_part(plain, plain, _type_of(name), content))
    if not is_last:
        parts.append(_part("*isIncomplete*", None, None, b"yes"))
    body = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_BOUNDARY}"


def _part(name: str, filename: str | None, kind: str | None, content: bytes) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    head = [f"--{_BOUNDARY}", disposition]
    if kind is not None:
        head.append(f"Content-Type: {kind}")
    head.append(f"Content-Length: {len(content)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content + b"\r\n"


def _type_of(name: str) -> str:
    known = {"jpg": "image/jpeg", "png": "image/png", "csv": "text/csv", "amr": "audio/amr"}
    return known.get(name.rpartition(".")[2].lower(), "application/octet-stream")
