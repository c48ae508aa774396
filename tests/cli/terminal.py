"""Runs a command with its standard output on a terminal, to see what a person sees."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

ROWS = 50


def run(command: list[str], env: dict[str, str], folder: str, columns: int, timeout: float):
    """(exit code or None when it ran too long, stdout as bytes with \\n ends, stderr as bytes)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST  # no \n -> \r\n
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    process = subprocess.Popen(
        command,
        env={"TERM": "xterm-256color", **env},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    stdout, stderr, late = collect(ours, process, time.monotonic() + timeout)
    os.close(ours)
    if late:
        process.kill()
    code = process.wait()
    process.stderr.close()
    return (None if late else code), stdout, stderr


def collect(ours: int, process: subprocess.Popen, deadline: float) -> tuple[bytes, bytes, bool]:
    """Reads both streams to their ends, or until the deadline (then the third value is True)."""
    found = {ours: b"", process.stderr.fileno(): b""}
    streams = list(found)
    while streams:
        ready, _, _ = select.select(streams, [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return *found.values(), True
        for stream in ready:
            try:
                data = os.read(stream, 1 << 16)
            except OSError:  # how Linux says that the other side of a terminal is closed
                data = b""
            found[stream] += data
            if not data:
                streams.remove(stream)
    return *found.values(), False
