"""`journeys` on the PATH of scripts that the tests run: a process that has imported everything forks for each call.

A start costs a second of CPU for the libraries, and a script of eight commands eight of them. Here a server imports them once; the
command that a script finds is a client of a few lines, which hands over its arguments, folder, environment and streams. What
is asked then runs in a process of its own, as it would if it had been started.

What is about the start itself (imports, signals, the module search path) starts a process of its own and does not come here.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("ingest", "sessionize", "paths", "reports", "pipeline")

CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = json.dumps([sys.argv[1:], dict(os.environ)]).encode()
socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2, os.open(".", os.O_RDONLY)])
server.sendall(asked)
code = server.recv(1)
sys.exit(code[0] if code else 137)
"""


@contextlib.contextmanager
def command_in(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a process that finds this checkout's `journeys` in `folder`, as long as the context lasts."""
    command = folder / "journeys"
    address = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        words = [sys.executable, "-m", "tests.ready", str(listening.fileno())]
        server = subprocess.Popen(words, cwd=ROOT, pass_fds=[listening.fileno()])
    command.write_text(CLIENT.format(python=sys.executable, address=address))
    command.chmod(0o755)
    try:
        yield {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    finally:
        server.terminate()
        server.wait()


def serve(listening: socket.socket) -> None:
    """A fork for every caller, until this process is ended."""
    import_all()
    while True:
        caller, _ = listening.accept()
        with caller:
            if os.fork() == 0:
                os._exit(answer(caller))
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def import_all() -> None:
    """Every module of ours, and so the libraries below."""
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            import_module(module.name)


def answer(caller: socket.socket) -> int:
    """What the caller asked for, in this process; the caller is told the exit code."""
    size, streams, _, _ = socket.recv_fds(caller, 8, 4)
    for stream in range(3):
        os.dup2(streams[stream], stream)
    os.fchdir(streams[3])
    text = bytearray()
    while len(text) < int.from_bytes(size, "big"):
        text += caller.recv(1 << 20)
    arguments, environment = json.loads(text)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["journeys", *arguments]
    code = ended()
    caller.sendall(bytes([code & 255]))
    return code


def ended() -> int:
    """The exit code of `journeys` with the words of sys.argv."""
    from pipeline.start import main

    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
