"""Settings come from the environment, and odd values stop the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import make_settings
from tracker.settings import SettingError, read_settings


def test_without_a_database_setting_the_database_is_in_the_data_directory(tmp_path: Path) -> None:
    settings = read_settings({"DOORBELL_DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/doorbell.db"


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    environ = {"DOORBELL_DATA_DIR": str(tmp_path)}
    first = read_settings(environ).secret_key
    assert len(first) >= 32
    assert read_settings(environ).secret_key == first


def test_the_kept_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    read_settings({"DOORBELL_DATA_DIR": str(tmp_path)})
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    environ = {"DOORBELL_DATA_DIR": str(tmp_path), "DOORBELL_SECRET_KEY_FILE": str(tmp_path / "key")}
    assert read_settings(environ).secret_key == "from a file"


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("DOORBELL_BASE_URL", "bell.acme.test", "http://"),
        ("DOORBELL_TRUSTED_PROXIES", "10.0.0.0/64", "10.0.0.0/8"),
        ("DOORBELL_ALLOW_PRIVATE_OUTBOUND", "maybe", "on or off"),
    ],
)
def test_an_odd_value_is_refused_with_the_setting_s_name_and_advice(
    tmp_path: Path, name: str, value: str, advice: str
) -> None:
    with pytest.raises(SettingError, match=name) as caught:
        read_settings({"DOORBELL_DATA_DIR": str(tmp_path), name: value})
    assert advice in str(caught.value)


def test_a_deep_data_directory_still_has_a_wake_socket_address_that_fits(tmp_path: Path) -> None:
    path = make_settings(tmp_path / ("d" * 120)).wake_path
    assert len(os.fsencode(path)) <= 107
