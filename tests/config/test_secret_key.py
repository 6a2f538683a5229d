"""The key that signs sessions."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import secret_key
from config.env import SettingError


def test_production_without_a_key_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"postroom\.E002: SECRET_KEY is not set\. Set it"
    ):
        secret_key.resolve(None, debug=False, var_dir=tmp_path)


def test_production_with_a_guessable_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="only 6 characters"):
        secret_key.resolve("secret", debug=False, var_dir=tmp_path)


def test_development_makes_a_key_once_that_only_its_owner_may_read(tmp_path: Path) -> None:
    first = secret_key.resolve(None, debug=True, var_dir=tmp_path / "var")
    assert len(first) > 80
    assert secret_key.resolve(None, debug=True, var_dir=tmp_path / "var") == first
    (kept,) = (tmp_path / "var").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from config import secret_key;"
        "print(secret_key.resolve(None, debug=True, var_dir=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({racer.communicate(timeout=60)[0] for racer in racers}) == 1


def test_a_var_dir_that_cannot_hold_the_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="VAR_DIR cannot hold the secret key"):
        secret_key.resolve(None, debug=True, var_dir=tmp_path / "file")
