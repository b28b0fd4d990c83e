"""The inbox: what is acknowledged is on the disk, whatever happens to the writer or the disk."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tracker.inbox import (
    Inbox,
    InboxFull,
    InboxUnavailable,
    Limits,
    delete_finished,
    read_inbox,
    waiting_records,
    wake,
)
from tracker.records import Envelope, Hit, encode_envelope, to_micros
from tracker.segments import MOST_RECORD, make_frame

ROOT = Path(__file__).parents[2]
SMALL = Limits(segment_bytes=1000, free_bytes=0, free_share=0)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path / "inbox")
    yield inbox
    inbox.close()


def records(directory: Path, positions: dict[str, int] | None = None) -> list[bytes]:
    return [read.record for read in read_inbox(directory, positions or {}, 100_000)]


def positions_after_all(directory: Path) -> dict[str, int]:
    return {read.segment: read.end for read in read_inbox(directory, {}, 100_000)}


def only_segment(directory: Path) -> Path:
    (path,) = directory.glob("*.seg")
    return path


def envelope(minute: int, hits: int) -> bytes:
    received = to_micros(datetime(2026, 11, 21, 14, minute, tzinfo=UTC))
    return encode_envelope(
        Envelope("acme-web", received, "192.0.2.1", [Hit("pageview", str(n), received) for n in range(hits)])
    )


def test_a_record_is_readable_as_soon_as_append_returns(inbox: Inbox) -> None:
    inbox.append(b"one")
    inbox.append(b"two")
    assert records(inbox.directory) == [b"one", b"two"]


def test_reading_goes_on_behind_the_position(inbox: Inbox) -> None:
    for record in (b"one", b"two", b"three"):
        inbox.append(record)
    first = read_inbox(inbox.directory, {}, 1)[0]
    assert records(inbox.directory, {first.segment: first.end}) == [b"two", b"three"]


def test_a_limit_bounds_one_reading(inbox: Inbox) -> None:
    for number in range(10):
        inbox.append(b"%d" % number)
    assert len(read_inbox(inbox.directory, {}, 4)) == 4


def test_long_records_bound_one_reading_sooner(inbox: Inbox) -> None:
    inbox.append_all([bytes([at]) * MOST_RECORD for at in range(1, 11)])
    first = read_inbox(inbox.directory, {}, 500)
    assert len(first) == 7
    assert len(records(inbox.directory, {first[-1].segment: first[-1].end})) == 3


def test_every_sync_is_before_the_append_returns(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (fdatasync(fd), synced.append(os.fstat(fd).st_size)))
    inbox.append(b"one")
    assert synced == [only_segment(inbox.directory).stat().st_size]


def test_the_directory_is_synced_when_a_segment_is_born(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (fsync(fd), synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())))
    )
    inbox = Inbox(tmp_path)
    inbox.append(b"one")
    inbox.append(b"two")
    inbox.close()
    assert synced == [str(tmp_path)]


def test_threads_that_come_while_the_disk_is_busy_share_one_sync(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.append(b"first")
    may_go, syncs = threading.Event(), []
    fdatasync = os.fdatasync

    def slow(descriptor: int) -> None:
        syncs.append(1)
        may_go.wait(10)
        fdatasync(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with ThreadPoolExecutor(32) as pool:
        done = [pool.submit(inbox.append, b"leader")]
        wait_until(lambda: syncs)
        done += [pool.submit(inbox.append, b"%d" % number) for number in range(31)]
        wait_until(lambda: len(inbox._next.frames) == 31)
        may_go.set()
        for future in done:
            future.result(10)
    assert len(syncs) == 2
    assert len(records(inbox.directory)) == 33


def test_32_threads_lose_and_double_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, Limits(segment_bytes=20_000, free_bytes=0, free_share=0))
    sent = [b"%d" % number * 10 for number in range(3200)]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(inbox.append, sent))
    inbox.close()
    assert sorted(records(tmp_path)) == sorted(sent)
    assert len(list(tmp_path.glob("*.seg"))) > 1


def test_a_full_segment_is_followed_by_one_that_sorts_behind_it(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, SMALL)
    for number in range(30):
        inbox.append(b"%02d" % number * 100)
    inbox.close()
    assert [record[:2] for record in records(tmp_path)] == [b"%02d" % number for number in range(30)]


def test_an_old_segment_is_left_for_a_new_one(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, Limits(segment_seconds=0, free_bytes=0, free_share=0))
    inbox.append(b"one")
    inbox.append(b"two")
    inbox.close()
    assert len(list(tmp_path.glob("*.seg"))) == 2


def test_a_processed_segment_is_deleted_once_the_writer_has_moved_on(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, Limits(segment_seconds=0, free_bytes=0, free_share=0))
    inbox.append(b"one")
    inbox.append(b"two")
    first, second = sorted(path.name for path in tmp_path.glob("*.seg"))
    assert delete_finished(tmp_path, positions_after_all(tmp_path)) == [first]
    inbox.close()
    assert delete_finished(tmp_path, positions_after_all(tmp_path)) == [second]
    assert list(tmp_path.iterdir()) == []


def test_a_segment_with_a_waiting_record_is_not_deleted(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.append(b"one")
    first = read_inbox(tmp_path, {}, 1)[0]
    inbox.append(b"two")
    inbox.close()
    assert delete_finished(tmp_path, {first.segment: first.end}) == []


def test_a_segment_in_use_is_not_deleted(inbox: Inbox) -> None:
    inbox.append(b"one")
    assert delete_finished(inbox.directory, positions_after_all(inbox.directory)) == []
    inbox.append(b"two")
    assert records(inbox.directory) == [b"one", b"two"]


def test_what_a_process_left_before_it_could_name_its_segment_is_removed_later(tmp_path: Path) -> None:
    young, old = tmp_path / ".new-young.seg", tmp_path / ".new-old.seg"
    young.touch()
    old.touch()
    os.utime(old, (0, 0))
    delete_finished(tmp_path, {})
    assert list(tmp_path.iterdir()) == [young]


def test_a_torn_record_at_the_end_of_a_dead_segment_was_never_acknowledged(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.append(b"one")
    inbox.append(b"two" * 100)
    inbox.close()
    path = only_segment(tmp_path)
    data = path.read_bytes()
    for cut in range(len(make_frame(b"one")), len(data)):
        path.write_bytes(data[:cut])
        assert records(tmp_path) == [b"one"]
    assert delete_finished(tmp_path, positions_after_all(tmp_path)) == [path.name]


def test_a_record_that_is_still_being_written_is_waited_for(inbox: Inbox) -> None:
    inbox.append(b"one")
    path = only_segment(inbox.directory)
    with path.open("ab") as file:
        file.write(bytes([3, 0, 0, 0, 1]))
    assert records(inbox.directory) == [b"one"]


def test_a_record_made_up_inside_one_still_being_written_is_not_read(inbox: Inbox) -> None:
    inbox.append(b"one")
    whole = make_frame(make_frame(b"made up") + b"x" * 1000)
    with only_segment(inbox.directory).open("ab") as file:
        file.write(whole[:500])
        file.flush()
        assert records(inbox.directory) == [b"one"]
        file.write(whole[500:])
    assert records(inbox.directory) == [b"one", make_frame(b"made up") + b"x" * 1000]


def test_zeros_behind_the_last_record_are_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.append(b"one")
    inbox.close()
    os.truncate(only_segment(tmp_path), 5000)
    assert records(tmp_path) == [b"one"]


@pytest.mark.parametrize("byte", range(8, 8 + 8 + 5))
def test_any_flipped_byte_damages_one_record_and_no_other(tmp_path: Path, byte: int) -> None:
    inbox = Inbox(tmp_path)
    for record in (b"one", b"three", b"four", b"fives"):
        inbox.append(record)
    inbox.close()
    path = only_segment(tmp_path)
    data = bytearray(path.read_bytes())
    data[3 + byte] ^= 0x55
    path.write_bytes(data)
    reads = read_inbox(tmp_path, {}, 10)
    assert [read.record for read in reads if not read.damaged] == [b"one", b"four", b"fives"]
    (damaged,) = [read for read in reads if read.damaged]
    assert damaged.record == bytes(data)[damaged.start : damaged.end]


def test_a_damaged_record_is_delivered_with_its_bytes_and_the_segment_can_go(tmp_path: Path) -> None:
    path = tmp_path / "00000000000000000001-1-ab.seg"
    path.write_bytes(b"\xff" * 3000)
    (read,) = read_inbox(tmp_path, {}, 10)
    assert (read.damaged != "", read.record, read.end) == (True, b"\xff" * 3000, 3000)
    assert delete_finished(tmp_path, {path.name: 3000}) == [path.name]


def test_a_long_damaged_stretch_does_not_hide_what_follows(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.append(b"one")
    inbox.append(b"two")
    inbox.close()
    path = only_segment(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:11] + b"\xff" * 6_000_000 + data[11:])
    reads = read_inbox(tmp_path, {}, 10)
    assert [read.record for read in reads if not read.damaged] == [b"one", b"two"]


def test_any_damage_at_all_is_read_without_an_error(tmp_path: Path) -> None:
    chance = random.Random(1)
    inbox = Inbox(tmp_path)
    for number in range(20):
        inbox.append(b"%02d" % number * 30)
    inbox.close()
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    for _ in range(200):
        data = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(6)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        reads = read_inbox(tmp_path, {}, 1000)
        ends = [0, *(read.end for read in reads)]
        assert [read.start for read in reads] == ends[:-1]
        assert delete_finished(tmp_path, {path.name: ends[-1]}) == [path.name]


def test_a_nearly_full_disk_is_refused_and_accepting_goes_on_when_there_is_room(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, Limits(free_bytes=2**62, free_share=0))
    with pytest.raises(InboxFull):
        inbox.append(b"one")
    inbox.limits = Limits(free_bytes=0, free_share=0)
    inbox.append(b"two")
    assert records(tmp_path) == [b"two"]


def test_the_share_of_free_space_counts_too(tmp_path: Path) -> None:
    with pytest.raises(InboxFull):
        Inbox(tmp_path, Limits(free_bytes=0, free_share=1.0)).append(b"one")


def test_a_failed_sync_acknowledges_nothing_and_leaves_nothing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.append(b"one")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(InboxUnavailable):
            inbox.append(b"two")
    inbox.append(b"three")
    assert records(inbox.directory) == [b"one", b"three"]


def test_a_really_full_disk_keeps_all_that_was_acknowledged(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let the test mount a small disk")
    try:
        inbox = Inbox(disk, Limits(free_bytes=0, free_share=0))
        acknowledged = []
        with pytest.raises(InboxUnavailable):
            for number in range(1000):
                inbox.append(b"%04d" % number * 500)
                acknowledged.append(b"%04d" % number * 500)
        inbox.close()
        assert records(disk) == acknowledged
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_closed_inbox_takes_nothing(inbox: Inbox) -> None:
    inbox.close()
    with pytest.raises(InboxUnavailable):
        inbox.append(b"one")


@pytest.mark.parametrize("record", [b"", b"x" * 2_000_000], ids=["empty", "too long"])
def test_a_record_of_an_impossible_size_is_refused(inbox: Inbox, record: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        inbox.append(record)


def test_a_forked_child_writes_its_own_segment_and_frees_its_parents(inbox: Inbox) -> None:
    inbox.append(b"parent")
    child = os.fork()
    if child == 0:
        inbox.append(b"child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    inbox.append(b"parent again")
    assert sorted(records(inbox.directory)) == [b"child", b"parent", b"parent again"]
    assert len(list(inbox.directory.glob("*.seg"))) == 2


def test_what_waits_is_counted_in_records_and_hits(inbox: Inbox) -> None:
    inbox.append(envelope(5, hits=2))
    inbox.append(envelope(3, hits=3))
    inbox.append(b"no envelope")
    waiting = waiting_records(inbox.directory, {})
    assert (waiting.records, waiting.hits) == (3, 6)
    assert waiting.oldest == datetime(2026, 11, 21, 14, 3, tzinfo=UTC)


def test_nothing_waits_behind_the_last_position(inbox: Inbox) -> None:
    inbox.append(envelope(5, hits=2))
    waiting = waiting_records(inbox.directory, positions_after_all(inbox.directory))
    assert (waiting.records, waiting.hits, waiting.oldest) == (0, 0, None)


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert read_inbox(tmp_path / "none", {}, 10) == []


WRITER = """
import sys, threading
from pathlib import Path
from tracker.inbox import Inbox, Limits
inbox = Inbox(Path(sys.argv[1]), Limits(segment_bytes=50_000, free_bytes=0, free_share=0))
lock = threading.Lock()
def write(thread):
    for number in range(1_000_000):
        text = f"{thread}-{number}"
        inbox.append(text.encode() * 20)
        with lock:
            sys.stdout.write(text + "\\n")
            sys.stdout.flush()
for thread in range(8):
    threading.Thread(target=write, args=(thread,)).start()
"""


@pytest.mark.parametrize("after", [1, 50, 400, 1500])
def test_kill_9_loses_no_acknowledged_record(tmp_path: Path, after: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert writer.stdout
    acknowledged = {writer.stdout.readline().strip() for _ in range(after)}
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split(b"\n")
    writer.wait()
    acknowledged |= set(rest[:-1])
    found = records(tmp_path)
    assert {text * 20 for text in acknowledged} <= set(found)
    assert len(found) == len(set(found))
    assert not [read for read in read_inbox(tmp_path, {}, 100_000) if read.damaged]


def test_a_killed_writers_segments_can_be_deleted(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert writer.stdout
    writer.stdout.readline()
    writer.kill()
    writer.communicate()
    delete_finished(tmp_path, positions_after_all(tmp_path))
    assert list(tmp_path.glob("*.seg")) == []


def test_wake_reaches_the_worker(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        worker.bind(str(tmp_path / "wake.sock"))
        worker.settimeout(5)
        wake(tmp_path / "wake.sock")
        assert worker.recv(10) == b"1"


def test_wake_never_waits_and_never_raises(tmp_path: Path) -> None:
    wake(tmp_path / "nobody.sock")
    wake(tmp_path / ("long" * 100))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        worker.bind(str(tmp_path / "wake.sock"))
        for _ in range(2000):
            wake(tmp_path / "wake.sock")
