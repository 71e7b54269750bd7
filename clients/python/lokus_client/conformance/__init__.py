"""Does a server keep to the protocol? One enrolment code, raw HTTP, a verdict per rule.

The checker shares canonical JSON, hashes and digests with the client, but none of its sync logic:
it says what it sends and what it expects, so that a failed rule can be read and repeated by hand.
It writes fictional records into the RT of the code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import httpx
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lokus_client.conformance import exchange, lanes, operations, reading
from lokus_client.conformance.probe import Probe, Unmet
from lokus_client.environment import Environment
from lokus_client.texts import say

Rule: TypeAlias = Callable[[Probe], None]

RULES: Final[tuple[Rule, ...]] = (
    exchange.enrolment_gives_device_token_and_lanes,
    exchange.same_code_and_key_give_the_same_device,
    exchange.unknown_token_is_unauthorised,
    exchange.manifest_tells_what_a_client_needs,
    exchange.protocol_99_is_too_old,
    exchange.another_epoch_is_refused,
    exchange.unreadable_json_is_malformed,
    exchange.unknown_keys_of_a_batch_are_ignored,
    operations.what_was_pushed_comes_back,
    operations.a_change_comes_back_as_its_whole_group,
    operations.sets_are_added_to_and_taken_from,
    operations.a_person_has_a_parent_and_an_end,
    operations.gzip_and_plain_bodies_are_the_same,
    operations.a_repeat_gets_the_stored_answer,
    operations.another_spelling_is_the_same_operation,
    operations.an_unknown_field_is_quarantined_and_the_lane_moves_on,
    operations.an_unknown_key_is_quarantined,
    operations.an_element_that_is_no_object_is_quarantined,
    operations.nan_is_quarantined,
    operations.a_lone_surrogate_is_quarantined,
    operations.an_unknown_record_is_quarantined,
    operations.an_unknown_parent_is_quarantined,
    operations.outcomes_can_be_asked_for_later,
    operations.a_receipt_verifies_without_login,
    lanes.another_hash_at_the_same_place_is_a_fork,
    lanes.a_gap_is_a_hole,
    lanes.a_new_lane_knows_what_the_old_one_sent,
    lanes.more_than_500_operations_are_too_many,
    reading.pages_of_one_row_lead_to_the_head,
    reading.a_cursor_beyond_the_head_is_refused,
    reading.an_old_scope_version_is_told,
    reading.what_leaves_the_rts_is_told_once_more,
    reading.a_right_digest_agrees_and_a_wrong_one_does_not,
    reading.the_repair_list_gives_the_rows_that_differ,
    reading.records_gives_whole_records_and_nothing_for_unknown_ids,
    reading.records_takes_at_most_100_ids,
    reading.a_snapshot_holds_the_rows_and_its_position,
    reading.a_snapshot_can_be_continued,
    reading.another_village_is_not_found,
)


@dataclass(frozen=True)
class Verdict:
    """``rule`` in words, whether the server keeps it, and if not, what it did instead."""

    rule: str
    passed: bool
    detail: str = ""


def check(
    server: str,
    code: str,
    *,
    environment: Environment | None = None,
    transport: httpx.BaseTransport | None = None,
) -> list[Verdict]:
    """All rules in order, each on what the ones before have left. ``code`` is used up."""
    with httpx.Client(base_url=server, transport=transport, timeout=60.0) as client:
        probe = Probe(client, code, environment or Environment.real())
        return [_verdict(rule, probe) for rule in RULES]


def _verdict(rule: Rule, probe: Probe) -> Verdict:
    title = rule.__name__.replace("_", " ")
    try:
        rule(probe)
    except Unmet as unmet:
        return Verdict(title, passed=False, detail=str(unmet))
    except httpx.HTTPError as error:
        return Verdict(title, passed=False, detail=f"no answer: {type(error).__name__}")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # An answer of another shape than any that was foreseen.
        return Verdict(title, passed=False, detail=f"cannot be checked: {error!r}")
    return Verdict(title, passed=True)


def page(language: str, verdicts: Sequence[Verdict]) -> RenderableType:
    """The verdicts for a terminal."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for verdict in verdicts:
        word = say(language, "rule-passed" if verdict.passed else "rule-failed")
        style = "green" if verdict.passed else "bold red"
        table.add_row(Text(word, style=style), Text(verdict.rule), Text(verdict.detail))
    passed = sum(verdict.passed for verdict in verdicts)
    table.caption = say(language, "rules-told", passed=passed, all=len(verdicts))
    return table
