"""What access itself serves, under /api/: the catalogue to which the problems' `type` points."""

from django.urls import path

from access.views import ProblemTypeDetail, ProblemTypeList

urlpatterns = [
    path("problems/", ProblemTypeList.as_view(), name="problem-type-list"),
    path("problems/<slug:slug>/", ProblemTypeDetail.as_view(), name="problem-type-detail"),
]
