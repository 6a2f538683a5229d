"""What deploy/ holds is what its readers can read, and starts everything that there is.

Nothing here builds an image or starts a cluster. promtool (Debian: prometheus) and systemd-analyze
are used where they are installed; the rest is checked everywhere.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from config.env import Environment
from config.settings import env
from notifications import queues
from tests.config.running import ROOT, environment

pytestmark = pytest.mark.one_database
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
BIN = Path(sys.executable).parent
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))
RULES: list[dict[str, Any]] = ALERTS["groups"][0]["rules"]


def run(*command: str | Path) -> str:
    """Run a linter; return what it said, all of which it says when it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_all_yaml_is_well_written() -> None:
    run(BIN / "yamllint", "--strict", "-c", DEPLOY / ".yamllint", DEPLOY)


def test_the_container_file_follows_good_practice() -> None:
    run(BIN / "hadolint", DEPLOY / "Containerfile")


def test_the_compose_file_follows_its_schema() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    run(BIN / "check-jsonschema", *schema, DEPLOY / "compose.yaml")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_every_manifest_is_what_kubernetes_understands(manifest: Path) -> None:
    run(BIN / "kubernetes-validate", "--strict", "--no-warn", manifest)


def test_no_pod_runs_as_root_or_can_change_its_image() -> None:
    documents = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text("utf-8"))]
    workloads = [one for one in documents if one["kind"] in {"Deployment", "Job"}]
    assert len(workloads) == 5
    for workload in workloads:
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"]
            assert not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}


WAYS = {
    "compose": (DEPLOY / "compose.yaml").read_text("utf-8"),
    "Kubernetes": "".join(path.read_text("utf-8") for path in MANIFESTS),
    "Procfile": (DEPLOY / "Procfile").read_text("utf-8"),
    "systemd": "".join(path.read_text("utf-8") for path in UNITS),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_starts_everything_and_consumes_each_queue(way: str) -> None:
    text = WAYS[way]
    assert "python:config.gunicorn" in text
    assert re.search(r"config\W+beat", text)
    consumed = set(",".join(re.findall(r"-Q\W+([\w,]+)", text)).split(","))
    assert consumed == set(queues.ALL)


def test_every_variable_that_the_manifests_set_is_one() -> None:
    from providers.catalogue import TYPES

    of_providers = {
        f"{kind.prefix}_{one.name}" for kind in TYPES.values() for one in kind.variables
    }
    for name in ("config.yaml", "secret.example.yaml"):
        document = yaml.safe_load((DEPLOY / "kubernetes" / name).read_text("utf-8"))
        variables = set(document.get("data") or document["stringData"])
        assert variables <= set(env.variables) | of_providers


def test_a_worker_may_take_as_long_to_end_as_a_send_does() -> None:
    default = Environment({}).duration("EMAIL_SEND_TIMEOUT", "20s", about=".")
    for name in ("live", "backlog"):
        text = (DEPLOY / "systemd" / f"postroom-{name}.service").read_text("utf-8")
        [seconds] = re.findall(r"TimeoutStopSec=(\d+)", text)
        assert int(seconds) > default.total_seconds()


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        return
    for unit in (*UNITS, DEPLOY / "systemd" / "postroom.target"):
        # It wants the program to be there; which one is started is tested above.
        text = re.sub(r"/opt/postroom/\.venv/bin/\w+", "/bin/true", unit.read_text("utf-8"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    run("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()))


def test_the_alert_rules_do_what_their_own_tests_say() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    if shutil.which("promtool"):
        run("promtool", "check", "rules", DEPLOY / "prometheus" / "alerts.yaml")
        run("promtool", "test", "rules", DEPLOY / "prometheus" / "alerts_test.yaml")


@pytest.mark.django_db
def test_every_metric_of_the_alert_rules_is_one_that_there_is() -> None:
    from django.utils import timezone

    from config.metrics import PostroomCollector

    registry = CollectorRegistry(auto_describe=False)
    registry.register(PostroomCollector(now=timezone.now()))
    known = set(re.findall(r"# HELP (\w+)", generate_latest(registry).decode()))
    used = set(re.findall(r"\bpostroom_\w+", json.dumps([rule["expr"] for rule in RULES])))
    assert used <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_its_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/runbooks.md"
    headings = re.findall(r"^## (.+)$", RUNBOOKS, flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert anchor in anchors


def test_static_files_are_collected_as_the_container_file_does(tmp_path: Path) -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    [line] = re.findall(r"SECRET_KEY=\S+ EMAIL_PROVIDERS=\S+", text)
    variables = dict(pair.split("=", 1) for pair in line.split())
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput"],
        cwd=ROOT,
        env=environment(tmp_path / "var", STATIC_ROOT=str(tmp_path / "static"), **variables),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "static" / "staticfiles.json").exists()
