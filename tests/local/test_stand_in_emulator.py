"""The stand-in for AWS's runtime interface emulator, with a small runtime and no container."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import cdk_local_aws.stand_ins.lambda_python.runtime_interface_emulator as emulator
from tests.free_port import free_port

# A runtime that does what the event says, and answers with its process id.
RUNTIME = """
import http.client, json, os, sys, time
def call(method, path, body=None):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request(method, "/2018-06-01/runtime" + path, body)
    answer = api.getresponse()
    return answer, answer.read()
if os.environ["_HANDLER"] == "import.error":
    call("POST", "/init/error", json.dumps({"errorType": "ImportError", "errorMessage": "no module"}))
    sys.exit(1)
if os.environ["_HANDLER"] == "crash.at_start":
    sys.exit(7)
while True:
    answer, body = call("GET", "/invocation/next")
    event, request = json.loads(body), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    time.sleep(event.get("sleep", 0))
    if "exit" in event:
        os._exit(event["exit"])
    if "fail" in event:
        call("POST", f"/invocation/{request}/error", json.dumps({"errorType": "E", "errorMessage": "bad"}))
        continue
    left = int(answer.headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    result = {"pid": os.getpid(), "left": left, "size": len(body), "text": event.get("text")}
    if "chunked" in event:
        call("POST", f"/invocation/{request}/response", iter([b'{"chunked"', b': true}']))
        continue
    call("POST", f"/invocation/{request}/response", json.dumps(result))
"""
Start = Callable[..., "Running"]


def test_a_runtime_may_ask_before_its_start_has_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may pause there, and AWS's client ends with signal 11 if it gets no event."""
    script = tmp_path / "runtime.py"
    script.write_text(RUNTIME)

    class SlowStart(emulator.Runtime):
        def __init__(self, command: list[str], environment: dict[str, str]) -> None:
            super().__init__(command, environment)
            time.sleep(0.3)

    monkeypatch.setattr(emulator, "Runtime", SlowStart)
    address = f"127.0.0.1:{free_port()}"
    environment = {"AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "a.handler"}
    emulated = emulator.Emulator([sys.executable, str(script)], environment)
    server = emulator.serve(address, emulator.RuntimeHandler, emulated)
    try:
        assert json.loads(emulated.invoke(b'{"text": "asked early"}', "").body)["text"] == "asked early"
    finally:
        server.shutdown()
        if emulated.runtime:
            emulated.runtime.stop()


class CountingSocket(socket.socket):
    """A connection that counts what it sends."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(fileno=connection.detach())
        self.sends = 0

    def send(self, *arguments: Any) -> int:
        self.sends += 1
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        self.sends += 1
        super().sendall(*arguments)


@pytest.mark.parametrize("handler", [emulator.InvocationHandler, emulator.RuntimeHandler])
def test_headers_and_body_of_an_answer_are_sent_at_once(
    monkeypatch: pytest.MonkeyPatch, handler: type[emulator.Handler]
) -> None:
    """Sent apart, the body waits 40 ms until the other side acknowledges the headers."""
    accepted: list[CountingSocket] = []

    def accept(server: emulator.Server) -> tuple[socket.socket, Any]:
        connection, address = server.socket.accept()
        accepted.append(CountingSocket(connection))
        return accepted[-1], address

    monkeypatch.setattr(emulator.Server, "get_request", accept)
    server = emulator.serve("127.0.0.1:0", handler, emulator.Emulator([], {}))
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        connection.request("POST", "/unknown", b"{}")
        assert connection.getresponse().read() == b"404 page not found\n"
    finally:
        connection.close()
        server.shutdown()
        server.server_close()
    assert [each.sends for each in accepted] == [1]


class Running:
    """A running emulator as its caller sees it."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def post(self, event: dict[str, Any]) -> tuple[int, str]:
        request = urllib.request.Request(self.url, data=json.dumps(event).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def result(self, **event: object) -> dict[str, Any]:
        status, body = self.post(event)
        assert status == 200, body
        result: dict[str, Any] = json.loads(body)
        return result

    def log(self) -> str:
        """End the emulator and return its output."""
        self.process.terminate()
        return self.process.communicate(timeout=10)[0]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an emulator on a free port."""
    runtime = tmp_path / "runtime.py"
    runtime.write_text(RUNTIME)
    started: list[Running] = []

    def run(handler: str = "a.handler", timeout: int = 3, **environment: str) -> Running:
        port = free_port()
        address = f"--runtime-interface-emulator-address=127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, emulator.__file__, address, sys.executable, str(runtime), handler],
            env={"AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(Running(process, port))
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        return started[-1]

    yield run
    for running in started:
        running.process.kill()
        running.process.communicate()


def test_an_event_reaches_the_runtime_and_its_answer_the_caller(start: Start) -> None:
    result = start().result(text="hällo")
    assert result["text"] == "hällo"
    assert 2 < result["left"] <= 3, "the deadline is the function's timeout away"


def test_a_handlers_error_is_a_200_with_the_error_in_its_body(start: Start) -> None:
    assert start().post({"fail": True}) == (200, '{"errorType": "E", "errorMessage": "bad"}')


def test_an_event_that_takes_too_long_is_answered_in_plain_text_and_a_new_runtime_takes_the_next(
    start: Start,
) -> None:
    running = start(timeout=1)
    first = running.result()["pid"]
    assert running.post({"sleep": 30}) == (200, "Task timed out after 1.00 seconds")
    assert running.result()["pid"] != first


def test_a_runtime_that_exits_is_an_error_and_a_new_one_takes_the_next_event(start: Start) -> None:
    running = start()
    status, body = running.post({"exit": 3})
    assert status == 502
    assert json.loads(body)["errorType"] == "Runtime.ExitError"
    assert json.loads(body)["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert running.result()["size"] == len("{}")


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("import.error", "ImportError", "no module"),
        ("crash.at_start", "Runtime.ExitError", "Error: Runtime exited with error: exit status 7"),
    ],
)
def test_a_runtime_that_does_not_start_is_an_error_for_each_caller(
    start: Start, handler: str, kind: str, message: str
) -> None:
    running = start(handler=handler)
    for status, body in (running.post({}), running.post({})):
        assert (status, json.loads(body)) == (502, {"errorType": kind, "errorMessage": message})


def test_events_run_one_at_a_time_and_all_are_answered(start: Start) -> None:
    running = start()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: running.result(sleep=0.05, text=n), range(4)))
    assert sorted(result["text"] for result in results) == [0, 1, 2, 3]
    assert len({result["pid"] for result in results}) == 1, "a runtime that handles one event at a time"


def test_the_largest_payload_of_lambda_goes_through_both_ways(start: Start) -> None:
    text = "x" * 6_000_000
    assert start().result(text=text)["text"] == text


def test_a_response_in_chunks_is_taken(start: Start) -> None:
    assert start().result(chunked=True) == {"chunked": True}


def test_the_log_has_lambdas_lines(start: Start) -> None:
    running = start(AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512")
    running.result()
    running.result()
    lines = running.log().splitlines()
    assert [line.split()[0] for line in lines] == ["START", "END", "REPORT"] * 2
    assert "\tInit Duration: " in lines[2]
    assert "\tInit Duration: " not in lines[5]
    assert "\tMemory Size: 512 MB\t" in lines[5]


def test_ended_while_a_handler_works_it_takes_the_runtime_with_it(start: Start) -> None:
    running = start()
    runtime = running.result()["pid"]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(running.post, {"sleep": 30})
        time.sleep(0.3)
        running.process.terminate()
        assert running.process.wait(timeout=10) == 0
    assert not Path(f"/proc/{runtime}").exists()


def test_an_unknown_path_is_not_found(start: Start) -> None:
    running = start()
    running.url = running.url.replace("invocations", "elsewhere")
    assert running.post({})[0] == 404


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, emulator.__file__, "--runtime-interface-emulator-address", address, "true"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr.startswith(f"aws-lambda-rie: cannot listen on {address!r}: ")
    assert "It takes HOST:PORT with a free port." in done.stderr
