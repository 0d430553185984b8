"""A delivery moves only as its table says."""

from itertools import product

import pytest

from services.chassis.errors import RefusedError
from services.notifications.domain.delivery import MOVES, Move, State, move, states_before


@pytest.mark.parametrize(("what", "state"), list(product(Move, State)))
def test_every_move_is_in_the_table_or_refused(what: Move, state: State) -> None:
    if (what, state) in MOVES:
        assert move(what, state) is MOVES[what, state]
    else:
        with pytest.raises(RefusedError) as refused:
            move(what, state)
        assert refused.value.data == {"state": state.value, "move": what.value}


def test_what_is_withdrawn_stays_so_and_what_is_confirmed_only_leaves_once_more_on_request() -> None:
    assert [what for what, state in MOVES if state in (State.CONFIRMED, State.WITHDRAWN)] == [Move.RESEND]
    assert (Move.RESEND, State.WITHDRAWN) not in MOVES


def test_only_what_has_not_left_can_be_withdrawn() -> None:
    assert set(states_before(Move.WITHDRAW)) == {State.PENDING, State.FAILED, State.PARKED}
