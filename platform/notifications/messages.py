"""shop.message: a mail in the shop's own words, for what has no event of its own.

Headline, paragraphs and a button come with the request; the shop's frame is around them.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from access.text import single_line, web_address
from templating.contracts import Context, EventContract, Shop

MOST_PARAGRAPHS = 50

Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(single_line)]
Paragraph = Annotated[str, Field(min_length=1, max_length=5000)]


class Action(BaseModel):
    """The one thing that the mail asks its reader to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Line = Field(description="What stands on the button.")
    url: Annotated[str, Field(max_length=2000), AfterValidator(web_address)] = Field(
        description="Where it leads; an absolute http or https address."
    )


class MessageContext(Context):
    """What the shop wants to say."""

    subject: Line = Field(description="The mail's subject; the shop's name is added.")
    headline: Line | None = Field(
        default=None, description="What stands over the text; the subject without one."
    )
    name: str = Field(default="", max_length=200, description="Who is greeted; may be empty.")
    paragraphs: list[Paragraph] = Field(
        min_length=1, max_length=MOST_PARAGRAPHS, description="The text, a paragraph each."
    )
    action: Action | None = Field(default=None, description="A button, if there is one.")
    role: Literal["customer", "shop"] = Field(
        default="customer", description="`shop` marks the mail as the shop's own copy."
    )


_SHOP = Shop(
    name="Moon & Leaf",
    url="https://shop.example.com",
    logo_url=None,
    support_email="support@shop.example.com",
)
_TYPICAL = MessageContext(
    shop=_SHOP,
    subject="Our new opening hours",
    name="Ada Lovelace",
    paragraphs=[
        "From April on the shop is open on Sundays too, from ten to four.",
        "There will be tea, of course, and the first cup is on us.",
    ],
    action=Action(label="See all hours", url="https://shop.example.com/hours"),
)

CONTRACT = EventContract(
    event="shop.message",
    title="Message from the shop",
    description="Any message in the shop's own words, sent with POST /api/v1/notifications/.",
    context=MessageContext,
    samples={
        "typical": _TYPICAL,
        "the least": MessageContext(
            shop=_SHOP, subject="Your receipt", paragraphs=["Thank you for your visit."]
        ),
        "Korean, with a headline": _TYPICAL.model_copy(
            update={
                "subject": "봄 영업시간 안내",
                "headline": "일요일에도 문을 엽니다",
                "name": "김민지",
                "paragraphs": ["4월부터 일요일에도 오전 10시부터 오후 4시까지 영업합니다."],
                "action": None,
            }
        ),
    },
)
