"""How right and how fast identification is: `python -m bench.identify`.

Accuracy on rows of address and right answer (`../shared/data/identify_dev.csv`, or a file named as
the argument: ip, expect_kind, expect_org, expect_domain), and look-ups a second against the bare
MMDB reader on the same file in the same run.
"""

from __future__ import annotations

import csv
import ipaddress
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import maxminddb

from enrichment.chain import Identified, identify_address
from enrichment.classify import known_organisations
from enrichment.kinds import Kind
from enrichment.providers import Provider, open_providers
from enrichment.providers.reviewed import reviews

ROWS = Path(__file__).resolve().parents[2] / "shared" / "data" / "identify_dev.csv"
SHORT_KINDS = {"edu": "education", "gov": "government"}
COUNT = 20_000
# A website's visitors come back and share offices: fewer addresses than look-ups.
DISTINCT = 4_000
OTHERS = 2_000
LIMIT_US = 40
LIMIT_MB = 60


def main() -> None:
    """Print accuracy, then speed."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with TemporaryDirectory() as folder:
        providers = open_providers(Path(folder))
        if path.exists():
            print_accuracy(path, providers)
        else:
            print(f"accuracy: left out, {path} is not there")
        print_speed(providers, next(Path(folder).glob("*.mmdb")))
        print_memory(Path(folder))


def print_accuracy(path: Path, providers: Sequence[Provider]) -> None:
    """Companies named, others wrongly called companies, and the domains of companies."""
    with path.open(encoding="utf-8") as file:
        answers = [(row, identify_address(row["ip"], providers)) for row in csv.DictReader(file)]
    companies = [(row, found) for row, found in answers if row["expect_kind"] == "company"]
    others = [found for row, found in answers if row["expect_kind"] != "company"]
    print(f"companies named:  {_count_companies(found for _, found in companies)} of {len(companies)}")
    print(f"others so called: {_count_companies(others)} of {len(others)}")
    for name, count in sorted(_domain_counts(companies).items()):
        print(f"domains {name}: {count}")
    print("domains right after matching: {} of {}".format(*count_matched(path, providers)))
    for row, found in answers:
        expected = SHORT_KINDS.get(row["expect_kind"], row["expect_kind"])
        if expected != found.kind:
            print(f"  {row['ip']} ({row['expect_org']}) is {expected}, got {found.kind}")


def _count_companies(answers: Iterable[Identified]) -> int:
    return sum(found.kind is Kind.COMPANY for found in answers)


def _domain_counts(companies: Iterable[tuple[dict[str, str], Identified]]) -> Counter[str]:
    counts = Counter[str]()
    for row, found in companies:
        right = set(row["expect_domain"].split("|")) - {""}
        if not right:
            continue
        counts["asserted, right"] += found.domain in right
        counts["asserted, wrong"] += bool(found.domain) and found.domain not in right
        counts["among the candidates only"] += not found.domain and bool(right & set(found.candidates))
    return counts


def count_matched(path: Path, providers: Iterable[Provider]) -> tuple[int, int]:
    """Companies whose right domain is asserted, or their first candidate that is known; of how many.

    Known are the expected domains and 2,000 of other companies, as in a book of customers.
    """
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["expect_kind"] == "company"]
    expected = [(row["ip"], frozenset(row["expect_domain"].split("|")) - {""}) for row in rows]
    expected = [(address, right) for address, right in expected if right]
    known = frozenset().union(*(right for _, right in expected)) | other_domains()
    matched = [find_domain(identify_address(address, providers), known) for address, _ in expected]
    return sum(domain in right for domain, (_, right) in zip(matched, expected, strict=True)), len(expected)


def find_domain(found: Identified, known: Collection[str]) -> str:
    """The asserted domain, else the first candidate among the known ones, else empty."""
    return found.domain or next((domain for domain in found.candidates if domain in known), "")


def other_domains() -> frozenset[str]:
    """Domains of 2,000 organisations out of the reviewed data, always the same ones."""
    book = reviews()
    reviewed = [domain for asn in book.numbers if (found := book.find(asn)) for domain in found.domains]
    listed = {*reviewed, *(domain for row in known_organisations().values() for domain in row.domains)}
    return frozenset(random.Random(7).sample(sorted(listed), OTHERS))


def print_speed(providers: Sequence[Provider], table: Path) -> None:
    """Microseconds of processor time a look-up, with the caches cold and warm, against the bare reader."""
    addresses = _addresses()
    with maxminddb.open_database(table, maxminddb.MODE_MEMORY) as reader:
        bare = _microseconds(reader.get, addresses)
    cold = _microseconds(lambda address: identify_address(address, providers), addresses)
    warm = _microseconds(lambda address: identify_address(address, providers), addresses)
    print(f"bare reader, in memory: {bare:6.1f} us a look-up")
    print(f"identification, cold:   {cold:6.1f} us ({cold / bare:.1f} times)")
    print(f"identification, warm:   {warm:6.1f} us ({warm / bare:.1f} times), limit {LIMIT_US} us")


def print_memory(folder: Path) -> None:
    """Megabytes that a process holds above an empty one, once it has identified an address."""
    full = _resident_mb(
        "import pathlib; from enrichment.chain import identify_address; "
        "from enrichment.providers import open_providers; "
        f"kept = open_providers(pathlib.Path({str(folder)!r})); identify_address('148.2.71.144', kept)"
    )
    above = full - _resident_mb("pass")
    print(f"memory with all data:   {above:6.1f} MB above an empty process, limit {LIMIT_MB} MB")


def _resident_mb(code: str) -> float:
    """The resident memory of a fresh Python once it has run `code`; Linux only."""
    status = "print(open('/proc/self/status').read())"
    command = [sys.executable, "-c", f"{code}; {status}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _addresses() -> list[str]:
    chance = random.Random(7)
    pool = [str(ipaddress.IPv4Address(chance.randrange(0x01000000, 0xDF000000))) for _ in range(DISTINCT)]
    return chance.choices(pool, k=COUNT)


def _microseconds(look_up: Callable[[str], object], addresses: Sequence[str]) -> float:
    begun = time.process_time()
    for address in addresses:
        look_up(address)
    return (time.process_time() - begun) / len(addresses) * 1e6


if __name__ == "__main__":
    main()
