"""Whatever an account runs, and whatever goes wrong with an answer: no run removes an image that is in use.

`SCOPED_IMAGES_WORLDS=5000 pytest tests/unit/pruning/test_account_model.py` tries more accounts.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scoped_images.pruning.report import Report
from scoped_images.pruning.run import prune
from tests.unit.pruning.account_model import HOST, NOW, Account, Key, Service, Stack, digest, tag, uri
from tests.unit.pruning.damaged_answers import READING, Damage
from tests.unit.pruning.model_calls import ModelCalls, run, settings_of

WORLDS = int(os.environ.get("SCOPED_IMAGES_WORLDS", "60"))
IMAGES = 12
damages = st.builds(
    Damage,
    st.sampled_from([*READING, "batch_delete_image"]),
    st.integers(0, 5),
    st.integers(0, 40),
    st.sampled_from(["drop", "none", "empty", "number", "list", "error"]),
)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """An account with up to twelve images, and a few of everything that may run them."""
    account = Account()
    count = draw(st.integers(2, IMAGES))
    homes = [draw(st.sampled_from(["app", "app", "base"])) for _ in range(count)]
    for number, home in enumerate(homes):
        tags = [tag(number)] if draw(st.integers(0, 3)) else []
        tags += ["stable"] if number == count - 1 and draw(st.booleans()) else []
        earlier = [other for other in range(number) if homes[other] == home]
        children = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else []
        details: dict[str, Any] = {}
        if not children and not draw(st.integers(0, 5)):
            details = {
                "imageStatus": "ARCHIVED",
                "lastArchivedAt": NOW - timedelta(days=draw(st.integers(0, 9))),
            }
        # Some have one timestamp.
        days = float(100 - draw(st.integers(0, number)))
        account.push(home, number, *tags, days=days, children=tuple(children), **details)

    numbers = st.integers(0, count - 1)

    def image() -> str:
        number = draw(numbers)
        tags = account.images[homes[number], digest(number)].get("imageTags", [])
        if tags and draw(st.booleans()):
            return f"{HOST}/{homes[number]}:{tags[0]}"
        return uri(homes[number], number)

    def few() -> range:
        return range(draw(st.integers(0, 2)))

    for number in few():
        versions = {str(version): (image(), image()) for version in few()}
        account.functions[f"f{number}"] = {**versions, "$LATEST": (image(), image())}
    definitions: list[str] = []
    for number in range(draw(st.integers(0, 2))):
        revisions = [[image()] for _ in range(draw(st.integers(1, 4)))]
        gone = draw(st.sets(st.integers(1, len(revisions) - 1))) if len(revisions) > 1 else set()
        definitions += account.family(f"family-{number}", *revisions, inactive=tuple(gone))
    if definitions:
        some = st.sampled_from(definitions)
        running = numbers.map(lambda number: uri(homes[number], number))
        account.tasks = [(draw(some), draw(running)) for _ in few()]
        account.rules = [draw(some) for _ in few()]
        account.schedules = [(draw(some), draw(st.booleans())) for _ in few()]
        for number in few():
            account.services.append(
                Service(
                    name=f"service-{number}",
                    deployed=draw(st.lists(some, min_size=1, max_size=2)),
                    controller=draw(st.sampled_from(["ECS", "CODE_DEPLOY"])),
                )
            )
            if account.services[-1].controller == "ECS":
                account.services[-1].released = draw(st.lists(some, max_size=4))
    words = numbers.map(draw_word)
    for number in few():
        waiting = st.tuples(st.lists(words, max_size=1), st.lists(words, max_size=1))
        account.stacks.append(
            Stack(
                name=f"stack-{number}",
                words=draw(st.lists(words, max_size=1)),
                parameters=draw(st.lists(words, max_size=1)),
                waiting=draw(st.none() | waiting),
            )
        )
    return account


def draw_word(number: int) -> str:
    """A tag or a digest's hex digits, as CloudFormation may name an image."""
    return tag(number) if number % 2 else digest(number).removeprefix("sha256:")


limits = st.fixed_dictionaries(
    {
        "max_images": st.integers(1, 2),
        "rollback_window": st.integers(1, 2),
        "archive_days": st.none() | st.integers(1, 5),
    }
)


def problems(report: Report) -> list[str]:
    """Return what went wrong, without the archived images that are in use."""
    return [problem for problem in report.problems if "restore it" not in problem]


def in_use(account: Account, rollback_window: int) -> set[Key]:
    """Return the images that something runs or may start, worked out without the pruner's code."""
    uris = [each for versions in account.functions.values() for pair in versions.values() for each in pair]
    uris += [image for _, image in account.tasks]
    definitions = [definition for definition, _ in account.tasks]
    definitions += [arn for service in account.services for arn in service.deployed]
    definitions += [arn for service in account.services for arn in service.released[-rollback_window - 1 :]]
    definitions += [*account.rules, *(definition for definition, _ in account.schedules)]
    families: dict[str, list[str]] = {}
    for arn in account.active | account.inactive:
        families.setdefault(arn.rpartition(":")[0], []).append(arn)
    for arns in families.values():
        if any(arn in account.active for arn in arns):
            arns.sort(key=lambda arn: int(arn.rpartition(":")[2]))
            definitions += arns[-rollback_window - 1 :]
    uris += [image for arn in definitions for image in account.definition(arn)]
    words = {
        word
        for stack in account.stacks
        for word in (*stack.words, *stack.parameters, *(w for part in stack.waiting or () for w in part))
    }
    found = set()
    for (repository, one), detail in account.images.items():
        names = {
            f"{HOST}/{repository}@{one}",
            *(f"{HOST}/{repository}:{t}" for t in detail.get("imageTags", ())),
        }
        if names & set(uris) or words & {one.removeprefix("sha256:"), *detail.get("imageTags", ())}:
            found.add((repository, one))
    return with_children(account, found)


def with_children(account: Account, keys: set[Key]) -> set[Key]:
    """Return `keys` and the parts of the indexes among them."""
    found = set(keys)
    waiting = list(keys)
    while waiting:
        new = account.children(waiting.pop()) - found
        found |= new
        waiting += new
    return found


@settings(max_examples=WORLDS, deadline=None)
@given(accounts(), limits)
def test_nothing_in_use_is_removed(account: Account, chosen: dict[str, Any]) -> None:
    used = in_use(account, chosen["rollback_window"])
    report = run(account, limits=chosen)
    assert problems(report) == []
    event(f"removed: {len(account.removed())}")
    assert account.removed() & used == set()
    assert {image.key for image in (*report.deleted, *report.archived)} == account.removed()


@settings(max_examples=WORLDS, deadline=None)
@given(accounts(), limits, damages)
def test_nothing_in_use_is_removed_when_an_answer_is_damaged(
    account: Account, chosen: dict[str, Any], damage: Damage
) -> None:
    used = in_use(account, chosen["rollback_window"])
    account.damage = damage
    run(account, limits=chosen)
    event(f"removed: {len(account.removed())}")
    assert account.removed() & used == set()


@settings(max_examples=WORLDS, deadline=None)
@given(accounts(), limits, st.integers(0, 120))
def test_two_runs_at_once_remove_nothing_in_use(
    account: Account, chosen: dict[str, Any], moment: int
) -> None:
    """The second run starts and ends while the first waits for one of its calls, as the worst of schedules."""
    used = in_use(account, chosen["rollback_window"])
    chosen_settings = settings_of(account, limits=chosen)

    def second_run(number: int) -> None:
        if number == moment:
            account.before_call = None
            assert problems(prune(ModelCalls(account), chosen_settings, now=NOW)) == []

    account.before_call = second_run
    assert problems(prune(ModelCalls(account), chosen_settings, now=NOW)) == []
    assert account.removed() & used == set()
    assert len(account.deleted) == len(set(account.deleted))
