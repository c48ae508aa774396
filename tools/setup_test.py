"""Tests of tools/setup.sh on a machine that is made up: a root folder and a PATH with nothing but stand-ins."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).with_name("setup.sh")
# Commands that the script itself uses, on every Debian.
BASE = ("bash", "env", "cat", "find", "grep", "sort", "head", "id")
TOOLS = {
    "g++": "12.2.0",
    "cmake": "3.25.1",
    "ninja": "1.11",
    "ccache": "4.7",
    "cargo": "1.90.0",
    "rustc": "1.90.0",
    "node": "v20.19.0",
    "npm": "10.8.2",
    "clang++-16": "16.0.6",
    "clang-format-16": "16.0.6",
    "clang-tidy-16": "16.0.6",
    "chromium": "120.0",
}
HEADERS = (
    "oneapi/dnnl/dnnl.hpp",
    "CL/cl.h",
    "hwy/highway.h",
    "nlohmann/json.hpp",
    "CLI/CLI.hpp",
    "fmt/format.h",
    "openssl/evp.h",
    "pugixml.hpp",
    "httplib.h",
    "toml++/toml.h",
    "tl/expected.hpp",
    "minizip/unzip.h",
    "zlib.h",
    "gtest/gtest.h",
    "benchmark/benchmark.h",
)
CLANG = "usr/lib/llvm-16/lib/clang/16"
FILES = (
    f"{CLANG}/lib/linux/libclang_rt.fuzzer-x86_64.a",
    f"{CLANG}/include/omp.h",
    "etc/ssl/certs/ca-certificates.crt",
    "usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
)


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in BASE:
            (self.bin / name).symlink_to(shutil.which(name))
        for name, version in TOOLS.items():
            self.add_command(name, f"echo {name} {version}")
        self.add_command(
            "python3", 'case "$1" in --version) echo Python 3.11.2;; *) echo pip ensurepip;; esac'
        )
        self.add_command("apt-get", f'echo "apt-get $*" >>{self.root}/log')
        self.add_command("sudo", f'echo sudo >>{self.root}/log; exec "$@"')
        for name in (*(f"usr/include/{header}" for header in HEADERS), *FILES):
            self.add_file(name)
        self.add_file("var/lib/apt/lists/debian_Packages.lz4")

    def add_command(self, name: str, body: str):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def add_file(self, name: str):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def setup(self, *arguments: str, **env: str):
        env = {"PATH": str(self.bin), "HOME": str(self.root), "LIMPID_SETUP_ROOT": str(self.root), **env}
        done = subprocess.run([SETUP, *arguments], env=env, capture_output=True, text=True, check=False)
        log = self.root / "log"
        return (
            done.returncode,
            done.stdout + done.stderr,
            log.read_text(encoding="utf-8") if log.exists() else "",
        )

    def test_a_complete_machine_is_left_alone_in_silence(self):
        for group in ((), ("run",), ("check",)):
            self.assertEqual(self.setup(*group), (0, "", ""))

    def test_every_missing_thing_is_named_with_its_reason(self):
        for name in ("usr/include/hwy/highway.h", f"{CLANG}/include/omp.h", "bin/ninja", "bin/clang-tidy-16"):
            (self.root / name).unlink()
        for group, packages in (
            ("run", "ninja-build libhwy-dev"),
            ("check", "ninja-build libhwy-dev libomp-16-dev clang-tidy-16"),
        ):
            code, text, log = self.setup(group, LIMPID_NO_INSTALL="1")
            self.assertEqual((code, log), (1, ""))
            self.assertRegex(text, r"(?m)^  libhwy-dev +Highway: .+$")
            self.assertRegex(
                text, f"(?m)apt-get update && .*apt-get install -y --no-install-recommends {packages}$"
            )

    def test_python_modules_are_looked_for(self):
        self.add_command("python3", 'case "$1" in --version) echo Python 3.11.2;; *) echo;; esac')
        _, text, _ = self.setup("check", LIMPID_NO_INSTALL="1")
        self.assertRegex(text, "--no-install-recommends python3-pip python3-venv\n")

    def apt_that(self, body: str):
        self.add_command("apt-get", f'echo "apt-get $*" >>{self.root}/log\n{body}')

    def test_missing_packages_are_installed(self):
        header = self.root / "usr/include/fmt/format.h"
        header.unlink()
        self.apt_that(f"echo >{header}")
        code, _, log = self.setup()
        self.assertEqual(code, 0)
        self.assertRegex(log, r"install -y --no-install-recommends libfmt-dev\n$")
        self.assertNotIn("update", log)
        self.assertEqual(log.startswith("sudo\n"), os.getuid() != 0)

    def test_old_lists_are_renewed_first(self):
        (self.root / "var/lib/apt/lists/debian_Packages.lz4").unlink()
        (self.root / "usr/include/fmt/format.h").unlink()
        self.apt_that(f"echo >{self.root}/usr/include/fmt/format.h")
        code, _, log = self.setup()
        self.assertEqual(code, 0)
        self.assertRegex(log, "(?s)update.*install")

    def test_a_failed_installation_is_tried_again_with_new_lists(self):
        header = self.root / "usr/include/fmt/format.h"
        header.unlink()
        self.apt_that(
            f'case "$*" in *update*) echo >{self.root}/new;; *) [[ -e {self.root}/new ]] && echo >{header};; esac'
        )
        code, _, log = self.setup()
        self.assertEqual(code, 0, log)
        self.assertRegex(log, "(?s)install.*update.*install")

    def test_an_installation_that_does_not_help_is_said(self):
        (self.root / "usr/include/fmt/format.h").unlink()
        code, text, _ = self.setup()
        self.assertEqual(code, 1)
        self.assertIn("still not found", text)

    def test_tools_that_are_too_old_or_absent(self):
        self.add_command("rustc", "echo rustc 1.63.0")
        self.add_command("cmake", "exit 1")
        self.add_command("node", "echo v18.20.4")
        code, text, _ = self.setup()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"limpid needs node 20\.19 or newer, found 18\.20\.4: .*nodejs")
        self.assertRegex(text, r"limpid needs rustc 1\.\d+ or newer, found 1\.63\.0: .*rustup")
        self.assertRegex(text, r"limpid needs cmake 3\.\d+ or newer, found one that does not run: ")

    def test_rust_from_rustup_is_found_without_a_new_shell(self):
        (self.root / ".cargo/bin").mkdir(parents=True)
        (self.bin / "cargo").rename(self.root / ".cargo/bin/cargo")
        self.assertEqual(self.setup(), (0, "", ""))
        (self.root / ".cargo/bin/cargo").unlink()
        self.assertRegex(self.setup(LIMPID_NO_INSTALL="1")[1], "(?m)^  cargo-web +Rust")

    def test_another_system_than_debian(self):
        (self.root / "usr/include/fmt/format.h").unlink()
        (self.bin / "apt-get").unlink()
        code, text, _ = self.setup()
        self.assertEqual(code, 1)
        self.assertIn("There is no apt-get", text)

    def test_wrong_usage(self):
        self.assertEqual(self.setup("everything")[0], 2)


if __name__ == "__main__":
    unittest.main()
