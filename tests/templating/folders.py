"""A folder of templates of the test's own, rendered by the function that sending uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from templating.errors import RenderingError
from templating.rendering import Rendered, render

EVENT = "test.happened"


@dataclass(frozen=True, kw_only=True)
class Templates:
    """A folder of templates, and short ways to fill and render it."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        """Write one file by its path in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_mail(
        self,
        *,
        locale: str = "en",
        subject: str = "Subject",
        html: str = "<p>Body</p>",
        text: str | None = "Body",
    ) -> None:
        """Write the files of one mail."""
        self.write(f"{EVENT}/{locale}/subject.txt.jinja", subject)
        self.write(f"{EVENT}/{locale}/body.html.jinja", html)
        if text is not None:
            self.write(f"{EVENT}/{locale}/body.txt.jinja", text)

    def render(self, context: Mapping[str, Any] | None = None, *, locale: str = "en") -> Rendered:
        """Render the mail that was written."""
        return render(event=EVENT, locale=locale, context=context or {})

    def text(self, source: str, context: Mapping[str, Any] | None = None, **options: str) -> str:
        """Return what a text template makes of a context."""
        self.write_mail(text=source)
        return self.render(context, **options).text.removesuffix("\n")

    def html(self, source: str, context: Mapping[str, Any] | None = None) -> str:
        """Return what an HTML template makes of a context: the body's inside, if it has one."""
        self.write_mail(html=source)
        rendered = self.render(context).html
        _, has_body, rest = rendered.partition("<body>")
        return rest.partition("</body>")[0] if has_body else rendered

    def failure(
        self, source: str, context: Mapping[str, Any] | None = None, *, part: str = "text"
    ) -> RenderingError:
        """Return the error that a template ends with; fail if it renders."""
        self.write_mail(**{part: source})  # type: ignore[arg-type] # one of the parts' names
        with pytest.raises(RenderingError) as failure:
            self.render(context)
        return failure.value
