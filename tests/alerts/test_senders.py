from __future__ import annotations

import subprocess
import sys

from alerts.senders import has_died, sender_name

NAME = "from alerts.senders import sender_name; print(sender_name(), flush=True); input()"


def test_a_process_that_runs_has_not_died() -> None:
    assert sender_name()
    assert not has_died(sender_name())


def test_a_killed_process_has_died_also_before_it_was_waited_for() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        name = process.stdout.readline().strip()
        assert not has_died(name)
        process.kill()
        process.stdout.read()  # returns when the kernel has closed the dead process's files
        process.wait()
        assert has_died(name)


def test_another_process_with_the_same_number_is_not_the_sender() -> None:
    place, _, started = sender_name().rpartition("@")
    assert has_died(f"{place}@{int(started) - 1}")


def test_nothing_is_known_of_another_machine() -> None:
    boot, _, rest = sender_name().partition("/")
    assert not has_died(f"another-boot-than-{boot}/{rest}")
    assert not has_died("")
    assert not has_died("nonsense")
