"""Runs the service: `python -m receipt_api`."""

import logging
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import boto3
from waitress.server import create_server

from receipt_dynamo import ReceiptTable

from .api_key import ApiKey
from .app import create_app
from .log import log_to_stdout
from .settings import Settings

LOGGER = logging.getLogger("receipt_api")


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """waitress ends its loop on SystemExit. Process 1 has no default handler: the signal would be ignored."""
    raise SystemExit(0)


def main() -> None:
    """Serves until SIGTERM, which ECS sends before it stops a task."""
    log_to_stdout()
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        LOGGER.error("%s", error)
        sys.exit(2)
    app = create_app(
        table=ReceiptTable.connect(settings.table_name),
        api_key=ApiKey(boto3.client("secretsmanager"), settings.api_key_secret_arn),
    )
    # No route takes a body, and waitress would spool a large one to disk.
    server = create_server(
        app, host=settings.host, port=settings.port, ident=None, max_request_body_size=16_384
    )
    LOGGER.info("listening", extra={"fields": {"host": settings.host, "port": settings.port}})
    server.run()
    LOGGER.info("stopped")


if __name__ == "__main__":
    main()
