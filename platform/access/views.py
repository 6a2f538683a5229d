"""The documentation of the problem types, for whoever follows a problem's `type`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import problem_types


class ProblemTypeSerializer(serializers.Serializer[Any]):
    """One entry of the catalogue."""

    type = serializers.CharField(source="uri", help_text="What a problem's `type` member holds.")
    status = serializers.IntegerField()
    title = serializers.CharField()
    meaning = serializers.CharField(help_text="What happened, what the members mean, what to do.")


class ProblemTypeView(APIView):
    """Open to everybody: who has no key yet must be able to read why."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class ProblemTypeList(ProblemTypeView):
    """All types of problem that the API may answer with."""

    @extend_schema(
        operation_id="problem_types_list",
        responses=ProblemTypeSerializer(many=True),
        tags=["problems"],
    )
    def get(self, request: Request) -> Response:
        """List every type of problem that the API may answer with."""
        return Response(ProblemTypeSerializer(problem_types.catalogue(), many=True).data)


class ProblemTypeDetail(ProblemTypeView):
    """One type of problem."""

    @extend_schema(
        operation_id="problem_types_retrieve", responses=ProblemTypeSerializer, tags=["problems"]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Explain one type of problem: this is where a problem's `type` points."""
        kind = problem_types.find(slug)
        if kind is None:
            raise NotFound(f"There is no problem type {slug[:100]}.")
        return Response(ProblemTypeSerializer(kind).data)
