"""Whether the policy of a repository lets another account pull."""

from __future__ import annotations

from collections.abc import Iterable


def may_pull(statements: Iterable[str], account: str, region: str | None, *, function: bool) -> bool:
    """Whether the statements, each as one text, allow pulls from an account, and for functions from its Lambda too.

    It reads who is named, not which actions: the policies that the library writes name nobody who may not pull.
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-xaccount
    """
    given = list(statements)
    principal = any(f":iam::{account}:" in text or text.split("\n").count(account) for text in given)
    service = any(
        "lambda.amazonaws.com" in text and f":lambda:{region or '*'}:{account}:function:" in text
        for text in given
    )
    return principal and (service or not function)
