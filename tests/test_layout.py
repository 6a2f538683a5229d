"""Facts about the tree that nothing else would notice."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("platform", "orders", "providers")
LONGEST_MODULE = 400  # lines; a longer one usually holds two ideas
VAGUE_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def modules() -> list[Path]:
    return [
        path
        for root in SOURCE_ROOTS
        for path in sorted((ROOT / root).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def test_platform_is_a_source_root_and_never_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists(), (
        "platform/__init__.py shadows the standard library's platform module and breaks Celery"
    )


def test_the_standard_librarys_platform_module_is_found_from_the_project_directory() -> None:
    code = "import platform, sys; sys.exit(not platform.python_version())"
    environment = {"PATH": "", "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert found.returncode == 0


def test_test_folders_are_no_packages() -> None:
    # A test folder called `orders` or `config` would otherwise shadow the package of that name.
    assert [str(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE
    assert path.name not in VAGUE_NAMES


def test_every_folder_of_the_source_roots_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    without = [
        str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()
    ]
    assert without == []
