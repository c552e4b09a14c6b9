#!/var/lang/bin/python3 -I
"""Stand-in for AWS's aws-lambda-rie: serves a function image's invocations over HTTP.

It answers as https://github.com/aws/aws-lambda-runtime-interface-emulator does (cmd/aws-lambda-rie/handlers.go)
and gives the runtime the API of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Standard
library only, because only this file is copied into the image; isolated (-I), because a module of the function's
must not be taken for one of the library's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INVOCATIONS = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
RUNTIME_API = "/2018-06-01/runtime"
OUTCOME = re.compile(RUNTIME_API + r"/invocation/([^/]+)/(response|error)")
INIT_SECONDS = 10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
STOP_SECONDS = 2.0
DEFAULTS = {  # what AWS's emulator sets for the function when the environment does not
    "AWS_LAMBDA_FUNCTION_NAME": "test_function",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/Functions",
    "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST",
}


@dataclass(frozen=True)
class Answer:
    """What the caller of an invocation gets."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Invocation:
    """One event on its way through the runtime."""

    payload: bytes
    deadline: float
    trace_id: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answers: queue.SimpleQueue[Answer] = field(default_factory=queue.SimpleQueue)


class Runtime:
    """One life of the runtime's process. A new one is made after an exit or a timeout."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.waiting: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self.settled = threading.Event()  # it asked for an event, or it is gone
        self.current: Invocation | None = None
        self.failure: Answer | None = None
        # A session of its own, so that what the handler started dies with it.
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Tell whoever waits that the process is gone."""
        code = self.process.wait()
        how = f"signal: {-code}" if code < 0 else f"exit status {code}"
        current = self.current
        prefix = f"RequestId: {current.request_id} " if current else ""
        exited = error("Runtime.ExitError", f"{prefix}Error: Runtime exited with error: {how}")
        self.failure = self.failure or exited
        self.settled.set()
        self.waiting.put(None)
        if current:
            current.answers.put(exited)

    @property
    def alive(self) -> bool:
        return self.failure is None and self.process.poll() is None

    def stop(self, *, grace: float = 0.0) -> None:
        """End the process and what it started; within `grace` seconds it may do so itself."""
        if grace:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def error(kind: str, message: str, status: int = 502) -> Answer:
    return Answer(status, json.dumps({"errorType": kind, "errorMessage": message}).encode())


class Emulator:
    """Gives one event at a time to the runtime and restarts it when it has to."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command = command
        self.environment = {**DEFAULTS, **environment}
        self.timeout = int(environment.get("AWS_LAMBDA_FUNCTION_TIMEOUT", "300"))
        self.runtime: Runtime | None = None
        self.one_at_a_time = threading.Lock()
        self.starting = threading.Lock()

    def invoke(self, payload: bytes, trace_id: str) -> Answer:
        with self.one_at_a_time:
            report = ""
            if self.runtime is None or not self.runtime.alive:
                began = time.monotonic()
                self._start()
                report = f"Init Duration: {(time.monotonic() - began) * 1000:.2f} ms\t"
            runtime = self.runtime
            if runtime is None or runtime.failure:
                return (runtime and runtime.failure) or error("Sandbox.Stopped", "the emulator was stopped")
            return self._run(runtime, payload, trace_id, report)

    def asking(self) -> Runtime | None:
        """Return the runtime whose process asks. It may ask before `_start` has kept what it started."""
        with self.starting:
            return self.runtime

    def _start(self) -> None:
        """Start the runtime and wait until it asks for an event, or fails to."""
        try:
            with self.starting:
                self.runtime = runtime = Runtime(self.command, self.environment)
        except OSError as problem:
            sys.exit(f"aws-lambda-rie: cannot run {self.command[0]!r}: {problem.strerror}")
        if not runtime.settled.wait(max(INIT_SECONDS, self.timeout)):
            runtime.failure = error("Sandbox.Timedout", "the runtime did not ask for an event in time")
        if runtime.failure:
            runtime.stop()

    def _run(self, runtime: Runtime, payload: bytes, trace_id: str, report: str) -> Answer:
        invocation = Invocation(payload=payload, deadline=time.time() + self.timeout, trace_id=trace_id)
        version = self.environment["AWS_LAMBDA_FUNCTION_VERSION"]
        say(f"START RequestId: {invocation.request_id} Version: {version}")
        began = time.monotonic()
        runtime.current = invocation
        runtime.waiting.put(invocation)
        if not runtime.alive and runtime.failure:
            invocation.answers.put(
                runtime.failure
            )  # it ended after it had asked, so nothing else would answer
        try:
            answer = invocation.answers.get(timeout=self.timeout)
        except queue.Empty:
            # AWS's emulator answers this with 200 and plain text.
            answer = Answer(200, f"Task timed out after {self.timeout}.00 seconds".encode())
            runtime.current = None
            runtime.stop()
        runtime.current = None
        self._report(invocation, (time.monotonic() - began) * 1000, report)
        return answer

    def _report(self, invocation: Invocation, milliseconds: float, init: str) -> None:
        memory = self.environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        milliseconds = min(milliseconds, self.timeout * 1000)
        say(f"END RequestId: {invocation.request_id}")
        say(
            f"REPORT RequestId: {invocation.request_id}\t{init}Duration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {math.ceil(milliseconds)} ms\tMemory Size: {memory} MB\t"
            f"Max Memory Used: {memory} MB\t"
        )


def say(line: str) -> None:
    print(line, flush=True)


class Handler(BaseHTTPRequestHandler):
    """What both servers share: bodies in and out, and silence about each request."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave together: apart, they cost 40 ms of the other side's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    emulator: Emulator

    def log_message(self, format: str, *args: object) -> None:
        """A function's log holds what the function says, not what it was asked."""

    def handle_expect_100(self) -> bool:
        """curl waits for this answer before it sends a large body, so it may not stay in the buffer."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers end with an empty line
            pass
        return b"".join(chunks)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class InvocationHandler(Handler):
    """The caller's side."""

    def do_POST(self) -> None:
        payload = self.body()
        if not INVOCATIONS.fullmatch(self.path):
            self.reply(404, b"404 page not found\n")
            return
        answer = self.emulator.invoke(payload, self.headers.get("X-Amzn-Trace-Id", ""))
        self.reply(answer.status, answer.body)


class RuntimeHandler(Handler):
    """The runtime's side."""

    def do_GET(self) -> None:
        runtime = self.emulator.asking()
        if self.path != f"{RUNTIME_API}/invocation/next" or runtime is None:
            self.reply(404, b"404 page not found\n")
            return
        runtime.settled.set()
        invocation = runtime.waiting.get()
        if invocation is None:  # its process has ended
            self.close_connection = True
            return
        name = self.emulator.environment["AWS_LAMBDA_FUNCTION_NAME"]
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:012345678912:function:{name}",
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        self.reply(200, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self.body()
        runtime = self.emulator.asking()
        outcome = OUTCOME.fullmatch(self.path)
        if self.path == f"{RUNTIME_API}/init/error" and runtime:
            runtime.failure = Answer(502, body)
            runtime.settled.set()
        elif outcome and runtime and runtime.current and runtime.current.request_id == outcome[1]:
            # A handler's error is a 200 as well: only its body tells (handlers.go writes no status).
            runtime.current.answers.put(Answer(200, body))
        elif outcome:
            message = json.dumps({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
            self.reply(400, message.encode())
            return
        else:
            self.reply(404, b"404 page not found\n")
            return
        self.reply(202, b'{"status":"OK"}\n', {"Content-Type": "application/json"})


class Server(ThreadingHTTPServer):
    """A server that can start again at once on the port that it had."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A runtime that was killed leaves its connection behind: nothing to show in the function's log."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def serve(address: str, handler: type[Handler], emulator: Emulator) -> Server:
    host, _, port = address.rpartition(":")
    try:
        server = Server((host, int(port)), type(handler.__name__, (handler,), {"emulator": emulator}))
    except (OSError, ValueError) as problem:
        sys.exit(
            f"aws-lambda-rie: cannot listen on {address!r}: {problem}. It takes HOST:PORT with a free port."
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aws-lambda-rie", description=__doc__)
    parser.add_argument("--runtime-interface-emulator-address", default="0.0.0.0:8080")
    # AWS's default is port 9001. With a free port, emulators can share a host's network; the runtime reads the port.
    parser.add_argument("--runtime-api-address", default="127.0.0.1:0")
    parser.add_argument("--log-level", help="taken for compatibility, without effect")
    parser.add_argument("--enable-init-caching", action="store_true", help="likewise")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(words)


def main() -> None:
    given = arguments(sys.argv[1:])
    command = given.command or ["/var/runtime/bootstrap"]
    environment = dict(os.environ)
    if len(command) > 1:
        environment["_HANDLER"] = command[-1]  # as AWS's: main.go takes the last argument for the handler
    ends: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: ends.append(got))
    emulator = Emulator(command, environment)
    api = serve(given.runtime_api_address, RuntimeHandler, emulator)
    emulator.environment["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{api.server_port}"
    serve(given.runtime_interface_emulator_address, InvocationHandler, emulator)
    # Not an event: a handler runs in this thread, and may find the event's lock taken by the very wait it ends.
    while not ends:
        time.sleep(0.05)
    if emulator.runtime:
        emulator.runtime.stop(grace=STOP_SECONDS)


if __name__ == "__main__":
    main()
