"""The HTTP interface: `/health` for the load balancer, `/receipts` with the API key."""

import json
import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, abort, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WSGIResponse

from receipt_dynamo import CursorError, LabelledReceipt, ReceiptTable

from .api_key import ApiKey

LOGGER = logging.getLogger("receipt_api")


def create_app(*, table: ReceiptTable, api_key: ApiKey) -> Flask:
    """The application over one table; every answer is JSON, errors as `{"error": "…"}`."""
    app = Flask("receipt_api")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    _add_hooks(app, api_key)
    _add_error_handlers(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        """Answer without AWS: if the check depended on DynamoDB, ECS would stop every task at once."""
        return {"status": "ok"}

    @app.get("/receipts")
    def receipts() -> dict[str, Any]:
        limit = request.args.get("limit", "20")
        if not limit.isdecimal():
            abort(400, f"limit: must be a number, got {limit!r}")
        try:
            page = table.list_receipts(limit=int(limit), cursor=request.args.get("cursor"))
        except (CursorError, ValueError) as error:
            abort(400, str(error))
        return {"receipts": [_as_json(found) for found in page.receipts], "cursor": page.cursor}

    @app.get("/receipts/<receipt_id>")
    def receipt(receipt_id: str) -> dict[str, Any]:
        try:
            found = table.get_receipt(receipt_id)
        except ValueError as error:
            abort(400, str(error))
        if found is None:
            abort(404, f"receipt not found: {receipt_id}")
        return _as_json(found)

    return app


def _as_json(found: LabelledReceipt) -> dict[str, Any]:
    return {
        "receipt_id": found.receipt.receipt_id,
        "uploaded_at": found.receipt.uploaded_at.isoformat(),
        "content_type": found.receipt.content_type,
        "image_key": found.receipt.image_key,
        "lines": list(found.receipt.lines),
        "labels": [
            {"line": label.line, "label": label.label, "value": label.value} for label in found.labels
        ],
    }


def _add_hooks(app: Flask, api_key: ApiKey) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.monotonic()
        # By path, not by route: an unknown path requires the key too.
        if request.path != "/health" and not api_key.matches(request.headers.get("X-Api-Key", "")):
            abort(401, "the header X-Api-Key is missing or wrong")

    @app.after_request
    def log(response: Response) -> Response:
        if request.path != "/health":  # requested every few seconds, and would hide the rest
            fields = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "milliseconds": round((time.monotonic() - g.started) * 1000, 1),
            }
            LOGGER.info("request", extra={"fields": fields})
        return response


def _add_error_handlers(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> WSGIResponse:
        response = error.get_response()  # keeps the headers that belong to the status, such as Allow
        response.data = json.dumps({"error": error.description})
        response.content_type = "application/json"
        return response

    @app.errorhandler(ClientError)
    @app.errorhandler(BotoCoreError)
    def unavailable(_error: Exception) -> tuple[Response, int]:
        LOGGER.exception("AWS refused or did not answer")
        return jsonify(error="the store cannot be read now; try again"), 503

    @app.errorhandler(Exception)
    def failed(_error: Exception) -> tuple[Response, int]:
        LOGGER.exception("unexpected error")
        return jsonify(error="internal error"), 500
