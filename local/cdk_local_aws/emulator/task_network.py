"""Gives each task a network of its own, as in AWS's `awsvpc` mode, without a bridge or a firewall rule.

The containers of a task share a network that has only loopback. Doors connect it with ours: a port of our loopback for
each port of the task, and the local AWS's port on the task's loopback. So an image listens where its definition says,
tasks of one service do not collide, and a task reaches no server of this machine but the local AWS.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

CLONE_NEWNET = 0x40000000  # <linux/sched.h>
CONNECT_SECONDS = 10
CHUNK = 64 * 1024

Connect = Callable[[], socket.socket]


def gives_networks() -> bool:
    """Return whether this process may enter the network of a container, as only root may."""
    return sys.platform == "linux" and os.geteuid() == 0


@dataclass(frozen=True)
class Network:
    """The network of a container. descriptor: of its namespace, which keeps it alive."""

    descriptor: int

    @classmethod
    def of(cls, pid: int) -> Network:
        """Open the network of a process."""
        return cls(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    def inside(self, make: Connect) -> socket.socket:
        """Make a socket in the network, where it stays after its thread has ended."""
        made: list[socket.socket] = []
        problems: list[OSError] = []

        def enter_and_make() -> None:
            try:
                if ctypes.CDLL(None, use_errno=True).setns(self.descriptor, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                made.append(make())
            except OSError as error:
                problems.append(error)

        thread = threading.Thread(target=enter_and_make)  # it ends, so nothing else runs in that network
        thread.start()
        thread.join()
        if problems:
            raise problems[0]
        return made[0]

    def close(self) -> None:
        """Close the descriptor; the network ends with its containers."""
        os.close(self.descriptor)


@dataclass(frozen=True)
class Door:
    """Forwards connections from a listening socket. connect: opens the other end of each."""

    listening: socket.socket
    connect: Connect

    def open(self) -> None:
        """Serve in threads until closed."""
        threading.Thread(target=self._serve, daemon=True, name="door").start()

    def close(self) -> None:
        """Accept no more connections; open ones end with their container."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True, name="connection").start()

    def _pass_on(self, client: socket.socket) -> None:
        with client:
            try:
                server = self.connect()
            except OSError:  # nothing listens there yet, so the client's connection ends
                return
            with server:
                back = threading.Thread(target=copy, args=(server, client), daemon=True, name="connection")
                back.start()
                copy(client, server)
                back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until their end, then end the target's stream."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback."""
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    listening.settimeout(None)
    return listening


def connect(port: int) -> socket.socket:
    """Return a connection to a port of loopback."""
    made = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
    made.settimeout(None)
    return made


def doors(network: Network, *, ports: dict[int, int], aws_port: int | None) -> list[Door]:
    """Return the doors of a container.

    ports: ports of our loopback by the container's own. aws_port: the local AWS's, or None if its door exists already.
    """
    inward = [
        Door(listen(here), lambda there=there: network.inside(lambda: connect(there)))  # type: ignore[misc]
        for there, here in ports.items()
    ]
    if aws_port is None:
        return inward
    return [*inward, Door(network.inside(lambda: listen(aws_port)), lambda: connect(aws_port))]
