"""How records lie in a segment of the inbox: four bytes length, four bytes CRC32, the record.

Pure functions over bytes. Reading is written for files that a crash, a full disk or a bad disk has left
behind: what is whole is found again behind what is damaged.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct("<II")
# The largest body unpacks to 655,360 bytes of JSON, and a record is never twice as long as its JSON.
MOST_RECORD = 2 * 655_360

# Where a length of at most MOST_RECORD could stand: its two high bytes are small.
_POSSIBLE_LENGTH = re.compile(rb"(?=..[\x00-\x14]\x00)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """One record in a segment, from byte `start` to byte `end`; `damaged` says what is wrong with it."""

    start: int
    end: int
    record: bytes
    damaged: str = ""


def make_frame(record: bytes) -> bytes:
    """The bytes of a record as they lie in a segment. Raises ValueError when it is empty or too long."""
    if not 0 < len(record) <= MOST_RECORD:
        raise ValueError(f"a record must have 1 to {MOST_RECORD} bytes; this one has {len(record)}")
    return HEADER.pack(len(record), zlib.crc32(record)) + record


def read_frames(data: bytes, position: int, *, finished: bool) -> Iterator[Frame]:
    """The records from `position` on; `finished` says that nothing will be written to the segment any more.

    An incomplete record at the end is left out: its writer is still at it, or died before anyone was told
    that it is safe.
    """
    while position < len(data):
        end = find_end(data, position)
        if end is not None:
            yield Frame(position, end, data[position + HEADER.size : end])
        elif not finished and _is_cut_off(data, position):
            return
        else:
            end = _find_next(data, position)
            if end is None:
                yield from _read_tail(data, position, finished=finished)
                return
            yield Frame(position, end, data[position:end], "the checksum does not fit the record")
        position = end


def find_end(data: bytes, position: int) -> int | None:
    """Where the whole record at `position` ends, or None when there is no whole record."""
    end = _claimed_end(data, position)
    if end is None or end > len(data):
        return None
    crc = HEADER.unpack_from(data, position)[1]
    return end if zlib.crc32(memoryview(data)[position + HEADER.size : end]) == crc else None


def _claimed_end(data: bytes, position: int) -> int | None:
    """Where the header at `position` says its record ends; None without a header that makes sense."""
    if position + HEADER.size > len(data):
        return None
    length = HEADER.unpack_from(data, position)[0]
    return position + HEADER.size + length if 0 < length <= MOST_RECORD else None


def _is_cut_off(data: bytes, position: int) -> bool:
    """True when the rest of the record has yet to be read or written: in what strangers wrote into it, a
    search for the next record would take long and might find one that they made up."""
    return (_claimed_end(data, position) or 0) > len(data)


def _find_next(data: bytes, position: int) -> int | None:
    """Where reading can go on behind a damaged record, or None.

    The damaged record's own length is tried first; when it is the length that is damaged, the next whole
    record is looked for byte by byte.
    """
    end = _claimed_end(data, position)
    if end is not None and (end == len(data) or find_end(data, end) is not None):
        return end
    found = (match.start() for match in _POSSIBLE_LENGTH.finditer(data, position + 1))
    return next((start for start in found if find_end(data, start) is not None), None)


def _read_tail(data: bytes, position: int, *, finished: bool) -> Iterator[Frame]:
    """The last bytes, in which no whole record is left."""
    end = _claimed_end(data, position)
    is_torn = len(data) - position < HEADER.size or (end is not None and end > len(data))
    # A power cut can leave a file longer than what was written to it: the rest is zeros.
    if finished and not is_torn and data[position:].strip(b"\0"):
        yield Frame(position, len(data), data[position:], "no record can be made out")
