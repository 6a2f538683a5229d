"""What schemathesis must know to send values that exist: the formats that our schema names."""

import schemathesis
from hypothesis import strategies as st

LOCALES = ["en", "ko", "ko-KR", "pt_BR", "zh-Hant", "es-419", "de-AT", "EN"]
NAMES = st.from_regex(r"\A[a-z0-9]([a-z0-9.+_-]{0,20}[a-z0-9])?\Z").filter(
    lambda name: ".." not in name
)

schemathesis.openapi.format("bcp-47", st.sampled_from(LOCALES))
schemathesis.openapi.format("iso-4217", st.sampled_from(["KRW", "USD", "EUR", "kwd", "JPY"]))
schemathesis.openapi.format("iso-3166-1", st.sampled_from(["KR", "US", "de", "GB", "JP"]))
# Not of the domains that are reserved for tests, which no mail can be sent to.
schemathesis.openapi.format("email", NAMES.map(lambda name: f"{name}@example.com"))
