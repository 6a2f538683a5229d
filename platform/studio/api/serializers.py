"""What clients send and see of templates."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from access import text
from access.fields import TextField, WholeNumberField
from access.serializers import StrictSerializer
from templating.checking.problems import ProblemCode, Severity
from templating.environment import LARGEST_SOURCE

SOURCE: text.Schema = {"pattern": "^[^\\u0000]*$"}
# What `access.text.paragraphs` takes: several lines, without other control characters.
NOTE: text.Schema = {
    "pattern": r"^[^\u0000-\u0009\u000B\u000C\u000E-\u001F\u007F-\u009F\u2028\u2029]*$"
}
STATES = ["published", "file", "missing"]
LARGEST_NUMBER = 2_147_483_647


def plain_line_ends(value: str) -> str:
    """Return a template's source with line ends as they are stored."""
    return value.replace("\r\n", "\n")


SourceField = partial(
    TextField,
    clean=plain_line_ends,
    schema=SOURCE,
    max_length=LARGEST_SOURCE,
    required=False,
    allow_blank=True,
)
NumberField = partial(WholeNumberField, min_value=1, max_value=LARGEST_NUMBER)


class SourcesSerializer(StrictSerializer):
    """A mail's templates; what is left out stays as it is."""

    subject = SourceField(help_text="Jinja; rendered to one line.")
    html = SourceField(help_text="Jinja in HTML.")
    text = SourceField(help_text="Jinja; empty: the text is made from the HTML.")


class NewDraftSerializer(SourcesSerializer):
    """A mail's templates, on top of a draft's revision."""

    revision = NumberField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The draft's revision that this is based on; null where there is no draft.",
    )


class PreviewRequestSerializer(SourcesSerializer):
    """What to render: templates, and the data for them."""

    sample = TextField(
        max_length=200, required=False, help_text="A sample of the contract; by default the first."
    )
    context = serializers.DictField(  # type: ignore[assignment]  # DRF has an attribute of this name
        required=False, help_text="Data of your own, which has to satisfy the event's contract."
    )


class PublishSerializer(StrictSerializer):
    """Which draft goes live, and why."""

    revision = NumberField(help_text="The draft's revision, as it was seen.")
    note = TextField(
        clean=text.paragraphs,
        schema=NOTE,
        max_length=2000,
        required=False,
        default="",
        allow_blank=True,
        help_text="What changed, for the history.",
    )


class RollbackSerializer(StrictSerializer):
    """What goes live again, and why."""

    version = NumberField(allow_null=True, help_text="A version's number; null: the files.")
    note = TextField(
        clean=text.paragraphs,
        schema=NOTE,
        max_length=2000,
        required=False,
        default="",
        allow_blank=True,
        help_text="Why, for the history.",
    )


class LocaleSerializer(serializers.Serializer[Any]):
    """One event's mail in one locale, in a list."""

    locale = serializers.CharField()
    state = serializers.ChoiceField(
        STATES,
        help_text="published: a version is live; file: the shipped files are; missing: recipients "
        "get the default locale's.",
    )
    version = serializers.IntegerField(source="number", allow_null=True)
    published_by = serializers.CharField(source="author", allow_null=True)
    published_at = serializers.DateTimeField(source="at", allow_null=True)
    has_draft = serializers.SerializerMethodField()

    def get_has_draft(self, cell: Any) -> bool:
        """Say whether somebody is editing it."""
        return cell.draft is not None


class EventSerializer(serializers.Serializer[Any]):
    """An event that mails are written for."""

    event = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    locales = LocaleSerializer(source="cells", many=True)


class EventListSerializer(serializers.Serializer[Any]):
    """All of them."""

    results = EventSerializer(many=True)


class SampleSerializer(serializers.Serializer[Any]):
    """A sample of an event's data."""

    name = serializers.CharField()
    context = serializers.DictField()  # type: ignore[assignment]  # as above


class EventDetailSerializer(EventSerializer):
    """An event with its contract."""

    contract = serializers.DictField(
        help_text="The data that its templates are rendered with, as JSON Schema (2020-12)."
    )
    samples = SampleSerializer(many=True)


class DraftSerializer(serializers.Serializer[Any]):
    """A draft."""

    revision = serializers.IntegerField()
    author = serializers.CharField()
    updated_at = serializers.DateTimeField()
    outdated = serializers.BooleanField(
        help_text="Whether something else is live by now than what it was begun on."
    )
    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()


@extend_schema_serializer(component_name="TemplateProblem")  # `Problem` is what errors look like
class ProblemSerializer(serializers.Serializer[Any]):
    """Something the checker found."""

    severity = serializers.ChoiceField([one.value for one in Severity])
    code = serializers.ChoiceField([one.value for one in ProblemCode])
    template = serializers.CharField(help_text="The file; layouts and partials have their own.")
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    end_column = serializers.IntegerField(allow_null=True)
    message = serializers.CharField()
    written = serializers.CharField(help_text="What stands there, if it is one wrong word.")
    suggestion = serializers.CharField(allow_null=True, help_text="What was probably meant.")


class SavedDraftSerializer(DraftSerializer):
    """A draft, and what is wrong with it."""

    problems = ProblemSerializer(many=True)


class MailSerializer(serializers.Serializer[Any]):
    """One event's mail in one locale: its templates as they are live, and its draft."""

    event = serializers.CharField()
    locale = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    version = serializers.IntegerField(allow_null=True)
    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField(help_text="Empty where the text is made from the HTML.")
    uses = serializers.ListField(
        child=serializers.CharField(), help_text="Its layouts, partials and files of words."
    )
    draft = DraftSerializer(allow_null=True)


class VersionSerializer(serializers.Serializer[Any]):
    """One publishing."""

    number = serializers.IntegerField()
    author = serializers.CharField()
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    digest = serializers.CharField(
        source="snapshot.digest",
        help_text="Of all its files. A notification's `template` names it: `v3:<digest>`.",
    )
    restores = serializers.IntegerField(
        source="restores.number", allow_null=True, default=None, help_text="What it rolled back to."
    )


class VersionDetailSerializer(VersionSerializer):
    """One publishing, with all files that the mail was made of."""

    files = serializers.DictField(source="snapshot.texts", child=serializers.CharField())


class PublishedSerializer(serializers.Serializer[Any]):
    """What is live now."""

    version = serializers.IntegerField(allow_null=True, help_text="null: the files.")


class PreviewSerializer(serializers.Serializer[Any]):
    """The mail that would be sent."""

    subject = serializers.CharField()
    preheader = serializers.CharField(help_text="What inboxes show beside the subject.")
    html = serializers.CharField()
    text = serializers.CharField()
    html_bytes = serializers.IntegerField()
