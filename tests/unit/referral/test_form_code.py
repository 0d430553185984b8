"""The code on a printed form: read out, typed, scanned - and a slip of the finger noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain.form_code import ALPHABET, LENGTH, is_code, normalized, readable, with_check

LETTERS = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


@given(LETTERS)
def test_a_code_is_known_however_it_is_typed(letters: str):
    code = with_check(letters)
    assert is_code(code)
    assert is_code(readable(code).lower())
    assert normalized(f" {readable(code)} ") == code


@given(LETTERS, st.integers(0, LENGTH), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_noticed(letters: str, place: int, wrong: str):
    code = with_check(letters)
    typed = code[:place] + wrong + code[place + 1 :]
    assert is_code(typed) == (typed == code)


@given(LETTERS, st.integers(0, LENGTH - 1))
def test_two_letters_in_the_wrong_order_are_noticed(letters: str, place: int):
    code = with_check(letters)
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_code(typed) == (typed == code)


@pytest.mark.parametrize("typed", ["", "2345", "23456789X0", "0O1IL0O1I"])
def test_what_is_no_code_is_none(typed: str):
    assert not is_code(typed)
