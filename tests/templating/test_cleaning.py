"""Texts that are safe to put into a mail."""

from hypothesis import given
from hypothesis import strategies as st

from templating.cleaning import (
    LONGEST_SUBJECT,
    NOT_IN_A_LINE,
    SPACES,
    clean,
    one_line,
    tidy,
)

ANYTHING = st.text(alphabet=st.characters(codec=None))


@given(ANYTHING)
def test_one_line_is_one_line_of_bounded_length(text: str) -> None:
    line = one_line(text)

    assert len(f"x{line}x".splitlines()) == 1
    assert len(line) <= LONGEST_SUBJECT
    assert line == line.strip()
    line.encode("utf-8")


@given(ANYTHING)
def test_a_clean_text_has_no_controls_but_tab_and_newline(text: str) -> None:
    cleaned = clean(text)

    assert not {c for c in cleaned if ord(c) < 32} - {"\t", "\n"}
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


@given(ANYTHING)
def test_a_tidy_text_ends_with_one_newline_and_has_no_gaps(text: str) -> None:
    tidied = tidy(text)

    assert tidied.endswith("\n")
    assert "\n\n\n" not in tidied
    assert not any(line != line.rstrip() for line in tidied.split("\n"))
    assert tidy(tidied) == tidied


def test_a_long_subject_is_cut_with_a_sign() -> None:
    line = one_line("x" * 400)

    assert len(line) == LONGEST_SUBJECT
    assert line.endswith("…")


def test_emoji_and_korean_stay_whole() -> None:
    assert one_line("감사합니다 👩‍👩‍👧 Kim") == "감사합니다 👩‍👩‍👧 Kim"


def test_marks_that_would_turn_the_rest_of_a_line_are_taken_out() -> None:
    assert one_line("a\u202egnp.exe") == "a gnp.exe"


def test_a_long_run_of_spaces_costs_no_more_than_its_length() -> None:
    assert tidy(" " * 1_000_000 + "x") == "x\n"


def usual_line(text: str) -> str:
    return SPACES.sub(" ", NOT_IN_A_LINE.sub(" ", text)).strip()


@given(st.text(st.sampled_from("a é한\u00a0\n\u2028\u202e\x7f"), max_size=20))
def test_the_quick_way_to_one_line_is_the_usual_one(text: str) -> None:
    assert one_line(text) == usual_line(text)


def test_every_character_comes_the_same_quick_or_usual_way() -> None:
    differing = [
        code
        for code in range(0x110000)
        if chr(code).isprintable() and one_line(f"a{chr(code)}b") != usual_line(f"a{chr(code)}b")
    ]
    assert differing == []
