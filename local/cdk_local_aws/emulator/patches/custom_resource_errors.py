"""Fails a custom resource at once if its function fails without an answer, with the function's error.

Stock ministack drops the error and waits for an answer that never comes, an hour by default.
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource


def apply() -> None:
    """Answer CloudFormation for a function that failed."""
    stock_execute = lambda_svc._execute_function_with_config_scope

    def execute(function: Any, event: Any, *arguments: Any, **options: Any) -> Any:
        result = stock_execute(function, event, *arguments, **options)
        token = response_token(event)
        if (
            token
            and is_called_by_cloudformation(function, event)
            and isinstance(result, dict)
            and result.get("error")
        ):
            report(token, result.get("body"))
        return result

    lambda_svc._execute_function_with_config_scope = execute


def response_token(event: Any) -> str | None:
    """Return the token in the response address of a custom resource's event; None for other events."""
    if not isinstance(event, dict) or "LogicalResourceId" not in event:
        return None
    _, _, token = str(event.get("ResponseURL", "")).partition("/_ministack/cfn-response/")
    return token or None


def is_called_by_cloudformation(function: Any, event: Any) -> bool:
    """Return whether CloudFormation sent the event to this very function.

    CDK's provider framework passes events on to other functions and answers for them: an error of its own poll only
    makes Step Functions ask again.
    """
    service_token = str(event.get("ResourceProperties", {}).get("ServiceToken", ""))
    return service_token.rpartition(":function:")[2] == str(function.get("config", {}).get("FunctionName"))


def report(token: str, body: Any) -> None:
    """Fail the resource, unless its function answered before it failed."""
    pending = custom_resource._pending.get(token)
    if pending is None or pending["result"] is not None:
        return
    message = body.get("errorMessage") if isinstance(body, dict) else body
    reason = f"The custom resource's function failed: {message}"
    custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
