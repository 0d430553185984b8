"""An accompaniment plan: goals, steps with owner and day; no goal without a next step, unless others manage it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from contracts.codes import PlanEnd, PlanOwner, Status
from services.chassis.errors import InvalidError, RefusedError

LONGEST_WORDS = 500
FARTHEST = timedelta(days=3 * 366)
#: Nobody reads, and nobody lives through, a longer plan.
MOST_GOALS = 12
MOST_STEPS = 100
#: Somebody has accepted the case and works on it.
MANAGED = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.PAUSED})


@dataclass(frozen=True, slots=True)
class Said:
    """A step as it is written down."""

    words: str
    owner: PlanOwner
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing somebody does by a day."""

    id: UUID
    goal_id: UUID
    person_id: UUID
    said: Said
    task_id: UUID | None = None
    ended_as: PlanEnd | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is to be reached, and the way there, the soonest step first."""

    id: UUID
    enquiry_id: UUID
    person_id: UUID
    words: str
    added_at: datetime
    steps: tuple[Step, ...] = ()
    task_id: UUID | None = None
    ended_as: PlanEnd | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def open_steps(self) -> tuple[Step, ...]:
        return tuple(one for one in self.steps if one.is_open)

    @property
    def counted(self) -> tuple[Step, ...]:
        """What was dropped was no part of the way."""
        return tuple(one for one in self.steps if one.ended_as is not PlanEnd.DROPPED)

    @property
    def done(self) -> int:
        return sum(one.ended_as is PlanEnd.DONE for one in self.steps)

    @property
    def lacks_step(self) -> bool:
        return self.is_open and not self.open_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Which referral's partner manages the case now."""

    id: UUID
    referral_id: UUID
    reference: str
    status: Status
    organization_id: UUID
    handed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One person's plan in one case."""

    person_id: UUID
    goals: tuple[Goal, ...] = ()
    handover: Handover | None = None

    def goal(self, goal_id: UUID) -> Goal | None:
        return next((one for one in self.goals if one.id == goal_id), None)

    def step(self, step_id: UUID) -> Step | None:
        return next((one for goal in self.goals for one in goal.steps if one.id == step_id), None)

    @property
    def counted(self) -> int:
        return sum(len(one.counted) for one in self.goals)

    @property
    def done(self) -> int:
        return sum(one.done for one in self.goals)


def check_goal(words: str) -> None:
    _expect({"goal": wrong} if (wrong := _wrong_words(words)) else {})


def check_step(said: Said, today: date) -> None:
    """It says what is done, and its day is neither over nor out of sight."""
    wrong = {"step": found} if (found := _wrong_words(said.words)) else {}
    if not today <= said.due_on <= today + FARTHEST:
        wrong["due_on"] = "within-three-years"
    _expect(wrong)


def expect_ours(plan: Plan) -> None:
    """Who manages the case plans it; two who do are one too many."""
    if plan.handover is not None:
        raise RefusedError("plan.handed-over")


def expect_room(plan: Plan, goal: Goal | None = None) -> None:
    if goal is None and sum(one.is_open for one in plan.goals) >= MOST_GOALS:
        raise RefusedError("plan.full")
    if goal is not None and len(goal.steps) >= MOST_STEPS:
        raise RefusedError("plan.full")


def _wrong_words(words: str) -> str | None:
    if not words:
        return "some-words"
    return "at-most-500-characters" if len(words) > LONGEST_WORDS else None


def _expect(wrong: dict[str, str]) -> None:
    if wrong:
        raise InvalidError("request.invalid", wrong)
