"""The durable log of accepted requests: append-only segment files, one writer per process and file.

A record is on the disk when `append` returns. The writer holds a lock on its segment, so a reader can tell
a segment that still grows from one whose writer is gone, also after kill -9. docs/protocol.md tells the rest.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from tracker.records import from_micros
from tracker.segments import MOST_RECORD, Frame, make_frame, read_frames

SUFFIX = ".seg"
# A segment bears this prefix until it is locked; readers and cleaners look past it.
UNBORN = ".new-"
UNBORN_SECONDS = 60
CHUNK = 2 * MOST_RECORD
# What one reading holds in memory; the largest records are a thousand times as long as the usual ones.
MOST_READ = 8 * 1024 * 1024


class InboxError(Exception):
    """A record could not be put on the disk; the sender must keep it and come again."""


class InboxFull(InboxError):
    """The disk is nearly full; free space, then accepting goes on by itself."""


class InboxUnavailable(InboxError):
    """The disk refused a write, or the inbox is closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to begin a new segment, and how much of the disk to leave free."""

    segment_bytes: int = 8 * 1024 * 1024
    segment_seconds: float = 300
    free_bytes: int = 256 * 1024 * 1024
    free_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Read:
    """One record read from bytes `start` to `end` of a segment; `damaged` says why it cannot be used."""

    segment: str
    start: int
    end: int
    record: bytes
    damaged: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the inbox behind the positions; a damaged record counts as one hit."""

    records: int
    hits: int
    oldest: datetime | None


def _shut() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
class _Group:
    """The frames that go to the disk together, and a gate that opens when their fate is known."""

    frames: list[bytes] = field(default_factory=list)
    gate: threading.Lock = field(default_factory=_shut)
    error: InboxError | None = None


class _Segment:
    """One file while it is written to."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / name
        self.size = 0
        self.born = time.monotonic()
        unborn = directory / (UNBORN + name)
        self.descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            # Locked before it gets its name: otherwise a cleaner could take it for a dead writer's.
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            unborn.rename(self.path)
            sync_directory(directory)
        except OSError:
            self.close()
            raise

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        os.fdatasync(self.descriptor)
        self.size += len(data)

    def abandon(self) -> None:
        """Cuts off what was not acknowledged and lets go of the file: after a failed sync nobody knows what
        the disk holds, so nothing is ever written behind it."""
        try:
            os.ftruncate(self.descriptor, self.size)
        except OSError:
            # What stays is read later; its sender comes again with the same ids, so nothing is stored twice.
            pass
        finally:
            self.close()

    def close(self) -> None:
        os.close(self.descriptor)


class Inbox:
    """The writing end. Safe for any number of threads, and across a fork."""

    def __init__(self, directory: Path, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self.directory = directory
        self.limits = limits
        self._closed = False
        if not directory.exists():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_directory(directory.parent)
        self._begin()
        _inboxes.add(self)

    def append(self, record: bytes) -> None:
        """Returns when the record is on the disk. Raises InboxFull or InboxUnavailable.

        Whoever comes first while the disk is busy writes for all who come after, with one sync for all.
        """
        self.append_all((record,))

    def append_all(self, records: Sequence[bytes]) -> None:
        """The same for many records (at least one), which cost one sync together."""
        frames = [make_frame(record) for record in records]
        with self._joining:
            group = self._next
            leads = not group.frames
            group.frames.extend(frames)
        if leads:
            self._lead(group)
        else:
            with group.gate:
                pass
        if group.error:
            raise type(group.error)(*group.error.args) from group.error

    def close(self) -> None:
        with self._writing:
            self._closed = True
            self._let_go()

    def _begin(self) -> None:
        self._joining = threading.Lock()
        self._writing = threading.Lock()
        self._next = _Group()
        self._segment: _Segment | None = None
        self._last_name = 0

    def _after_fork(self) -> None:
        # The child's copy of the descriptor would keep the parent's segment looking alive.
        self._let_go()
        self._begin()

    def _let_go(self) -> None:
        segment, self._segment = self._segment, None
        if segment:
            segment.close()

    def _lead(self, group: _Group) -> None:
        try:
            with self._writing:
                with self._joining:
                    self._next = _Group()
                self._commit(group)
        finally:
            group.gate.release()

    def _commit(self, group: _Group) -> None:
        group.error = InboxUnavailable("the write was interrupted")
        try:
            self._check_state()
            self._current_segment().write(b"".join(group.frames))
            group.error = None
        except InboxError as error:
            group.error = error
        except OSError as error:
            segment, self._segment = self._segment, None
            if segment:
                segment.abandon()
            group.error = InboxUnavailable(f"the inbox cannot be written: {error.strerror}")

    def _check_state(self) -> None:
        if self._closed:
            raise InboxUnavailable("the inbox is closed")
        disk = os.statvfs(self.directory)
        free = disk.f_bavail * disk.f_frsize
        if free < self.limits.free_bytes or free < self.limits.free_share * disk.f_blocks * disk.f_frsize:
            raise InboxFull(f"the disk of {self.directory} is nearly full")

    def _current_segment(self) -> _Segment:
        segment = self._segment
        if segment and not self._is_done(segment):
            return segment
        self._let_go()
        self._segment = _Segment(self.directory, self._new_name())
        return self._segment

    def _is_done(self, segment: _Segment) -> bool:
        age = time.monotonic() - segment.born
        return segment.size >= self.limits.segment_bytes or age >= self.limits.segment_seconds

    def _new_name(self) -> str:
        # Names sort by the time of birth, within a process even when the clock is set back.
        self._last_name = max(time.time_ns(), self._last_name + 1)
        return f"{self._last_name:020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"


_inboxes: weakref.WeakSet[Inbox] = weakref.WeakSet()


def _forget_after_fork() -> None:
    for inbox in list(_inboxes):
        inbox._after_fork()


os.register_at_fork(after_in_child=_forget_after_fork)


def sync_directory(directory: Path) -> None:
    """Puts the names in a directory on the disk: without it a power cut can take a whole new file away."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_inbox(directory: Path, positions: Mapping[str, int], limit: int) -> list[Read]:
    """At most `limit` records, or some 8 MB, behind the positions (bytes per segment), oldest first."""
    reads: list[Read] = []
    size = 0
    for path in _segments(directory):
        for read in _read_segment(path, positions.get(path.name, 0)):
            if len(reads) >= limit or size >= MOST_READ:
                return reads
            reads.append(read)
            size += len(read.record)
    return reads


def delete_finished(directory: Path, positions: Mapping[str, int]) -> list[str]:
    """Deletes segments that are wholly processed and that no writer holds; returns their names.

    Call it only after the transaction that moved the positions has been committed.
    """
    deleted = []
    for path in _segments(directory):
        if _is_processed(path, positions.get(path.name, 0)):
            path.unlink(missing_ok=True)
            deleted.append(path.name)
    if deleted:
        # The caller forgets the positions now; a file that came back after a power cut would be read anew.
        sync_directory(directory)
    _delete_unborn(directory)
    return deleted


def waiting_records(directory: Path, positions: Mapping[str, int]) -> Waiting:
    """What is accepted and not yet processed; `oldest` is when the longest waiting one came in."""
    records = hits = 0
    oldest: int | None = None
    for path in _segments(directory):
        for read in _read_segment(path, positions.get(path.name, 0)):
            peek = _peek(read)
            records += 1
            hits += len(peek.hits) if peek else 1
            if peek and (oldest is None or peek.received < oldest):
                oldest = peek.received
    return Waiting(records, hits, None if oldest is None else from_micros(oldest))


def wake(path: Path) -> None:
    """Tells the worker that something has come in. Never raises: the worker also looks by itself."""
    global _wake_socket
    try:
        if _wake_socket is None:
            _wake_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        _wake_socket.sendto(b"1", str(path))
    except OSError:
        pass


_wake_socket: socket.socket | None = None


class _Peek(msgspec.Struct):
    """The two fields of an envelope that counting needs; the hits are not decoded."""

    received: int
    hits: list[msgspec.Raw]


_peeker = msgspec.msgpack.Decoder(_Peek)


def _peek(read: Read) -> _Peek | None:
    try:
        return None if read.damaged else _peeker.decode(read.record)
    except msgspec.DecodeError:
        return None


def _segments(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob(f"*{SUFFIX}") if not path.name.startswith("."))


def _read_segment(path: Path, position: int) -> Iterator[Read]:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        # Asked before reading: what a writer that is gone by now has written is then all there.
        finished = _is_free(descriptor)
        for frame in _read_chunks(descriptor, position, finished=finished):
            yield Read(path.name, frame.start, frame.end, frame.record, frame.damaged)
    finally:
        os.close(descriptor)


def _read_chunks(descriptor: int, position: int, *, finished: bool) -> Iterator[Frame]:
    """The frames of a file, without holding all of it in memory."""
    size = CHUNK
    while True:
        data = os.pread(descriptor, size, position)
        is_last = len(data) < size
        end = 0
        for frame in read_frames(data, 0, finished=finished and is_last):
            end = frame.end
            yield Frame(position + frame.start, position + end, frame.record, frame.damaged)
        if is_last:
            return
        position += end
        # No record within the chunk: a damaged stretch is longer than it.
        size = CHUNK if end else size * 2


def _is_processed(path: Path, position: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        frames = _read_chunks(descriptor, position, finished=True)
        return _is_free(descriptor) and next(frames, None) is None
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """True when no writer holds the file. A shared lock is tried, and given back at once."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def _delete_unborn(directory: Path) -> None:
    """Removes what a process left that died between making a segment and naming it; nothing is in it."""
    for path in directory.glob(f"{UNBORN}*"):
        try:
            if time.time() - path.stat().st_mtime > UNBORN_SECONDS:
                path.unlink()
        except FileNotFoundError:
            continue
