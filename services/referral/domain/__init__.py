"""What a referral is and what may happen to it: functions and frozen values, no clock, no ids of its own."""

from services.referral.domain.answering import (
    accept,
    ask,
    complete,
    end,
    pause,
    receive,
    reject,
    resume,
    start,
    waitlist,
)
from services.referral.domain.appointments import cancel_appointment, set_appointment
from services.referral.domain.by_hand import dispute, record_for_partner
from services.referral.domain.lifecycle import Actor
from services.referral.domain.owing import (
    acknowledge_rectification,
    acknowledge_stop,
    owe_deletion,
    owe_on_leaving,
    owe_rectification,
    state_deletion,
)
from services.referral.domain.referral import Referral
from services.referral.domain.sending import (
    answer,
    check_takes_part,
    conclude,
    draft,
    fetch,
    prepare,
    release_again,
    request,
    revise,
    withhold,
)
from services.referral.domain.stopping import (
    cancel,
    expire,
    mark_entered_in_error,
    revoke,
    withdraw_after_end,
)
from services.referral.domain.workdays import Moment

__all__ = [
    "Actor",
    "Moment",
    "Referral",
    "accept",
    "acknowledge_rectification",
    "acknowledge_stop",
    "answer",
    "ask",
    "cancel",
    "cancel_appointment",
    "check_takes_part",
    "complete",
    "conclude",
    "dispute",
    "draft",
    "end",
    "expire",
    "fetch",
    "mark_entered_in_error",
    "owe_deletion",
    "owe_on_leaving",
    "owe_rectification",
    "pause",
    "prepare",
    "receive",
    "record_for_partner",
    "reject",
    "release_again",
    "request",
    "resume",
    "revise",
    "revoke",
    "set_appointment",
    "start",
    "state_deletion",
    "waitlist",
    "withdraw_after_end",
    "withhold",
]
