"""The readers of environment variables."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.env import Environment, SettingError


def test_an_empty_variable_counts_as_unset() -> None:
    assert Environment({"SHOP_NAME": ""}).text("SHOP_NAME", "Demo", about="") == "Demo"


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    assert Environment({"SECRET_KEY_FILE": str(path)}).text("SECRET_KEY", about="") == "s3cret"


def test_a_variable_and_its_file_are_not_both_set(tmp_path: Path) -> None:
    env = Environment({"SECRET_KEY": "a", "SECRET_KEY_FILE": str(tmp_path / "b")})
    with pytest.raises(SettingError, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        env.text("SECRET_KEY", about="")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    env = Environment({"SECRET_KEY_FILE": str(tmp_path / "missing")})
    with pytest.raises(SettingError, match="SECRET_KEY_FILE names a file that cannot be read"):
        env.text("SECRET_KEY", about="")


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("TRUE", True), ("on", True), ("no", False), ("0", False)]
)
def test_a_flag_is_read_in_its_usual_spellings(text: str, flag: bool) -> None:
    assert Environment({"DEBUG": text}).flag("DEBUG", default=not flag, about="") is flag


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("1.5h", timedelta(minutes=90)),
        ("45", timedelta(seconds=45)),
    ],
)
def test_a_duration_carries_its_unit(text: str, duration: timedelta) -> None:
    assert Environment({"WAIT": text}).duration("WAIT", "1s", about="") == duration


def test_unusable_values_are_refused_with_what_to_set() -> None:
    env = Environment({"F": "maybe", "I": "-3", "J": "ten", "D": "soon", "C": "xml"})
    with pytest.raises(SettingError, match="F is 'maybe'; set it to true or false"):
        env.flag("F", default=False, about="")
    for name in "IJ":
        with pytest.raises(SettingError, match="set it to a whole number from 1 up"):
            env.integer(name, 1, at_least=1, about="")
    with pytest.raises(SettingError, match="D is 'soon'; set a duration such as 500ms"):
        env.duration("D", "1s", about="")
    with pytest.raises(SettingError, match="C is 'xml'; set it to one of: json, console"):
        env.choice("C", "json", of=("json", "console"), about="")


def test_the_parts_of_a_list_lose_their_blanks() -> None:
    assert Environment({"HOSTS": " a , ,b"}).names("HOSTS", about="") == ["a", "b"]


def test_what_was_declared_is_kept_for_the_documentation() -> None:
    env = Environment({})
    env.section("The shop")
    env.text("SHOP_NAME", "Demo", about="The shop's name.")
    kept = env.variables["SHOP_NAME"]
    assert (kept.section, kept.default, kept.about) == ("The shop", "Demo", "The shop's name.")
