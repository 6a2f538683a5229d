"""EMAIL_PROVIDERS and its variables, as a process reads them at start."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment
from providers import connections
from providers.catalogue import TYPES
from providers.configuration import read_providers


def read(*, debug: bool = False, **variables: str) -> dict[str, Any]:
    return dict(read_providers(Environment(variables), debug=debug, var_dir=Path("/srv/var")))


def refusal(**variables: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(**variables)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_in_development_with_nothing_set_mail_goes_to_the_console() -> None:
    assert [one["TYPE"] for one in read(debug=True).values()] == ["console"]


def test_in_production_with_nothing_set_the_process_stops_and_says_what_to_set() -> None:
    assert refusal() == (
        "postroom.E010: EMAIL_PROVIDERS is not set, so mail would go nowhere; set for example "
        "EMAIL_PROVIDERS=smtp with SMTP_URL=smtp+tls://user:password@host:587."
    )


def test_the_order_of_the_list_is_the_order_of_failover() -> None:
    found = read(
        EMAIL_PROVIDERS="smtp, postmark", SMTP_URL="smtp://mail.test", POSTMARK_SERVER_TOKEN="t"
    )
    assert list(found) == ["smtp", "postmark"]
    assert found["postmark"] == {
        "BACKEND": "anymail.backends.postmark.EmailBackend",
        "OPTIONS": {"server_token": "t"},
        "TYPE": "postmark",
        "RATE": None,
    }


def test_two_accounts_of_one_esp_have_variables_of_their_own() -> None:
    found = read(
        EMAIL_PROVIDERS="eu=postmark,us=postmark",
        EU_POSTMARK_SERVER_TOKEN="european",
        US_POSTMARK_SERVER_TOKEN="american",
        US_RATE="50/second",
    )
    assert found["eu"]["OPTIONS"]["server_token"] == "european"
    assert found["us"]["OPTIONS"]["server_token"] == "american"
    assert found["us"]["RATE"] == "50/s"


def test_an_alias_does_not_fall_back_on_the_other_accounts_token() -> None:
    sentence = refusal(EMAIL_PROVIDERS="eu=postmark", POSTMARK_SERVER_TOKEN="other")
    assert sentence.startswith("postroom.E012: EU_POSTMARK_SERVER_TOKEN is not set")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("postmrk", "postmark"),
        ("Mailgun", "mailgun"),
        ("sendinblue", "brevo"),
        ("ses", "amazon_ses"),
    ],
)
def test_an_unknown_provider_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    sentence = refusal(EMAIL_PROVIDERS=name)
    assert sentence.startswith(
        f"postroom.E011: EMAIL_PROVIDERS names the unknown provider {name!r}"
    )
    assert f"did you mean {meant!r}?" in sentence


@pytest.mark.parametrize(
    "kind",
    [kind for kind in TYPES.values() if any(one.required for one in kind.variables)],
    ids=lambda kind: kind.name,
)
def test_every_provider_without_its_credentials_stops_the_process(kind: Any) -> None:
    sentence = refusal(EMAIL_PROVIDERS=kind.name)
    first = next(variable for variable in kind.variables if variable.required)
    assert sentence.startswith(f"postroom.E012: {kind.prefix}_{first.name} is not set")


@pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid")
@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_every_provider_opens_with_its_required_variables_alone(kind: Any, settings: Any) -> None:
    values = {"http_url": "https://esp.test/api", "smtp_url": "smtp://mail.test"}
    variables = {
        f"{kind.prefix}_{one.name}": values.get(one.form, "something")
        for one in kind.variables
        if one.required
    }
    settings.MAILERS = read(EMAIL_PROVIDERS=kind.name, **variables)
    assert connections.take(kind.name).alias == kind.name
    connections.reset()


def test_an_alias_cannot_stand_twice() -> None:
    sentence = refusal(EMAIL_PROVIDERS="postmark,postmark", POSTMARK_SERVER_TOKEN="t")
    assert sentence.startswith("postroom.E013: EMAIL_PROVIDERS names 'postmark' twice")


@pytest.mark.parametrize("entry", ["EU=console", "1st=console", "a-b=console", "=console"])
def test_an_alias_must_be_fit_for_variables_and_addresses(entry: str) -> None:
    assert refusal(EMAIL_PROVIDERS=entry).startswith("postroom.E014: ")


def test_a_rate_that_is_none_is_refused() -> None:
    assert refusal(EMAIL_PROVIDERS="console", CONSOLE_RATE="fast").startswith(
        "postroom.E015: CONSOLE_RATE is 'fast'; set a rate such as 50/s"
    )


def test_an_api_address_without_a_scheme_is_refused() -> None:
    assert "POSTMARK_API_URL is 'api.test'" in refusal(
        EMAIL_PROVIDERS="postmark", POSTMARK_SERVER_TOKEN="t", POSTMARK_API_URL="api.test"
    )


def test_a_refused_smtp_url_does_not_show_the_password() -> None:
    for url in (
        "smtp://user:hunter2/@mail.test",
        "imap://user:hunter2@mail.test",
        "smtp://user:hunter2@mail.test:hunter2",
        "smtp://user:hunter2@x@mail.test",
        "smtp://hunter2@mail.test",
    ):
        sentence = refusal(EMAIL_PROVIDERS="smtp", SMTP_URL=url)
        assert sentence.startswith("postroom.E015: SMTP_URL ")
        assert "hunter2" not in sentence


def test_amazon_ses_takes_the_region_that_aws_sets() -> None:
    found = read(EMAIL_PROVIDERS="amazon_ses", AWS_REGION="eu-west-1")
    assert found["amazon_ses"]["OPTIONS"] == {"session_params": {"region_name": "eu-west-1"}}


def test_amazon_ses_refuses_half_a_pair_of_credentials() -> None:
    assert "go together" in refusal(
        EMAIL_PROVIDERS="amazon_ses", AMAZON_SES_REGION="eu-west-1", AMAZON_SES_ACCESS_KEY_ID="A"
    )


def test_files_go_to_the_var_folder_unless_told_otherwise() -> None:
    assert read(EMAIL_PROVIDERS="file")["file"]["OPTIONS"] == {"path": "/srv/var/mail"}
    assert read(EMAIL_PROVIDERS="file", FILE_PATH="/tmp/x")["file"]["OPTIONS"] == {"path": "/tmp/x"}
