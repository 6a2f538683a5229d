"""A bundle: everything that one event's mail in one locale is made of, compiled, with a version.

The version is a hash of all files that are in it, layouts, partials and strings included: two
renderings with one version and one context are identical, and a changed layout changes the version
of every template that uses it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, Environment, Template
from jinja2.exceptions import TemplateNotFound

from templating import grammar, strings
from templating.environment import TemplateEnvironment
from templating.errors import Code, RenderingError
from templating.failures import translate
from templating.locales import candidates
from templating.sources import Source

SUBJECT, HTML, TEXT = "subject.txt.jinja", "body.html.jinja", "body.txt.jinja"
PARTS = (SUBJECT, HTML, TEXT)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The compiled templates of one event in one locale; `text` is None where HTML has to do.

    `texts` are the sources of all files that it is made of, by name.
    """

    event: str
    locale: str
    version: str
    texts: Mapping[str, str]
    subject: Template
    html: Template
    text: Template | None
    words: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The hash of the texts: the version without where it came from."""
        return self.version.partition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """One file's code, and the files it uses."""

    code: CodeType
    uses: tuple[grammar.Use, ...]


class CompiledLoader(BaseLoader):
    """Gives an environment the templates of one bundle, and no others."""

    def __init__(self, compiled: Mapping[str, Compiled]) -> None:
        self._compiled = compiled

    def load(
        self,
        environment: Environment,
        name: str,
        globals: Any = None,  # noqa: A002 - Jinja's name
    ) -> Template:
        """Return the template of this name. Raises TemplateNotFound."""
        if name not in self._compiled:
            raise TemplateNotFound(name)
        # Without globals, which rendering puts into the context: Jinja would copy their names again
        # for every include and import.
        return Template.from_code(environment, self._compiled[name].code, {})


_compiler = TemplateEnvironment(loader=CompiledLoader({}))


@lru_cache(maxsize=1024)
def compile_file(name: str, source: str) -> Compiled:
    """Return the compiled file. Raises RenderingError. Files with equal text compile once."""
    try:
        tree = _compiler.parse(source, name, name)
        return Compiled(uses=grammar.uses(tree), code=_compiler.compile(tree, name, name))
    except Exception as error:
        raise translate(error, template=name, otherwise=Code.SYNTAX) from error


def collect(source: Source, *, event: str, locale: str, default: str, origin: str) -> Bundle:
    """Return the bundle for a recipient's locale: its own, its language's, or the default's.

    Raises RenderingError where a file is missing or cannot be compiled.
    """
    chosen = _choose(source, event=event, locale=locale, default=default)
    folder = f"{event}/{chosen}"
    gathering = _Gathering(source)
    gathering.require(f"{folder}/{SUBJECT}")
    gathering.require(f"{folder}/{HTML}")
    has_text = gathering.add(f"{folder}/{TEXT}")
    words = dict(strings.files(source, locale=chosen, default=default))
    texts = {**gathering.texts, **words}
    environment = TemplateEnvironment(loader=CompiledLoader(gathering.compiled))
    return Bundle(
        event=event,
        locale=chosen,
        version=f"{origin}:{_digest(texts)}",
        texts=texts,
        subject=environment.get_template(f"{folder}/{SUBJECT}"),
        html=environment.get_template(f"{folder}/{HTML}"),
        text=environment.get_template(f"{folder}/{TEXT}") if has_text else None,
        words=strings.merged(words),
    )


def _choose(source: Source, *, event: str, locale: str, default: str) -> str:
    tried = candidates(locale, default=default)
    for candidate in tried:
        if _read(source, f"{event}/{candidate}/{SUBJECT}") is not None:
            return candidate
    raise RenderingError(
        template=f"{event}/{tried[0] if tried else default}/{SUBJECT}",
        line=None,
        message=f"there is no template for {event!r} in any of: {', '.join(tried)}",
        code=Code.MISSING_TEMPLATE,
    )


def _read(source: Source, name: str) -> str | None:
    try:
        return source.read(name)
    except (OSError, UnicodeError) as error:
        raise translate(error, template=name) from error


def _digest(texts: Mapping[str, str]) -> str:
    content = json.dumps(sorted(texts.items()))
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:24]


class _Gathering:
    """Follows templates to the files they use."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[str] = []
        self.texts: dict[str, str] = {}
        self.compiled: dict[str, Compiled] = {}

    def require(self, name: str) -> None:
        """Add a file that must be there, and what it uses."""
        if not self.add(name):
            raise _missing(name, used_by=name, line=None)

    def add(self, name: str) -> bool:
        """Add a file and what it uses; say whether it is there."""
        if name in self.compiled:
            return True
        text = _read(self._source, name)
        if text is None:
            return False
        self.texts[name] = text
        self.compiled[name] = compiled = compile_file(name, text)
        self._open.append(name)
        for use in compiled.uses:
            self._follow(use, used_by=name)
        self._open.pop()
        return True

    def _follow(self, use: grammar.Use, *, used_by: str) -> None:
        for name in use.names:
            if name in self._open:
                raise RenderingError(
                    template=used_by,
                    line=use.line,
                    message=f"{name!r} uses itself, by way of this line",
                    code=Code.FORBIDDEN,
                )
        found = [self.add(name) for name in use.names]
        if not any(found) and not use.optional:
            raise _missing(use.names[0], used_by=used_by, line=use.line)


def _missing(name: str, *, used_by: str, line: int | None) -> RenderingError:
    return RenderingError(
        template=used_by,
        line=line,
        message=f"there is no template {name!r}",
        code=Code.MISSING_TEMPLATE,
    )
