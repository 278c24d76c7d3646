"""What is learnt from and what is judged by: sources stay whole, and nothing is in both."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from recognizer.feedback.cases import Answer, Case
from recognizer.feedback.parts import JUDGED, divide


def case(number, source, part=None):
    return Case(number, f"{number:064d}", 3, "bad", source, part, Answer(8), 1, "")


def keys(cases):
    return {each.id: each.sha256.encode() for each in cases}


sources = st.lists(st.integers(0, 12).map(lambda n: f"meter {n}"), min_size=1, max_size=80)


@given(sources)
def test_all_cases_get_a_part_and_the_same_one_again(names):
    cases = [case(number, name) for number, name in enumerate(names, 1)]
    found = divide(cases, keys(cases))
    assert found.keys() == {each.id for each in cases}
    assert divide(list(reversed(cases)), keys(cases)) == found
    done = [replace(each, part=found[each.id]) for each in cases]
    assert divide(done, keys(cases)) == {}


@given(sources)
def test_a_source_that_does_not_outweigh_the_others_stays_whole(names):
    cases = [case(number, name) for number, name in enumerate(names, 1)]
    found = divide(cases, keys(cases))
    parts = defaultdict(set)
    for each in cases:
        parts[each.source].add(found[each.id])
    for name, of in parts.items():
        if names.count(name) <= len(names) / 2:
            assert len(of) == 1


@given(sources, sources)
def test_later_cases_of_a_source_go_where_it_is(earlier, later):
    cases = [case(number, name) for number, name in enumerate(earlier, 1)]
    found = divide(cases, keys(cases))
    known = [replace(each, part=found[each.id]) for each in cases]
    parts = defaultdict(set)
    for each in known:
        parts[each.source].add(each.part)
    fresh = [case(1000 + number, name) for number, name in enumerate(later)]
    more = divide([*known, *fresh], keys([*known, *fresh]))
    assert more.keys() == {each.id for each in fresh}
    for each in fresh:
        if len(parts[each.source]) == 1:
            assert {more[each.id]} == parts[each.source]


def test_about_the_wanted_share_is_judged():
    cases = [case(number, f"writer {number % 40}") for number in range(1, 801)]
    judged = sum(part == "judge" for part in divide(cases, keys(cases)).values()) / len(cases)
    assert abs(judged - JUDGED) < 0.06


def test_the_same_glyph_of_one_source_is_in_one_part():
    cases = [case(number, "the only meter") for number in range(1, 301)]
    same = {each.id: str(each.id // 3).encode() for each in cases}
    found = divide(cases, same)
    assert {"learn", "judge"} == set(found.values())
    for each in cases:
        assert found[each.id] == found[max(1, each.id // 3 * 3)] or each.id < 3


def test_a_source_in_both_parts_goes_on_being_divided_by_what_its_images_look_like():
    """Also when others outweigh it by now: what shows a glyph that was learnt from must not judge."""
    first = [case(number, "the only meter") for number in range(1, 201)]
    found = divide(first, keys(first))
    known = [replace(each, part=found[each.id]) for each in first]
    others = [case(number, f"writer {number % 40}") for number in range(1001, 2001)]
    again = [case(number, "the only meter") for number in range(201, 401)]
    looks = keys(known + others) | {each.id: keys(first)[each.id - 200] for each in again}
    later = divide([*others, *again, *known], looks)
    assert [later[each.id] for each in again] == [found[each.id] for each in first]


def test_new_sources_make_up_for_what_known_ones_bring():
    known = [case(number, "z", "judge" if number <= 10 else None) for number in range(1, 26)]
    new = [case(number, "abc"[number % 3]) for number in range(100, 160)]
    found = divide([*new, *known], keys([*new, *known]))
    assert {found[each.id] for each in known[10:]} == {"judge"}
    assert {found[each.id] for each in new} == {"learn"}
