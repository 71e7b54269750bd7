"""The client that analysts know, unmodified and with nothing but its configuration, against us."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from api.services.programs import LENGTH
from sync.permission import Role
from tests.central.village import PASSWORD, PHOTO, Village

AnyClient: TypeAlias = Any
"""pyodk brings no types."""
Connect: TypeAlias = Callable[[str], AnyClient]


@pytest.fixture
def connect(served_village: Village, tmp_path: Path) -> Iterator[Connect]:
    """A client of somebody, who has a configuration and a cache of its own."""
    clients: list[AnyClient] = []

    def connected(name: str) -> AnyClient:
        config = tmp_path / f"{name}.toml"
        config.write_text(
            f'[central]\nbase_url = "{served_village.url}/central"\nusername = "{name}"\n'
            f'password = "{PASSWORD}"\ndefault_project_id = 1\n'
        )
        client: AnyClient = Client(config_path=config, cache_path=tmp_path / f"{name}.cache")
        clients.append(client)
        return client.open()

    yield connected
    for client in clients:
        client.close()


@pytest.fixture
def sari(served_village: Village, connect: Connect) -> AnyClient:
    served_village.account("sari")
    return connect("sari")


def test_pyodk_finds_the_project_and_its_forms(served_village: Village, sari: AnyClient) -> None:
    (project,) = sari.projects.list()
    assert (project.id, project.name) == (1, "Lokus Lampung")
    assert sari.projects.get() == project
    assert [form.xmlFormId for form in sari.forms.list()] == ["pengukuran", "usulan", "verifikasi"]
    form = sari.forms.get("verifikasi")
    assert (form.name, form.version, form.state) == ("Verifikasi", "2026110102", "open")
    assert form.hash == served_village.form.md5
    assert sari.forms.get_xml("verifikasi") == served_village.form.xml.decode()


def test_pyodk_lists_and_gets_submissions(served_village: Village, sari: AnyClient) -> None:
    first = served_village.visit({"lantai": "tanah"})
    second = served_village.visit({"lantai": "keramik"})
    listed = sari.submissions.list("verifikasi")
    assert [one.instanceId for one in listed] == [second, first]
    one = sari.submissions.get(first, "verifikasi")
    assert one == listed[1]
    assert (one.reviewState, one.updatedAt) == (None, None)
    assert one.userAgent.startswith("org.odk.collect.android")


def test_pyodk_reads_tables_with_every_parameter_that_it_has(
    served_village: Village, sari: AnyClient
) -> None:
    members = [{"nama": "SUPARMAN"}, {"nama": "SITI"}]
    place = "-5.1 105.2 40 6"
    names = [
        served_village.visit({"luas": str(20 + n), "lokasi": place}, members=members)
        for n in range(3)
    ]
    whole = sari.submissions.get_table("verifikasi", count=True)
    assert [row["__id"] for row in whole["value"]] == names[::-1]
    assert whole["@odata.count"] == 3
    assert whole["@odata.context"].endswith("verifikasi.svc/$metadata#Submissions")
    newest = whole["value"][0]
    assert newest["luas"] == 22
    assert newest["lokasi"]["coordinates"] == [105.2, -5.1, 40.0]
    assert newest["lokasi"]["properties"] == {"accuracy": 6.0}

    page = sari.submissions.get_table("verifikasi", top=2, skip=1, count=True)
    assert [row["__id"] for row in page["value"]] == names[1::-1]
    assert page["@odata.count"] == 3
    as_text = sari.submissions.get_table("verifikasi", top=1, wkt=True)["value"][0]
    assert as_text["lokasi"] == "POINT (105.2 -5.1 40)"
    expanded = sari.submissions.get_table("verifikasi", top=1, expand="*")["value"][0]
    assert [member["nama"] for member in expanded["anggota"]] == ["SUPARMAN", "SITI"]
    chosen = sari.submissions.get_table("verifikasi", top=1, select="luas,__system/reviewState")
    assert chosen["value"] == [{"luas": 22, "__system": {"reviewState": None}}]

    sari.submissions.review(names[0], "approved", "verifikasi")
    approved = "__system/reviewState eq 'approved'"
    found = sari.submissions.get_table("verifikasi", filter=approved)["value"]
    assert [row["__id"] for row in found] == [names[0]]

    table = sari.submissions.get_table("verifikasi", table_name="Submissions.anggota", count=True)
    assert table["@odata.count"] == 6
    assert [row["nama"] for row in table["value"]] == ["SUPARMAN", "SITI"] * 3
    assert table["value"][0]["__Submissions-id"] == names[2]


def test_pyodk_follows_next_links_to_the_end(served_village: Village, sari: AnyClient) -> None:
    names = [served_village.visit() for _ in range(5)]
    page = sari.submissions.get_table("verifikasi", top=2)
    found = [row["__id"] for row in page["value"]]
    while link := page.get("@odata.nextLink"):
        page = sari.get(link).json()
        found += [row["__id"] for row in page["value"]]
    assert found == names[::-1]


def test_pyodk_reviews_and_comments(served_village: Village, sari: AnyClient) -> None:
    name = served_village.visit({"lantai": "tanah"})
    sari.submissions.review(name, "hasIssues", "verifikasi", comment="Fotonya gelap.")
    assert sari.submissions.get(name, "verifikasi").reviewState == "hasIssues"
    served_village.world.clock.advance(timedelta(seconds=1))
    said = sari.submissions.add_comment(name, "Sudah dijelaskan.", form_id="verifikasi")
    bodies = [one.body for one in sari.submissions.list_comments(name, "verifikasi")]
    assert bodies == ["Sudah dijelaskan.", "Fotonya gelap."]
    me = sari.get("users/current").json()
    assert said.actorId == me["id"]


def test_pyodk_fetches_files_and_the_exact_bytes(served_village: Village, sari: AnyClient) -> None:
    name = served_village.visit({"foto_rumah": "rumah.jpg"}, files={"rumah.jpg": PHOTO})
    base = f"projects/1/forms/verifikasi/submissions/{name}"
    assert sari.get(f"{base}/attachments").json() == [{"name": "rumah.jpg", "exists": True}]
    assert sari.get(f"{base}/attachments/rumah.jpg").content == PHOTO
    ((stored,),) = served_village.world.ask("SELECT xml FROM submission")
    assert sari.get(f"{base}.xml").content == bytes(stored)


def test_pyodk_uses_its_cached_token_until_the_day_is_over(
    served_village: Village, connect: Connect, tmp_path: Path
) -> None:
    served_village.account("sari")
    connect("sari")
    cache = tmp_path / "sari.cache"
    token = cache.read_text()
    connect("sari")
    assert cache.read_text() == token
    served_village.world.clock.advance(LENGTH)
    connect("sari")
    assert cache.read_text() != token
    assert served_village.world.count("central_session") == 1


def test_pyodk_recognises_our_refusals(served_village: Village, connect: Connect) -> None:
    served_village.account("sari")
    served_village.account("ani2", Role.PETUGAS)
    sari, collector = connect("sari"), connect("ani2")
    for call, code in (
        (lambda: sari.submissions.get("uuid:nobody", "verifikasi"), 404.1),
        (lambda: sari.projects.get(2), 404.1),
        (lambda: sari.submissions.get_table("verifikasi", filter="luas eq 3"), 501.5),
        (lambda: sari.submissions.create("<data/>", "verifikasi"), 501.1),
        (sari.entity_lists.list, 501.1),
        (lambda: collector.submissions.list("verifikasi"), 403.1),
    ):
        with pytest.raises(PyODKError) as refused:
            call()
        assert refused.value.is_central_error(code), refused.value


def test_pyodk_is_told_that_the_password_is_wrong(served_village: Village, tmp_path: Path) -> None:
    served_village.account("sari")
    config = tmp_path / "wrong.toml"
    config.write_text(
        f'[central]\nbase_url = "{served_village.url}/central/v1/"\nusername = "sari"\n'
        'password = "salah sekali"\n'
    )
    client: AnyClient = Client(config_path=config, cache_path=tmp_path / "wrong.cache")
    with pytest.raises(PyODKError) as refused:
        client.open()
    assert refused.value.is_central_error(401.2)
    client.close()


def test_links_in_answers_lead_to_where_they_say(served_village: Village, sari: AnyClient) -> None:
    served_village.visit(members=[{"nama": "SUPARMAN"}, {"nama": "SITI"}])
    row = sari.submissions.get_table("verifikasi")["value"][0]
    link = row["anggota@odata.navigationLink"]
    found = sari.get(f"projects/1/forms/verifikasi.svc/{link}").json()
    assert [one["nama"] for one in found["value"]] == ["SUPARMAN", "SITI"]
    assert urlsplit(found["@odata.context"]).fragment == "Submissions.anggota"
