"""What production refuses: unsafe settings, foreign frames and scripts, endless guessing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.login import MOST, client_address
from config.security import policy_for
from tests.config.running import ROOT, environment
from tests.support.valkey import ValkeyServer

EXAMPLE = ROOT / "deploy" / "production.env.example"
SECRETS = {
    "SECRET_KEY": "k3y-0f-the-tests-alone-" + "aB3dE5gH7jK9mN1pQ" * 3,
    "POSTMARK_SERVER_TOKEN": "token",
}


def documented(**secrets: str) -> dict[str, str]:
    """Return the environment that docs/deploy.md tells people to begin with."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: secrets.get(name, value) for name, _, value in pairs}


def check_deploy(variables: dict[str, str], var_dir: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment(var_dir, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_djangos_deployment_check_is_clean_with_the_documented_environment(tmp_path: Path) -> None:
    variables = documented(**SECRETS) | {"VAR_DIR": str(tmp_path / "var")}
    done = check_deploy(variables, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_secrets_may_be_files(tmp_path: Path) -> None:
    variables = documented(**SECRETS) | {"VAR_DIR": str(tmp_path / "var")}
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "POSTMARK_SERVER_TOKEN"):
        path = tmp_path / name
        path.write_text(f"{variables.pop(name)}\n", encoding="utf-8")
        variables[f"{name}_FILE"] = str(path)
    assert check_deploy(variables, tmp_path).returncode == 0


def test_the_example_knows_only_variables_that_there_are() -> None:
    from config.settings import env
    from providers.catalogue import TYPES

    of_providers = {
        f"{kind.prefix}_{one.name}" for kind in TYPES.values() for one in kind.variables
    }
    assert set(documented()) <= set(env.variables) | of_providers


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/admin/login/", "script-src 'self' 'unsafe-eval';"),
        ("/api/docs/", "script-src 'self';"),
        ("/api/v1/orders/", "default-src 'none';"),
        ("/nowhere", "default-src 'none';"),
    ],
)
@pytest.mark.django_db
def test_every_answer_has_a_policy(client: Client, path: str, script: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert script in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_only_the_admin_may_evaluate_scripts() -> None:
    assert "unsafe-eval" not in policy_for("/api/docs/") + policy_for("/") + policy_for("/adminx/")


@pytest.fixture
def somebody(db: None, settings: Any) -> str:
    """An administrator, whose password is quick to try."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("minji", password="correct horse")
    return "minji"


def log_in(client: Client, password: str, *, name: str = "minji", **meta: Any) -> Any:
    return client.post("/admin/login/", {"username": name, "password": password}, **meta)


def test_after_too_many_tries_even_the_right_password_has_to_wait(
    client: Client, valkey: ValkeyServer, somebody: str
) -> None:
    for _ in range(MOST["name and address"]):
        assert "Please enter the correct" in log_in(client, "wrong").content.decode()
    response = log_in(client, "correct horse")
    assert response.status_code == 200
    assert "Too many tries" in response.content.decode()
    # From elsewhere the person still gets in.
    assert log_in(client, "correct horse", REMOTE_ADDR="203.0.113.7").status_code == 302


def test_many_names_from_one_address_are_too_many_tries(
    client: Client, valkey: ValkeyServer, somebody: str
) -> None:
    for number in range(MOST["address"]):
        log_in(client, "x", name=f"name{number}")
    assert "Too many tries" in log_in(client, "correct horse").content.decode()


def test_the_right_password_opens(client: Client, valkey: ValkeyServer, somebody: str) -> None:
    assert log_in(client, "correct horse").status_code == 302


def test_what_a_client_says_of_its_address_is_believed_of_our_proxy_alone(
    rf: Any, settings: Any
) -> None:
    request = rf.get("/", headers={"x-forwarded-for": "1.1.1.1, 203.0.113.7"})
    assert client_address(request) == "127.0.0.1"
    settings.BEHIND_TLS_PROXY = True
    assert client_address(request) == "203.0.113.7"
