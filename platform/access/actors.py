"""Who did something: a person in the admin, a client with an API key, or Postroom itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """The kinds of actor; the audit log's database constraint is made from them."""

    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who is answerable for an action, in a form that outlives the user's or key's row."""

    kind: ActorKind
    id: str
    label: str

    def __str__(self) -> str:
        """Return the label, as the admin and the logs show it."""
        return self.label

    @classmethod
    def system(cls, name: str) -> Self:
        """Return Postroom itself, acting through the command or task called `name`."""
        return cls(kind=ActorKind.SYSTEM, id=name, label=name)

    @classmethod
    def from_request(cls, request: object) -> Self:
        """Return the API key or the signed-in user behind `request`, Django's or the API's.

        Read by attribute, so that code which names actors need not know the REST framework.

        Raises:
            ValueError: the request is anonymous. Nobody may act without a name, so a view that
                gets here has forgotten to ask for authentication.
        """
        # Imported here: models.py needs ActorKind for its constraint.
        from access.models import ApiKey

        key = getattr(request, "auth", None)
        if isinstance(key, ApiKey):
            return cls(kind=ActorKind.API_KEY, id=str(key.pk), label=f"{key.name} ({key.prefix})")
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            raise ValueError("An anonymous request has no actor; require authentication first.")
        return cls(kind=ActorKind.USER, id=str(user.pk), label=user.get_username())
