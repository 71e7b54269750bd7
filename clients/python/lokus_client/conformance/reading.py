"""Rules about what a device may read: pages, digests, records, snapshots, scope."""

import gzip
import json

import httpx

from lokus_client.conformance.probe import Probe, Unmet, answered, expect, expect_problem
from lokus_client.digest import fingerprint
from lokus_client.values import Json, JsonObject, integer, mapping, objects, text


def pages_of_one_row_lead_to_the_head(probe: Probe) -> None:
    """At least one row a page, ascending; ``since`` stands still until ``more`` is false."""
    cursor: JsonObject = {"since": 0, "at": 0}
    for _ in range(10_000):
        pull: JsonObject = {**cursor, "max_bytes": 1}
        answer = answered(probe.post("/v1/pull", probe.envelope(pull=pull)))
        told, rows = mapping(answer, "cursor"), objects(answer, "changes")
        seqs = [integer(row, "seq") for row in rows]
        expect(seqs == sorted(set(seqs)), "rows are not in ascending seq")
        expect(all(seq > integer(cursor, "at") for seq in seqs), "a row at or before the cursor")
        if told.get("more") is not True:
            expect(integer(told, "at") >= integer(probe.cursor, "at"), "the head went back")
            return
        expect(rows, "a page without rows says that there is more")
        expect(integer(told, "since", -1) == 0, "since moved before the last page")
        cursor = {"since": 0, "at": integer(told, "at")}
    raise Unmet("the village has no end")


def a_cursor_beyond_the_head_is_refused(probe: Probe) -> None:
    """Only a restore that nobody declared makes such a cursor."""
    beyond: JsonObject = {"since": 10**12, "at": 10**12}
    expect_problem(probe.post("/v1/pull", probe.envelope(pull=beyond)), 409, "cursor-ahead")


def an_old_scope_version_is_told(probe: Probe) -> None:
    """``sync`` commits the push and says ``scope: changed``; ``pull`` refuses."""
    operation = probe.change_of_family(luas_lantai=60)
    present = integer(probe.manifest, "scope_version")
    old = present - 1 if present > 0 else present + 1
    body = {**probe.batch([operation], pull=probe.cursor), "scope_version": old}
    answer = answered(probe.post("/v1/sync", body))
    expect(answer.get("scope") == "changed", "the answer does not say scope: changed")
    expect(not objects(answer, "changes"), "the answer carries changes")
    expect(integer(answer, "acked", -1) == probe.last_seq, "the push was not taken")
    body = {**probe.envelope(pull=probe.cursor), "scope_version": old}
    expect_problem(probe.post("/v1/pull", body), 409, "scope-changed")
    probe.pull_all()


def what_leaves_the_rts_is_told_once_more(probe: Probe) -> None:
    """A family that moves to another RT comes as ``leave``, and nothing of it afterwards."""
    family, (rt, _, rw) = probe.new_id(), probe.rt.partition("/")
    assigned: JsonObject = {"nama_kepala_keluarga": "Fiktif Pindah", "rt": rt, "rw": rw or None}
    probe.push(probe.operation("create", "keluarga", family, set=assigned))
    probe.pull_all()
    lanes = [lane for lane in objects(probe.manifest, "lanes") if lane.get("desa") == probe.desa]
    elsewhere = next(f"{n:03}" for n in range(1, 999) if f"{n:03}" != rt)
    seq = integer(probe.row(family), "seq")
    away = probe.operation("set", "keluarga", family, set={"rt": elsewhere, "rw": "099"})
    probe.push({**away, "base": seq})
    answer = answered(probe.post("/v1/pull", probe.envelope(pull=probe.cursor)))
    rows = [row for row in objects(answer, "changes") if row.get("id") == family]
    if lanes and lanes[0].get("rt") is not None:
        expect(rows and rows[0].get("leave") is True, "the family does not come as leave")
        expect(
            rows[0].keys() <= {"entity", "id", "seq", "leave"},
            f"a leave row carries {sorted(rows[0])}",
        )
    probe.take(answer)


def a_right_digest_agrees_and_a_wrong_one_does_not(probe: Probe) -> None:
    """Compared before the push, with since = at."""
    probe.pull_all()
    for digest, verdict in ((probe.digest(), True), (f"9:{7:032x}", False)):
        told: JsonObject = {probe.rt: digest}
        body = probe.batch([], pull=probe.cursor, digest=told)
        answer = answered(probe.post("/v1/sync", body))
        got = answer.get("digest_ok")
        got = got.get(probe.rt) if isinstance(got, dict) else got
        expect(got is verdict, f"digest_ok is {got} for a digest that is {verdict}")


def the_repair_list_gives_the_rows_that_differ(probe: Probe) -> None:
    """A list that lacks one record brings that record; a complete one brings none."""
    places = probe.places()
    expect(places, "the copy of the RT is empty")
    marks: list[Json] = [fingerprint(place.id, place.seq) for place in places]
    asked = probe.envelope(rt=probe.rt, at=probe.cursor["at"], digest=probe.digest())
    whole = answered(probe.post("/v1/digest", {**asked, "records": marks}))
    expect(whole.get("ok") is True, f"ok is {whole.get('ok')} for a complete list")
    expect(not objects(whole, "rows"), "a complete list brings rows")
    lacking: JsonObject = {**asked, "records": marks[1:], "digest": f"1:{1:032x}"}
    answer = answered(probe.post("/v1/digest", lacking))
    expect(answer.get("ok") is False, f"ok is {answer.get('ok')} for a list that lacks a record")
    sent = [text(row, "id") for row in objects(answer, "rows")]
    expect(sent == [places[0].id], f"{len(sent)} rows came, not the one that was left out")


def records_gives_whole_records_and_nothing_for_unknown_ids(probe: Probe) -> None:
    """Unknown ids are passed over in silence, as foreign ones are."""
    asked = probe.envelope(ids=[probe.family, probe.new_id()])
    rows = objects(answered(probe.post("/v1/records", asked)), "rows")
    expect([text(row, "id") for row in rows] == [probe.family], f"{len(rows)} rows came")
    expect(
        mapping(rows[0], "doc") == probe.row(probe.family)["doc"], "the doc is not what was pulled"
    )


def records_takes_at_most_100_ids(probe: Probe) -> None:
    """More is a mistake of the client."""
    ids: list[Json] = [probe.new_id() for _ in range(101)]
    response = probe.post("/v1/records", probe.envelope(ids=ids))
    expect(400 <= response.status_code < 500, f"101 ids give {response.status_code}")


def _snapshot(probe: Probe, **headers: str) -> tuple[httpx.Response, bytes]:
    # Ranges count the bytes of the file, so nothing may be compressed once more on the way.
    plain = {"Authorization": f"Bearer {probe.token}", "Accept-Encoding": "identity"}
    request = probe.client.build_request(
        "GET",
        f"/v1/snapshots/{probe.desa}",
        params={"rt": probe.rt},
        headers={**plain, **headers},
    )
    response = probe.client.send(request, stream=True)
    try:
        return response, b"".join(response.iter_raw())
    finally:
        response.close()


def a_snapshot_holds_the_rows_and_its_position(probe: Probe) -> None:
    """Gzipped NDJSON of whole rows, ``Sync-At`` and ``ETag``."""
    response, content = _snapshot(probe)
    expect(response.status_code == 200, f"status {response.status_code}")
    expect(response.headers.get("Sync-At", "").isdecimal(), "Sync-At is lacking")
    expect(response.headers.get("ETag"), "ETag is lacking")
    try:
        rows = [json.loads(line) for line in gzip.decompress(content).splitlines() if line]
    except (OSError, EOFError, ValueError):
        raise Unmet("the body is no gzipped NDJSON") from None
    mine = [row for row in rows if row.get("id") == probe.family]
    expect(len(mine) == 1 and "doc" in mine[0], "the family is not in the snapshot as doc")


def a_snapshot_can_be_continued(probe: Probe) -> None:
    """A range of the same version gives the rest of the same bytes."""
    whole, content = _snapshot(probe)
    etag = whole.headers.get("ETag", "")
    part, rest = _snapshot(probe, Range="bytes=10-", **{"If-Range": etag})
    expect(part.status_code == 206, f"a range gives {part.status_code}, not 206")
    expect(rest == content[10:], "the range holds other bytes")
    expect(
        part.headers.get("Content-Range", "").startswith("bytes 10-"), "Content-Range is lacking"
    )


def another_village_is_not_found(probe: Probe) -> None:
    """What lies outside the scope is answered like what does not exist."""
    expect_problem(probe.get("/v1/snapshots/9999999999"), 404, "not-found")
