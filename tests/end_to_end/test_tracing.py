"""One trace leads from a client's request, over the API, to the call of the provider."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.stack import StartStack
from tests.support.waiting import eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


class Collector:
    """An OpenTelemetry collector, as far as spans over HTTP go."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.texts: list[str] = []
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                kept.texts.append(str(request))
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        kept.spans.extend(scope.spans)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


def attributes(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


@pytest.mark.one_database
def test_a_trace_runs_from_the_clients_request_to_the_provider(
    start_stack: StartStack, collector: Collector
) -> None:
    stack = start_stack(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    )
    stack.api.session.headers["traceparent"] = f"00-{TRACE}-{CALLER}-01"
    assert stack.api.place_order("minji@example.com", number="TRACED-1").status_code == 201
    [sent] = eventually(
        lambda: collector.named("provider.send"), within=40, about="the provider's span"
    )
    [request] = eventually(
        lambda: collector.named("POST /api/v1/orders/"), within=20, about="the request's span"
    )
    assert sent.trace_id.hex() == request.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == CALLER
    assert sent.parent_span_id == request.span_id
    told = attributes(sent)
    assert (told["provider"], told["event"]) == ("smtp", "order.placed")
    assert told["notification"] == stack.api.notification_of("TRACED-1")["id"]
    for text in collector.texts:
        assert "minji" not in text.lower()
        assert "example.com" not in text  # not a bare @: ids are random bytes, shown as text
