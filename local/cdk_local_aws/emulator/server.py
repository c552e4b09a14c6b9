"""Serves ministack on 127.0.0.1 with our patches, and with the registry, checkpoints and TLS front around it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack_app

from cdk_local_aws.emulator.blob_store import BlobStore
from cdk_local_aws.emulator.checkpoints import Checkpoints
from cdk_local_aws.emulator.engine_gate import EngineGate
from cdk_local_aws.emulator.gate import Gate
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.patches import apply_all, function_proxy
from cdk_local_aws.emulator.registry_blobs import RegistryBlobs
from cdk_local_aws.emulator.settings import EmulatorSettings
from cdk_local_aws.tls_front import TlsFront


def run(settings: EmulatorSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    # They log a line for each request, and for each service at each checkpoint.
    for name in ("hypercorn.access", "persistence"):
        logging.getLogger(name).setLevel(logging.WARNING)
    keys, store = Keys.read(settings), BlobStore(settings.registry)
    apply_all(settings, keys, store)
    asyncio.run(serve_until_stopped(settings, keys, store))


async def serve_until_stopped(settings: EmulatorSettings, keys: Keys, store: BlobStore) -> None:
    """Serve on loopback. ministack saves its state when the server ends."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    checkpoints = Checkpoints(RegistryBlobs(store, ministack_app.app))
    authority = trustme.CA()  # a new one for each run: its key is in no file
    authority.cert_pem.write_to_path(settings.authority)
    settings.authority.chmod(0o644)  # functions run as another user
    proxy_port = await TlsFront(settings.port, authority).start()
    function_proxy.apply(proxy_port, settings.authority)
    engine = os.environ.get("DOCKER_HOST", "").removeprefix("unix://")
    await EngineGate(engine=Path(engine), socket=settings.build_socket).start()
    saving = asyncio.create_task(checkpoints.run())
    await serve(Gate(keys, checkpoints), config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]
    saving.cancel()
    sys.stdout.flush()
    # The state is saved. asyncio would wait for ministack's threads, which wait for answers that never come.
    os._exit(0)
