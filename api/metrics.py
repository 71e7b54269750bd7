"""What Prometheus reads: counts and durations by route, never by person or place.

A worker counts for itself; with several workers each scrape shows one of them.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNKNOWN_ROUTE = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lokus_requests",
            "Requests by route template and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "lokus_request_seconds",
            "Time until the last byte of the answer was handed over.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = 0
        Gauge(
            "lokus_requests_in_flight", "Requests being worked on.", registry=self.registry
        ).set_function(lambda: self.in_flight)
        # Finding a counter by its labels costs more than counting: as many as there are routes.
        self._found: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request that was answered."""
        found = self._found.get((method, route, status))
        if found is None:
            counter = self.requests.labels(method, route, str(status))
            found = self._found[method, route, status] = counter, self.seconds.labels(route)
        found[0].inc()
        found[1].observe(seconds)

    def exposition(self) -> bytes:
        """All counters in Prometheus' text format."""
        return generate_latest(self.registry)


class CountRequests:
    """Counts every request under the template of its route; an address nobody knows is one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = time.perf_counter()
        self._metrics.in_flight += 1
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.in_flight -= 1
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.count(method, route, status, time.perf_counter() - begun)
