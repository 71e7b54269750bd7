"""Rules about getting in touch: enrolment, manifest, versions, unreadable bodies."""

from lokus_client.conformance.probe import Probe, answered, expect, expect_problem
from lokus_client.values import JsonObject, integer, objects, text, texts


def _enrolment(probe: Probe) -> JsonObject:
    probe.key = probe.key or probe.environment.random(16).hex()
    return {
        "code": probe.code,
        "name": "Pemeriksa (fiktif)",
        "platform": "conformance",
        "key": probe.key,
    }


def enrolment_gives_device_token_and_lanes(probe: Probe) -> None:
    """201 with device, token and at least one lane."""
    answer = answered(probe.post("/v1/devices", _enrolment(probe), token=""), 201)
    probe.device, probe.token = text(answer, "device") or "", text(answer, "token") or ""
    lanes = objects(answer, "lanes")
    expect(probe.device and probe.token and lanes, "device, token or lanes are lacking")
    probe.lane, probe.desa = text(lanes[0], "lane") or "", text(lanes[0], "desa") or ""
    expect(0 < len(probe.lane) <= 40, "a lane's name has 1 to 40 characters")
    expect("rt" in lanes[0], "a lane names its RTs, null for the whole village")
    probe.rt = next(iter(texts(lanes[0]["rt"])), probe.rt)


def same_code_and_key_give_the_same_device(probe: Probe) -> None:
    """A lost answer may be asked for again."""
    answer = answered(probe.post("/v1/devices", _enrolment(probe), token=""), 201)
    expect(text(answer, "device") == probe.device, "the repeat made another device")
    token = text(answer, "token")
    expect(token and token != probe.token, "the repeat gives a fresh token")
    probe.token = token or ""


def unknown_token_is_unauthorised(probe: Probe) -> None:
    """401."""
    response = probe.client.get("/v1/manifest", headers={"Authorization": "Bearer tidak-dikenal"})
    expect_problem(response, 401, "unauthorised")


def manifest_tells_what_a_client_needs(probe: Probe) -> None:
    """Epoch, scope version, fields with groups and classes, lanes; 304 by ETag."""
    response = probe.get("/v1/manifest")
    probe.manifest = answered(response)
    for key in ("epoch", "scope_version", "server_time", "limits", "protocol", "lanes"):
        expect(key in probe.manifest, f"{key} is lacking")
    expect(
        objects(probe.manifest, "fields") or probe.manifest.get("groups"), "the fields are lacking"
    )
    lanes = [lane for lane in objects(probe.manifest, "lanes") if text(lane, "lane") == probe.lane]
    expect(lanes, "the lane of the enrolment is not listed")
    expect(integer(lanes[0], "last", -1) == 0, "last of a new lane is 0")
    etag = response.headers.get("ETag", "")
    expect(etag, "the manifest has no ETag")
    again = probe.get("/v1/manifest", If_None_Match=etag)
    expect(again.status_code == 304, f"If-None-Match gives {again.status_code}, not 304")


def protocol_99_is_too_old(probe: Probe) -> None:
    """426, whatever else the batch holds."""
    body = {**probe.batch([], pull=probe.cursor), "protocol": 99}
    expect_problem(probe.post("/v1/sync", body), 426, "protocol-too-old")


def another_epoch_is_refused(probe: Probe) -> None:
    """409, nothing of the batch is taken."""
    body = {**probe.batch([], pull=probe.cursor), "epoch": "zaman-lain"}
    expect_problem(probe.post("/v1/sync", body), 409, "epoch-changed")


def unreadable_json_is_malformed(probe: Probe) -> None:
    """400."""
    expect_problem(probe.post_bytes("/v1/push", b'{"protocol":1,'), 400, "malformed-request")


def unknown_keys_of_a_batch_are_ignored(probe: Probe) -> None:
    """A later client may say more."""
    body = probe.batch([], pull=probe.cursor, sesuatu_yang_baru=[1, 2, 3])
    probe.take(answered(probe.post("/v1/sync", body)))
    probe.pull_all()
