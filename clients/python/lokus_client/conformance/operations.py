"""Rules about operations: what comes back, what is a repeat, what is set aside."""

import json

from lokus_client.conformance.probe import Probe, answered, expect
from lokus_client.values import JsonObject, integer, mapping, objects, text


def what_was_pushed_comes_back(probe: Probe) -> None:
    """One request pushes a family and brings it back as a whole row."""
    probe.family = probe.new_id()
    rt, _, rw = probe.rt.partition("/")
    assigned: JsonObject = {"nama_kepala_keluarga": "Contoh Fiktif", "rt": rt, "luas_lantai": 36}
    if rw:
        assigned["rw"] = rw
    operation = probe.operation("create", "keluarga", probe.family, set=assigned)
    probe.sent.append(operation)
    answer = answered(probe.post("/v1/sync", probe.batch([operation], pull=probe.cursor)))
    expect(integer(answer, "acked", -1) == 1, f"acked is {answer.get('acked')}, not 1")
    expect(not objects(answer, "results"), "an operation that was applied is not listed")
    expect(integer(answer, "at") > 0, "at is lacking")
    expect(text(answer, "receipt"), "the receipt is lacking")
    expect("durable" in answer, "durable is lacking")
    probe.receipt = text(answer, "receipt") or ""
    rows = [row for row in objects(answer, "changes") if row.get("id") == probe.family]
    expect(len(rows) == 1 and mapping(rows[0], "doc"), "the family does not come back as doc")
    doc = mapping(rows[0], "doc")
    expect(
        all(doc.get(name) == value for name, value in assigned.items()), f"the doc is {list(doc)}"
    )
    expect(None not in doc.values(), "documents carry no null")
    probe.take(answer)


def a_change_comes_back_as_its_whole_group(probe: Probe) -> None:
    """``set`` rows hold whole groups, null where cleared."""
    # The address group holds the RT too: a change that does not repeat it leaves the scope.
    rt, _, rw = probe.rt.partition("/")
    here: JsonObject = {"rt": rt, "rw": rw or None}
    probe.push(probe.change_of_family(alamat="Jalan Fiktif 1", dusun="Satu", **here))
    probe.pull_all()
    probe.push(probe.change_of_family(dusun="Dua", **here))
    answer = answered(probe.post("/v1/pull", probe.envelope(pull=probe.cursor)))
    rows = [row for row in objects(answer, "changes") if row.get("id") == probe.family]
    expect(len(rows) == 1, f"{len(rows)} rows of one record on one page")
    assigned = mapping(rows[0], "set")
    expect(assigned.get("dusun") == "Dua", "the row has no set with the new value")
    expect("alamat" in assigned and assigned["alamat"] is None, "a cleared field comes as null")
    expect("luas_lantai" not in assigned, "a group that was not touched is not sent")
    probe.take(answer)


def sets_are_added_to_and_taken_from(probe: Probe) -> None:
    """Elements come back as an array sorted by code point."""
    probe.push(probe.edit_of_family(add={"program": ["pkh", "bpnt"]}))
    probe.pull_all()
    told = mapping(probe.row(probe.family), "doc").get("program")
    expect(told == ["bpnt", "pkh"], f"after adding two elements the set is {told}")
    probe.push(probe.edit_of_family(remove={"program": ["pkh"]}))
    probe.pull_all()
    told = mapping(probe.row(probe.family), "doc").get("program")
    expect(told == ["bpnt"], f"after removing one element the set is {told}")


def a_person_has_a_parent_and_an_end(probe: Probe) -> None:
    """A new row names its parent; a closed record stays as a row with ``end``."""
    person = probe.new_id()
    probe.push(
        probe.operation(
            "create", "anggota", person, parent=probe.family, set={"nama": "Fiktif Kecil"}
        )
    )
    answer = answered(probe.post("/v1/pull", probe.envelope(pull=probe.cursor)))
    rows = [row for row in objects(answer, "changes") if row.get("id") == person]
    expect(rows and rows[0].get("parent") == probe.family, "the row does not name its parent")
    probe.take(answer)
    day = probe.environment.wall().date().isoformat()
    probe.push(probe.operation("end", "anggota", person, end="salah", date=day))
    answer = answered(probe.post("/v1/pull", probe.envelope(pull=probe.cursor)))
    rows = [row for row in objects(answer, "changes") if row.get("id") == person]
    expect(rows and rows[0].get("end") == "salah", "the row does not say how it ended")
    probe.take(answer)


def gzip_and_plain_bodies_are_the_same(probe: Probe) -> None:
    """``Content-Encoding: gzip`` is accepted, and what it holds is taken."""
    operation = probe.change_of_family(luas_lantai=40)
    content = json.dumps(probe.batch([operation])).encode()
    answer = answered(probe.post_bytes("/v1/push", content, gzipped=True))
    expect(integer(answer, "acked", -1) == probe.last_seq, "the gzipped batch was not taken")
    repeat = answered(probe.post_bytes("/v1/push", content))
    (entry, *_) = [*objects(repeat, "results"), {}]
    expect(text(entry, "outcome") == "duplicate", "the plain repeat is no duplicate")


def a_repeat_gets_the_stored_answer(probe: Probe) -> None:
    """``duplicate`` with the original outcome, also where that was ``applied``."""
    first, second = (
        objects(answered(probe.post("/v1/push", probe.batch([probe.sent[0]]))), "results")
        for _ in range(2)
    )
    expect(len(first) == 1, "a repeated operation is listed")
    told = (text(first[0], "outcome"), text(first[0], "original"))
    expect(told == ("duplicate", "applied"), f"outcome and original are {told}")
    expect(first == second, "two repeats get different answers")


def another_spelling_is_the_same_operation(probe: Probe) -> None:
    """Key order, escapes and 1.0 for 1 do not change the hash."""
    operation = probe.change_of_family(nama_kepala_keluarga="Fiktif Mélati", luas_lantai=41)
    probe.push(operation)
    reordered = dict(reversed(list(operation.items())))
    spelled = json.dumps(probe.batch([reordered])).replace(
        '"luas_lantai": 41', '"luas_lantai": 41.0'
    )
    response = probe.post_bytes("/v1/push", spelled.encode())
    (entry, *_) = [*objects(answered(response), "results"), {}]
    expect(text(entry, "outcome") == "duplicate", "the same value in other bytes has another hash")


def an_unknown_field_is_quarantined_and_the_lane_moves_on(probe: Probe) -> None:
    """The good operation behind a bad one is applied."""
    bad = probe.change_of_family(atap_dua="seng")
    good = probe.change_of_family(luas_lantai=42)
    answer = probe.push(bad, good)
    probe.expect_quarantine(integer(bad, "seq"), "unknown-field")
    listed = [integer(entry, "seq") for entry in objects(answer, "results")]
    expect(listed == [bad["seq"]], f"results lists {listed}")


def an_unknown_key_is_quarantined(probe: Probe) -> None:
    """A key of an operation that the page does not name."""
    operation = {**probe.change_of_family(luas_lantai=43), "rahasia": 1}
    probe.push(operation)
    probe.expect_quarantine(integer(operation, "seq"), "unknown-key")


def an_element_that_is_no_object_is_quarantined(probe: Probe) -> None:
    """It takes the place after its predecessor."""
    probe.last_seq += 1
    bad, good = probe.last_seq, probe.change_of_family(luas_lantai=44)
    probe.push("bukan operasi", good)
    probe.expect_quarantine(bad, "malformed")


def nan_is_quarantined(probe: Probe) -> None:
    """NaN is no JSON, yet only its operation is set aside."""
    operation = probe.change_of_family(luas_lantai=float("nan"))
    probe.push(operation)
    probe.expect_quarantine(integer(operation, "seq"), "malformed", "bad-value")


def a_lone_surrogate_is_quarantined(probe: Probe) -> None:
    """Half a character has no UTF-8."""
    operation = probe.change_of_family(nama_kepala_keluarga="Fiktif \ud83d")
    probe.push(operation)
    probe.expect_quarantine(integer(operation, "seq"), "malformed", "bad-value")


def an_unknown_record_is_quarantined(probe: Probe) -> None:
    """Unknown and foreign records give the same answer."""
    operation = probe.operation("set", "keluarga", probe.new_id(), set={"luas_lantai": 1})
    probe.push(operation)
    probe.expect_quarantine(integer(operation, "seq"), "record-unknown")


def an_unknown_parent_is_quarantined(probe: Probe) -> None:
    """A person under a family that nobody knows."""
    operation = probe.operation(
        "create", "anggota", probe.new_id(), parent=probe.new_id(), set={"nama": "Fiktif"}
    )
    probe.push(operation)
    probe.expect_quarantine(integer(operation, "seq"), "parent-unknown")


def outcomes_can_be_asked_for_later(probe: Probe) -> None:
    """Every stored entry after a place, quarantine with its reason."""
    aside = sorted(seq for seq, e in probe.results.items() if e.get("outcome") == "quarantined")
    expect(aside, "nothing was quarantined so far")
    answer = answered(probe.get(f"/v1/lanes/{probe.lane}/outcomes?after={aside[0] - 1}"))
    listed = {integer(entry, "seq"): entry for entry in objects(answer, "results")}
    for seq in aside:
        told = text(listed.get(seq, {}), "problem")
        expect(told == text(probe.results[seq], "problem"), f"{seq} is told as {told}")
    expect(all(seq >= aside[0] for seq in listed), "outcomes before the place asked for")


def a_receipt_verifies_without_login(probe: Probe) -> None:
    """``/periksa/{code}`` knows it, and does not know another."""
    found = probe.client.get(f"/periksa/{probe.receipt}")
    expect(found.status_code == 200, f"the receipt gives {found.status_code}")
    expect("Fiktif" not in found.text, "the page shows a name")
    # Not the last character: some of its bits may be padding.
    other = ("B" if probe.receipt[0] == "A" else "A") + probe.receipt[1:]
    forged = probe.client.get(f"/periksa/{other}")
    expect(
        forged.status_code == 404 or forged.text != found.text, "a forged receipt looks the same"
    )
