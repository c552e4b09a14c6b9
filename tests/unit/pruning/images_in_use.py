"""Which images of an account are in use, worked out without the pruner's code."""

from __future__ import annotations

from tests.unit.pruning.account_model import HOST, Account, Key


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
