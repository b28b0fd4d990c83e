"""A sender that is killed between its try and the answer: nothing is lost, a repeat is marked, at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from alerts.outbox import send_waiting
from tests.alerts.scene import Scene
from tests.conftest import wait_until
from tests.fakes.slack import FakeSlack
from tracker.settings import Settings

SENDER = """
import sys
from datetime import datetime
from pathlib import Path
from alerts.outbox import send_waiting
from tests.conftest import make_settings
from tracker.db import Database

url, directory, slack, now = sys.argv[1:]
settings = make_settings(Path(directory), url, slack_api_url=slack)
send_waiting(Database(url), settings, datetime.fromisoformat(now), until_done=True)
"""


def test_a_killed_sender_leaves_one_marked_repeat(
    scene: Scene, far_ends: Settings, slack: FakeSlack, tmp_path: Path
) -> None:
    first, second = scene.deliveries(channel=scene.channel(), count=2)
    slack.hold.clear()
    arguments = [scene.database.url, str(tmp_path), slack.api_url, scene.now.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, *arguments], cwd=Path(__file__).parent.parent.parent
    )
    wait_until(lambda: slack.received, seconds=30, what="the request of the sender")
    process.send_signal(signal.SIGKILL)
    process.wait()
    slack.hold.set()

    send_waiting(scene.database, far_ends, scene.later(seconds=1), until_done=True)

    assert [scene.get(one).state for one in (first, second)] == ["delivered", "delivered"]
    assert [scene.get(one).possible_repeat for one in (first, second)] == [True, False]
    assert ["(Possible repeat)" in text for text in slack.texts] == [False, True, False]
    assert [one.ended_at is None for one in scene.tries(first)] == [True, False]
