"""A mail's bytes read back as what was meant."""

import email
import email.policy

from django.core.mail import EmailMultiAlternatives
from hypothesis import given
from hypothesis import strategies as st

from providers.backends.wire import as_wire

SUBJECTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=200
)


@given(words=st.lists(SUBJECTS, min_size=1, max_size=6))
def test_a_subject_of_any_script_and_length_comes_back_whole(words: list[str]) -> None:
    subject = " ".join(words)
    mail = EmailMultiAlternatives(subject, "Hello", "shop@example.com", ["minji@example.com"])
    wire = as_wire(mail)
    assert email.message_from_bytes(wire, policy=email.policy.default)["Subject"] == subject
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    assert b"\r\nSubject: \r\n" not in wire
