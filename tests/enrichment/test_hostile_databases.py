"""Whatever lands in `geoip/`, a process that looks addresses up lives on with the data it had."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CUSTOMER = "Vikco Insurance"
# Of MaxMind's own test data, those that are damaged on purpose.
BROKEN = ("Broken", "Invalid", "broken")


class LookingProcess:
    """A process of its own: a signal such as SIGBUS would end the tests otherwise."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.geoip = data_dir / "geoip"
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.enrichment.looking", str(data_dir)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def look_again(self) -> str:
        """Its name for the customer, after it saw the files as they are now and used them in both threads."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the process ended with {self.process.wait()}: {self.log.read_text()}"
        answer = json.loads(line)
        assert answer["errors"] == []
        return str(answer["customer"])

    def refusals(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture(scope="module")
def looking(
    unpacked: Path, maxmind: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LookingProcess]:
    """One process for all that follows, so what came before must not have hurt it either."""
    data_dir = tmp_path_factory.mktemp("looking")
    for path in unpacked.glob("asn-*.mmdb"):
        os.link(path, data_dir / path.name)
    (data_dir / "geoip").mkdir()
    found = LookingProcess(data_dir, data_dir / "log")
    yield found
    found.process.kill()
    found.process.wait()


@pytest.fixture
def isp(maxmind: Path) -> bytes:
    return (maxmind / "test-data" / "GeoIP2-ISP-Test.mmdb").read_bytes()


@pytest.fixture(autouse=True)
def in_use(looking: LookingProcess, isp: bytes) -> Path:
    """The database that is in use when a test begins; the only one."""
    for path in looking.geoip.iterdir():
        path.unlink()
    path = looking.geoip / "isp.mmdb"
    path.write_bytes(isp)
    assert looking.look_again() == CUSTOMER
    return path


def swap(data: bytes, path: Path) -> None:
    draft = path.with_name("draft")
    draft.write_bytes(data)
    draft.replace(path)


def overwrite(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def cut(data: bytes, path: Path) -> None:
    """Shortens the file that is open; what a mapping of it holds is gone at once."""
    os.truncate(path, len(data))


def is_broken(path: Path) -> bool:
    return "bad-data" in path.parts or any(word in path.name for word in BROKEN)


def test_a_corrupt_database_is_refused_in_one_line(
    looking: LookingProcess, in_use: Path, maxmind: Path
) -> None:
    files = sorted((maxmind / "bad-data").rglob("*.mmdb"))
    assert len(files) >= 21
    for file in files:
        before = len(looking.refusals())
        swap(file.read_bytes(), in_use)
        assert looking.look_again() == CUSTOMER, file.name
        told = looking.refusals()[before:]
        assert len(told) == 1, (file.name, told)
        assert re.fullmatch(rf"GeoIP file refused: file={in_use} reason=[A-Z'i].{{10,350}}", told[0]), told


def test_a_corrupt_database_beside_a_good_one_costs_only_itself(
    looking: LookingProcess, maxmind: Path
) -> None:
    for file in filter(is_broken, maxmind.rglob("*.mmdb")):
        swap(file.read_bytes(), looking.geoip / file.name)
    before = len(looking.refusals())
    assert [looking.look_again() for _ in range(3)] == [CUSTOMER] * 3
    told = looking.refusals()[before:]
    assert len(told) == len({line.partition(" reason=")[0] for line in told})


def test_good_databases_of_all_editions_are_taken(looking: LookingProcess, maxmind: Path) -> None:
    good = [path for path in (maxmind / "test-data").glob("*.mmdb") if not is_broken(path)]
    assert len(good) >= 35
    before = len(looking.refusals())
    for file in good:
        swap(file.read_bytes(), looking.geoip / file.name)
    assert looking.look_again()
    assert looking.refusals()[before:] == []


@pytest.mark.parametrize("put", [swap, overwrite, cut])
@pytest.mark.parametrize("length", [0, 1, 1000, -100])
def test_half_a_file_leaves_the_old_data_in_use(
    looking: LookingProcess, in_use: Path, isp: bytes, length: int, put: Callable[[bytes, Path], None]
) -> None:
    put(isp[:length], in_use)
    before = len(looking.refusals())
    assert [looking.look_again(), looking.look_again()] == [CUSTOMER] * 2
    assert len(looking.refusals()[before:]) <= 1


@pytest.mark.parametrize("put", [swap, overwrite])
def test_a_web_page_leaves_the_old_data_in_use(
    looking: LookingProcess, in_use: Path, put: Callable[[bytes, Path], None]
) -> None:
    put(b"<!doctype html><title>Sign in</title>" * 2000, in_use)
    assert looking.look_again() == CUSTOMER


@pytest.mark.parametrize("share", [0.001, 0.05, 1.0])
def test_flipped_bits_leave_the_process_and_the_name(
    looking: LookingProcess, in_use: Path, isp: bytes, share: float
) -> None:
    chance = random.Random(4)
    flipped = bytes(b ^ 1 << chance.randrange(8) if chance.random() < share else b for b in isp)
    swap(flipped, in_use)
    assert looking.look_again() == CUSTOMER


def test_damage_that_shows_at_a_look_up_brings_the_one_before_back(
    looking: LookingProcess, in_use: Path, isp: bytes
) -> None:
    before = len(looking.refusals())
    # The name becomes a pointer to nowhere; only who asks for this one record meets it.
    at = isp.index(b"GHD") - 1
    swap(isp[:at] + b"\x3f\xff\xff\xff\xff" + isp[at + 5 :], in_use)
    looking.look_again()
    assert looking.look_again() == CUSTOMER
    assert len(looking.refusals()[before:]) == 1


def test_fifty_swaps_cost_no_look_up(looking: LookingProcess, in_use: Path, isp: bytes) -> None:
    before = len(looking.refusals())
    for _ in range(50):
        swap(isp, in_use)
        assert looking.look_again() == CUSTOMER
    assert looking.refusals()[before:] == []
