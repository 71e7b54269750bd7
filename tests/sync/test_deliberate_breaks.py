"""Each rule of the protocol prevents something. Without the rule, a named test fails."""

import pytest

from tests.breaking import Break, broken, run

TABLE = "sync/test_push_table.py::test_"
CONFLICTS = "sync/test_push_conflicts.py::test_"
RESOLVING = "sync/test_push_resolving.py::test_"
LANES = "sync/test_push_lanes.py::test_"
IN_A_ROW = "sync/test_push_in_a_row.py::test_"
ENDING = "sync/test_push_ending.py::test_"
SCOPE = "sync/test_push_scope.py::test_"
DOUBLES = "sync/test_push_doubles.py::test_"
ALIASES = "sync/test_push_aliases.py::test_"
MERGE_LAWS = "sync/test_merge_laws.py::test_"
LAWS = "sync/test_village_laws.py::test_"
LISTING = "sync/test_listing.py::test_"

BREAKS = [
    Break(
        "own-dot: a lane's own earlier operation is known without a pull",
        "sync.knowledge:_knows_author",
        "return stamp.lane_seq < lane_seq",
        "return False",
        (TABLE + "an_own_earlier_edit_counts_as_known_without_any_pull",),
    ),
    Break(
        "ancestor lanes: what came before the fork is known",
        "sync.knowledge:_knows_author",
        "lane.known.get(stamp.lane, 0)",
        "0",
        (LANES + "what_came_before_the_fork_is_known",),
    ),
    Break(
        "extra dots: what was offered again under a new lane is known to it",
        "sync.push:_settle",
        "run.lane.extra | {(original.lane, original.seq)}",
        "run.lane.extra",
        (LANES + "an_operation_offered_again_is_known_to_those_after_it",),
    ),
    Break(
        "stamp, not value: a value that went there and back is not what the phone saw (ABA)",
        "sync.grouping:_weigh",
        "merged = merge(before, claim, lane, base, ",
        # What the witness has pulled: whoever sees that value again may overwrite it.
        "base = base if before.value != {claim.group: 'Budi'} else workspace.head\n"
        "    merged = merge(before, claim, lane, base, ",
        (TABLE + "changing_a_value_there_and_back_is_no_licence_to_overwrite",),
    ),
    Break(
        "the group is the unit: no house that nobody saw",
        "sync.grouping:write_value",
        "draft.fields.pop(name, None)",
        "pass",
        (TABLE + "fields_of_a_named_group_that_are_not_named_become_null",),
    ),
    Break(
        "candidates are not shown, so a base does not know them",
        "sync.knowledge:knows",
        "NOT_SHOWN < stamp.seq <= base",
        "stamp.seq <= base",
        (CONFLICTS + "whoever_knew_the_current_value_replaces_it_but_closes_nobodys_candidate",),
    ),
    Break(
        "candidates of other lanes are closed by a reviewer only",
        "sync.merge:merge",
        "rivals = tuple(c for c in state.candidates if not knows(lane, place, base, c.stamp))",
        "rivals = ()",
        (CONFLICTS + "the_author_of_the_candidate_who_then_pulls_withdraws_only_its_own",),
    ),
    Break(
        "a lane has one candidate, its last",
        "sync.merge:merge",
        "rivals = tuple(c for c in state.candidates if not knows(lane, place, base, c.stamp))",
        "rivals = state.candidates",
        (CONFLICTS + "a_lane_that_changes_its_mind_replaces_its_own_candidate",),
    ),
    Break(
        "supporters: an equal statement is a claim of its own for those who did not know it",
        "sync.merge:_merge_among",
        "agreeing = [c for c in pool if c.value == first.value and c is not first]",
        "agreeing = []",
        (
            CONFLICTS + "the_current_value_stays_while_somebody_unknown_stands_behind_it",
            MERGE_LAWS + "identity_three_writers_in_any_order_leave_the_same_claims[lengths1]",
        ),
    ),
    Break(
        "a value stays while somebody unknown to the newcomer stands behind it",
        "sync.merge:_first",
        "if standing:",
        "if standing and claim not in pool:",
        (CONFLICTS + "the_current_value_stays_while_somebody_unknown_stands_behind_it",),
    ),
    Break(
        "a death is taken back by a reviewer only",
        "sync.merge:_merge_into_held",
        "if len(unknown) < len(current) or rule.holds(claim.value):",
        "if len(unknown) < len(current):\n        return _merged(state, claim, [claim], rivals)\n"
        "    if rule.holds(claim.value):",
        (TABLE + "monotone_the_way_back_needs_a_reviewer_even_for_one_who_knew",),
    ),
    Break(
        "a conflict without candidates is withdrawn",
        "sync.workspace:Workspace.ask",
        "state = ConflictState.OPEN if candidates else ConflictState.WITHDRAWN",
        "state = ConflictState.OPEN",
        (CONFLICTS + "a_lane_that_comes_round_withdraws_the_conflict",),
    ),
    Break(
        "what a reviewer has not seen, a reviewer has not decided",
        "sync.resolving:_settle",
        'or conflict.version != decision.get("version")',
        "",
        (RESOLVING + "a_stale_version_is_refused",),
    ),
    Break(
        "already judged: no ping-pong after a decision",
        "sync.merge:merge",
        "if claim.value != state.value and was_judged(claim, state.decision):",
        "if False:",
        (RESOLVING + "late_with_a_value_that_was_judged_is_not_asked_again",),
    ),
    Break(
        "a decision is argued with, not overruled, by those who did not know it",
        "sync.merge:merge",
        "rule = ASK",
        "pass",
        (RESOLVING + "even_a_later_day_does_not_overrule_a_reviewer_it_did_not_know",),
    ),
    Break(
        "suspect clocks decide nothing",
        "sync.clock:_observe",
        "believed = not (suspect or too_early or observed > today)",
        "believed = True",
        (TABLE + "measurement_with_a_suspect_clock_on_either_side_is_for_a_person",),
    ),
    Break(
        "a list vouches for no day: its date of issue outranks nobody's visit",
        "sync.push:_captured",
        "captured if view.author.vouches else replace(captured, vouched=None)",
        "captured",
        (LISTING + "what_the_field_has_verified_stays_and_a_newer_list_proposes",),
    ),
    Break(
        "a list says nothing twice: the field's answers do not make an old list new",
        "sync.listing_words:_is_new",
        "word.issue != speaker.issue",
        "True",
        (LISTING + "the_same_list_is_silent_about_what_the_field_has_corrected",),
    ),
    Break(
        "each record answers for one row of an import",
        "sync.listing:_Run._has_answered",
        "return any(",
        "return False and any(",
        (LISTING + "a_preview_is_the_import_without_its_last_step",),
    ),
    Break(
        "a remove takes out only what it knew",
        "sync.merge:_partition",
        "if knows(lane, stamp.lane_seq, base, s)",
        "if True",
        (TABLE + "a_concurrent_add_wins_against_a_remove",),
    ),
    Break(
        "an end that did not know an edit asks the same as an edit after the end",
        "sync.ending:end_record",
        "if not before and draft.end is not None:",
        "if False:",
        (
            ENDING + "an_end_after_the_edit_asks_the_same",
            LAWS + "an_end_and_an_edit_give_the_same_question_in_both_orders",
        ),
    ),
    Break(
        "an edit after the end proposes and does not apply",
        "sync.ending:edit_ended",
        "if _is_lists_own(draft, claim.group):",
        "if True:",
        (ENDING + "an_edit_after_the_end_is_kept_as_a_question",),
    ),
    Break(
        "the same operation has one entry, by hash",
        "sync.push:_settle",
        "original = run.hashes.get(incoming.hash)",
        "original = None",
        (LANES + "what_is_offered_again_under_a_new_lane_is_a_duplicate",),
    ),
    Break(
        "lanes are dense",
        "sync.push:_places",
        "if seq > following:",
        "if False:",
        (LANES + "a_hole_rolls_the_batch_back",),
    ),
    Break(
        "a cloned phone is found out",
        "sync.push:_places",
        "elif incoming.hash != ",
        "elif None is ",
        (LANES + "the_same_place_with_other_content_is_a_fork",),
    ),
    Break(
        "what one batch has changed is loaded for the next of the same transaction",
        "sync.workspace:Workspace.settle",
        "self._drafts.clear()",
        "pass",
        (IN_A_ROW + "a_record_that_changes_in_two_batches_gets_a_number_in_each",),
    ),
    Break(
        "a base beyond the head was never pulled here",
        "sync.push:_believable",
        "return parsed if parsed.base <= head else parsed._replace(base=0)",
        "return parsed",
        ("sync/test_push_creating.py::test_a_base_that_this_register_never_reached_knows_nothing",),
    ),
    Break(
        "what depends on a quarantined create waits with it",
        "sync.push:_settle",
        "run.quarantined.setdefault(incoming.named, ",
        "str.join(incoming.named, ",
        ("sync/test_push_creating.py::test_what_depends_on_a_quarantined_create_waits_with_it",),
    ),
    Break(
        "the scope is checked again at the merge",
        "sync.permitting:Gate._refuse_place",
        "return UNKNOWN",
        "return None",
        (SCOPE + "what_is_foreign_and_what_is_not_there_get_the_same_answer",),
    ),
    Break(
        "work for a lost area counts for a fortnight",
        "sync.permitting:Gate._refuse_place",
        "else STALE",
        "else None",
        (SCOPE + "after_a_fortnight_it_is_for_the_areas_reviewer",),
    ),
    Break(
        "every row beneath learns of a new RT",
        "sync.grouping:relocate",
        "for row in rows:",
        "for row in list(rows)[:1]:",
        ("sync/test_push_moves.py::test_every_row_beneath_a_family_follows_it_into_another_rt",),
    ),
    Break(
        "later operations on an alias go to the record that it became",
        "sync.workspace:Workspace.find",
        "draft = self.exact(draft.alias)",
        "pass",
        (ALIASES + "edits_of_the_alias_reach_the_record_it_became",),
    ),
    Break(
        "what a phone had pulled of an alias it knew",
        "sync.push:perform",
        "step = _through_alias(step)",
        "pass",
        (ALIASES + "what_a_phone_had_pulled_of_the_alias_it_knew",),
    ),
    Break(
        "a merge can be undone without taking from the first what others have said since",
        "sync.identity:separate",
        "_give_back(pair, group, _claims_of(second, group, asked), _objects(earlier))",
        "pass",
        (ALIASES + "separating_gives_both_back_what_they_had",),
    ),
    Break(
        "the machine merges nothing but a double tap",
        "sync.doubles:_is_double_tap",
        "and first.keluarga == second.keluarga",
        "",
        (DOUBLES + "anything_less_alike_is_flagged_on_both_and_stays",),
    ),
]


def test_the_witnesses_are_content_with_the_engine_as_it_is() -> None:
    witnesses = {witness for one in BREAKS for witness in one.witnesses}
    assert run(sorted(witnesses)) == pytest.ExitCode.OK


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.rule)
def test_a_broken_rule_is_noticed(one: Break) -> None:
    with broken(one):
        for witness in one.witnesses:
            assert run([witness]) == pytest.ExitCode.TESTS_FAILED
