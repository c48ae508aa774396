"""The tarball runs wherever it is unpacked, with its own libraries: package_test.py BUILD_FOLDER"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# What a tarball may take from the system: the C library and its loader.
SYSTEM = re.compile(r"^(linux-vdso|ld-linux.*|/lib.*/ld-linux.*|lib(c|m|dl|rt|pthread|resolv))\.so")
NOTHING = {"PATH": "/usr/bin:/bin"}
ROOT = Path(__file__).resolve().parent.parent


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="limpid-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        subprocess.run(
            ["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder / "packed"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = (cls.folder / "packed").glob("limpid-*.tar.gz")
        place = cls.folder / "a folder of its own"
        place.mkdir()
        subprocess.run(["tar", "-xzf", archive, "-C", place], check=True)
        (cls.root,) = place.iterdir()

    def test_it_runs_without_any_environment(self):
        done = subprocess.run([self.root / "bin/limpid", "--version"], env={}, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^limpid \d+\.\d+\.\d+\n$")

    def test_all_libraries_but_the_c_library_are_its_own(self):
        done = subprocess.run(
            ["ldd", self.root / "bin/limpid"], env=NOTHING, capture_output=True, text=True, check=True
        )
        used = dict(re.findall(r"^\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$", done.stdout, re.MULTILINE))
        own = {name: place for name, place in used.items() if not SYSTEM.match(name)}
        self.assertIn("libdnnl.so.2", own)
        for name, place in own.items():
            self.assertEqual(Path(place).resolve().parent, (self.root / "lib/limpid").resolve(), name)

    def test_licences_are_there(self):
        documents = self.root / "share/doc/limpid"
        self.assertIn("Apache License", (documents / "LICENSE").read_text(encoding="utf-8"))
        packages = {path.stem for path in (documents / "third-party/debian").iterdir()}
        self.assertLessEqual({"libdnnl2", "libgomp1", "libminizip1", "libstdc++6", "nlohmann-json3-dev", "zlib1g"}, packages)
        crates = (documents / "third-party/rust.txt").read_text(encoding="utf-8")
        self.assertIn("\ntokenizers ", crates)
        web = (documents / "third-party/web.txt").read_text(encoding="utf-8")
        for name in ("svelte", "d3-scale", "@fontsource/inter"):
            self.assertIn(f"\n{name} ", "\n" + web)

    def test_install_takes_only_the_program(self):
        prefix = self.folder / "prefix"
        subprocess.run(
            ["cmake", "--install", BUILD, "--prefix", prefix, "--component", "program"],
            check=True,
            capture_output=True,
        )
        done = subprocess.run(
            [prefix / "bin/limpid", "--version"], env=NOTHING, capture_output=True, check=False
        )
        self.assertEqual(done.returncode, 0)
        self.assertFalse((prefix / "lib").exists())

    def test_a_program_of_ones_own_uses_the_installed_library(self):
        prefix, build = self.folder / "library", self.folder / "example"
        for command in (
            ["cmake", "--install", BUILD, "--prefix", prefix, "--component", "library"],
            ["cmake", "-S", prefix / "share/doc/limpid/examples/cpp", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}"],
            ["cmake", "--build", build],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        model = ROOT / "testdata/models/gpt2"
        done = subprocess.run([build / "explain", model, "hello world"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(
            done.stdout, r"^(.+ 0\.\d{3}\n){5}\d+ nodes, \d+ edges above 0\.04\n.* above 0\.1\n\S+@10 adds most: [+-]"
        )
        done = subprocess.run([build / "explain", model, ""], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("at least one token", done.stderr)


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main()
