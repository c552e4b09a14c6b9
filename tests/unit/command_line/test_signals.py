"""How a signal ends a command."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoped_images.command_line import main
from scoped_images.command_line.ended_by_signals import ended_by_signals

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    """Handlers that keep a signal from ending the test run, and those before them afterwards."""

    def not_caught(number: int, _frame: object) -> None:
        raise AssertionError(f"signal {number} reached the caller")

    before = {each: signal.signal(each, not_caught) for each in SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_command_with_its_own_exit_code(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as raised, ended_by_signals():
        os.kill(os.getpid(), number)
    assert raised.value.code == 128 + number
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_interrupt_the_cleaning_up() -> None:
    cleaned = []

    def command() -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(SystemExit) as raised, ended_by_signals():
        command()
    assert cleaned
    assert raised.value.code == 128 + signal.SIGHUP


def test_under_nohup_a_command_goes_on() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
def test_cdk_and_the_app_that_it_runs_end_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdk = tmp_path / "cdk"
    # A second later, so that Python has surely started it.
    cdk.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/app\nsleep 1\nkill -s TERM $PPID\nwait\n")
    cdk.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as raised:
        main(["build", "--app", "python app.py"])
    assert raised.value.code == 128 + signal.SIGTERM
    command_line = Path("/proc", (tmp_path / "app").read_text().strip(), "cmdline")
    # It ends before the command does, and is empty until the process is waited for.
    assert not command_line.exists() or not command_line.read_bytes()
