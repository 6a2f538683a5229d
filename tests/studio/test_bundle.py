"""The editor's bundle is committed: what is committed was built from the sources beside it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

STUDIO = Path(__file__).resolve().parents[2] / "platform" / "studio"
FRONTEND, STATIC = STUDIO / "frontend", STUDIO / "static" / "studio"
BUILD_AGAIN = "build it again: cd platform/studio/frontend && npm ci && npm run build"


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """What the build wrote down of itself."""
    record: dict[str, Any] = json.loads((STATIC / "built.json").read_text(encoding="utf-8"))
    return record


def test_the_bundle_was_built_from_these_sources(built: dict[str, Any]) -> None:
    sources = [FRONTEND / name for name in ("package.json", "package-lock.json", "build.mjs")]
    sources += [path for path in (FRONTEND / "src").rglob("*") if path.is_file()]

    assert built["sources"] == _hashes(sources, below=FRONTEND), BUILD_AGAIN


def test_nobody_changed_the_bundle_by_hand(built: dict[str, Any]) -> None:
    results = [STATIC / name for name in built["results"]]

    assert built["results"] == _hashes(results, below=STATIC), BUILD_AGAIN
    assert {path.name for path in STATIC.iterdir()} == {"built.json", *built["results"]}


def test_the_packages_are_locked_with_hashes() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: about for name, about in lock["packages"].items() if name}

    assert packages
    assert [name for name, about in packages.items() if "integrity" not in about] == []


def test_the_bundle_loads_nothing_from_outside() -> None:
    script = (STATIC / "studio.js").read_text(encoding="utf-8")

    assert "https://" not in script
    assert "eval(" not in script
    assert "new Function" not in script


def test_the_licences_of_what_is_in_the_bundle_are_beside_it() -> None:
    licences = (STATIC / "studio.licences.txt").read_text(encoding="utf-8")

    assert "@codemirror/view" in licences
    assert "MIT License" in licences


def _hashes(paths: list[Path], *, below: Path) -> dict[str, str]:
    return {
        path.relative_to(below).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }
