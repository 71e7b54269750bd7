"""ODK Collect and KoboCollect as far as a server can tell: HTTP, and what they make of answers.

Written from the applications' sources, point by point (the numbers in the comments are those of the
tests in `test_collect.py`). It is as unforgiving as they are: what makes Collect drop a list, a
manifest or a form makes this one drop it, too. It keeps no screen and fills no forms.
"""

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

from tests.api.calling import Answer
from tests.odk.entities import EntityStore
from tests.openrosa.parsing import (
    LIST,
    MANIFEST,
    CannotFetch,
    ListedForm,
    MediaFile,
    NeedsPassword,
    believable,
    listed_form,
    media_file,
)
from tests.openrosa.wire import COLLECT, KOBO, OLDER_COLLECT, Profile, multipart

OPENROSA = "X-OpenRosa-Version"
FILES_PER_POST_MAX = 100
DEFAULT_LENGTH_MAX = 10_000_000
__all__ = [
    "COLLECT",
    "KOBO",
    "OLDER_COLLECT",
    "CannotFetch",
    "Collect",
    "NeedsPassword",
    "Profile",
    "multipart",
]


class Caller(Protocol):
    """Whoever carries a request to the server."""

    def __call__(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass
class LocalForm:
    """A form on the phone."""

    listed: ListedForm
    xml: bytes
    media: dict[str, bytes] = field(default_factory=dict)


@dataclass
class FilledForm:
    """A finished record: its XML and its files, in the order of their names."""

    xml: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    state: str = "complete"
    said: str = ""


@dataclass
class Collect:
    """One project on one phone."""

    call: Caller
    server_url: str
    profile: Profile = COLLECT
    device_id: str = "collect:kCkDqPbhGGWpzWFA"
    username: str = ""
    password: str = ""
    forms: dict[tuple[str, str | None], LocalForm] = field(default_factory=dict)
    store: EntityStore = field(default_factory=EntityStore)
    list_hashes: dict[str, str] = field(default_factory=dict)
    records: list[FilledForm] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    _challenge: dict[str, str] | None = None
    _uses: int = 0
    _length_max: int = DEFAULT_LENGTH_MAX
    _submission_url: str | None = None
    """Remembered from a `Location`; then HEAD is not asked again."""

    # Requests ---------------------------------------------------------------------------------

    def ask(
        self, method: str, url: str, body: bytes = b"", content_type: str | None = None
    ) -> Answer:
        """One request: bare at first, with Digest once the server has asked for it (1)."""
        target = self._target(url)
        answer = self._once(method, target, body, content_type)
        if answer.status == 401 and self.username:
            self._challenge = _challenge_of(answer)
            self._uses = 0
            answer = self._once(method, target, body, content_type)
        return answer

    def _once(self, method: str, target: str, body: bytes, content_type: str | None) -> Answer:
        headers = {
            OPENROSA: "1.0",
            "User-Agent": self.profile.agent,
            # (2) Twelve hours and no half of the day: whoever reads it is misled.
            "Date": "Tue, 03 Nov 2026 01:00:00 GMT+07:00",
            "Accept-Encoding": "gzip",
        }
        if content_type is not None:
            headers["Content-Type"] = content_type
        if self._challenge is not None:
            headers["Authorization"] = self._digest(method, target)
        self.requests.append((method, target, headers))
        return self.call(method, target, body, headers)

    def _target(self, url: str) -> str:
        """(3) The phone's id is on everything, its colon escaped."""
        parts = urlsplit(url)
        query = f"{parts.query}&" if parts.query else ""
        return f"{parts.path}?{query}deviceID={quote(self.device_id, safe='')}"

    def _digest(self, method: str, target: str) -> str:
        assert self._challenge is not None, "asked by the caller"
        self._uses += 1
        told = self._challenge
        uses, own = f"{self._uses:08x}", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        ha1 = _md5(f"{self.username}:{told['realm']}:{self.password}")
        ha2 = _md5(f"{method}:{target}")
        response = _md5(f"{ha1}:{told['nonce']}:{uses}:{own}:auth:{ha2}")
        return (
            f'Digest username="{self.username}", realm="{told["realm"]}", '
            f'nonce="{told["nonce"]}", uri="{target}", response="{response}", qop=auth, '
            f'nc={uses}, cnonce="{own}", algorithm=MD5'
        )

    # Forms ------------------------------------------------------------------------------------

    def form_list(self) -> list[ListedForm]:
        """(4) One trailing slash is taken off before the path is put behind."""
        answer = self.ask("GET", self.server_url.rstrip("/") + "/formList")
        believable(answer)
        try:
            root = ET.fromstring(answer.body)
        except ET.ParseError:
            raise CannotFetch("invalid response") from None
        if root.tag != f"{LIST}xforms":
            raise CannotFetch("invalid response")
        return [listed_form(one) for one in root.iter(f"{LIST}xform")]

    def synchronise(self) -> list[str]:
        """Match exactly: fetch what is new or changed, drop what is not listed. Names of failures.

        (14) A list without a form is the wish that the form be deleted.
        """
        listed = self.form_list()
        failed: list[str] = []
        for one in listed:
            try:
                self.download(one)
            except CannotFetch:
                failed.append(one.form_id)
        keys = {(one.form_id, one.version) for one in listed}
        for key in [key for key in self.forms if key not in keys]:
            del self.forms[key]
        return failed

    def download(self, listed: ListedForm) -> None:
        """(7, 8) Nothing without a hash, and nothing whose bytes do not have it."""
        if listed.digest is None:
            raise CannotFetch("no hash")
        held = self.forms.get((listed.form_id, listed.version))
        xml = held.xml if held is not None and _md5(held.xml) == listed.digest else None
        if xml is None:
            answer = self.ask("GET", listed.url)
            if answer.status != 200 or _md5(answer.body) != listed.digest:
                raise CannotFetch("form")
            xml = answer.body
        if not self._opens(xml):
            raise CannotFetch("unsupported entities version")
        form = LocalForm(listed, xml, dict(held.media) if held is not None else {})
        for file in self.manifest(listed):
            self._fetch_media(form, file)
        self.forms[listed.form_id, listed.version] = form

    def _opens(self, xml: bytes) -> bool:
        """(25) KoboCollect refuses forms of the newest specification of entities."""
        found = re.search(rb"entities-version=['\"]([0-9.]+)", xml)
        if found is None:
            return True
        return ".".join(found[1].decode().split(".")[:2]) in self.profile.entities

    def manifest(self, listed: ListedForm) -> list[MediaFile]:
        """(9) A manifest that fails is swallowed: the form comes without its media."""
        if listed.manifest is None:
            return []
        answer = self.ask("GET", listed.manifest)
        try:
            believable(answer)
            root = ET.fromstring(answer.body)
        except (CannotFetch, NeedsPassword, ET.ParseError):
            return []
        if root.tag != f"{MANIFEST}manifest":
            return []
        files = [media_file(one) for one in root.iter(f"{MANIFEST}mediaFile")]
        return [one for one in files if one is not None] if None not in files else []

    def _fetch_media(self, form: LocalForm, file: MediaFile) -> None:
        if file.kind in {"entityList", "approvalEntityList"}:
            self._fetch_list(file)
            return
        # Point (10): what is there with the right hash is not fetched again.
        if _md5(form.media.get(file.name, b"")) == file.digest and file.name in form.media:
            return
        answer = self.ask("GET", file.url)
        if answer.status != 200 or _md5(answer.body) != file.digest:
            raise CannotFetch(file.name)
        form.media[file.name] = answer.body

    def _fetch_list(self, file: MediaFile) -> None:
        """(11) Lists are shared by their name, and fetched when their hash is another."""
        name = file.name.removesuffix(".csv")
        if self.list_hashes.get(name) != file.digest:
            answer = self.ask("GET", file.url)
            if answer.status != 200:
                raise CannotFetch(file.name)
            self.take_list(name, answer.body.decode())
            self.list_hashes[name] = file.digest
        offline = [one.id for one in self.store.lists.get(name, {}).values() if not one.online]
        if offline:
            self._check_integrity(file, name, offline)

    def take_list(self, name: str, text: str) -> None:
        """(12) A row without one of the three columns ends the import without a word."""
        lines = text.split("\n")
        columns = lines[0].split(",")
        if not {"name", "label", "__version"} <= set(columns):
            return
        self.store.sync(name, text)

    def _check_integrity(self, file: MediaFile, name: str, offline: Sequence[str]) -> None:
        """(13) All entities that were born on the phone, in one address."""
        base = re.sub(r"/datasets/[^/]+\.csv.*$", "", file.url)
        ids = ",".join(offline)
        answer = self.ask("GET", f"{base}/datasets/{name}/integrity?id={quote(ids, safe=',')}")
        believable(answer)
        for entity in ET.fromstring(answer.body).iter("entity"):
            if entity.findtext("deleted") == "true":
                self.store.lists[name].pop(entity.get("id", ""), None)

    # Sending ----------------------------------------------------------------------------------

    def finish(self, xml: bytes, files: Mapping[str, bytes] | None = None) -> FilledForm:
        """Finish a record; it is sent with the next `send_all`."""
        record = FilledForm(xml, dict(sorted((files or {}).items())))
        self.records.append(record)
        return record

    def send_all(self) -> list[str]:
        """(21) In the order in which they were finished; a failure does not stop the next one."""
        said: list[str] = []
        for record in self.records:
            if record.state == "submitted":
                continue
            said.append(self.send(record))
        return said

    def send(self, record: FilledForm) -> str:
        """Send one record and say what the phone shows. It was marked as failed before (22)."""
        record.state = "failed"
        try:
            url = self._where()
        except (CannotFetch, NeedsPassword) as error:
            record.said = str(error)
            return record.said
        for files, is_last in self._split(record):
            body, kind = multipart(record.xml, files, is_last=is_last)
            answer = self.ask("POST", url, body, kind)
            record.said = _message(answer)
            if answer.status not in {201, 202}:
                # (18) The first part that fails ends it, and all parts go out again next time.
                return record.said
        record.state = "submitted"
        return record.said

    def _where(self) -> str:
        """(15) HEAD before each record: 204 goes on, 401 stops, other successes are no OpenRosa."""
        url = re.sub(r"/$", "", self.server_url) + "/submission"
        if self._submission_url is not None:
            # Point (16): the limit is forgotten as well.
            self._length_max = DEFAULT_LENGTH_MAX
            return self._submission_url
        answer = self.ask("HEAD", url)
        if answer.status == 401:
            raise NeedsPassword("credentials")
        if answer.status == 204:
            said = answer.headers.get("x-openrosa-accept-content-length", "")
            self._length_max = int(said) if said.isdigit() else DEFAULT_LENGTH_MAX
            location = answer.headers.get("location")
            if location is not None:
                if urlsplit(location).netloc not in {"", urlsplit(url).netloc}:
                    raise CannotFetch("redirected elsewhere")
                self._submission_url = location
                return location
        elif 200 <= answer.status < 300:
            raise CannotFetch("is this an OpenRosa endpoint?")
        return url

    def _split(self, record: FilledForm) -> list[tuple[dict[str, bytes], bool]]:
        """(17) Another request when the next file would pass the limit, or beyond 100 files."""
        parts: list[dict[str, bytes]] = [{}]
        size = len(record.xml)
        for name, content in record.files.items():
            held = parts[-1]
            too_long = size + len(content) > self._length_max
            if held and (too_long or len(held) >= FILES_PER_POST_MAX):
                parts.append({})
                size = len(record.xml)
            parts[-1][name] = content
            size += len(content)
        return [(files, files is parts[-1]) for files in parts]


def _message(answer: Answer) -> str:
    """(19, 20) What is shown: the server's words, if there are any."""
    try:
        root = ET.fromstring(answer.body)
    except ET.ParseError:
        root = None
    if root is not None and root.tag.endswith("OpenRosaResponse"):
        for child in root:
            if child.tag.endswith("message"):
                return child.text or ""
    if answer.status in {201, 202}:
        return "Berhasil"
    if answer.status == 200:
        return "network login failure"
    return f"status {answer.status}"


def _challenge_of(answer: Answer) -> dict[str, str]:
    said = answer.headers.get("www-authenticate", "")
    assert said.startswith("Digest "), said
    return dict(re.findall(r'(\w+)="?([^",]+)"?', said))


def _md5(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()
