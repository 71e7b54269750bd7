# The same `make install` as on a desk, in an image that has make and compilers; the second stage
# has neither, nor root. Tags name the series, so that a rebuild brings Debian's security fixes;
# Python packages are pinned by hash in requirements.lock.
FROM python:3.11-bookworm AS build
ENV PIP_NO_CACHE_DIR=1
WORKDIR /srv/lokus
# What is installed changes more rarely than code, so it is a layer of its own; empty packages are
# enough to point an editable installation at the place where the code will be.
COPY Makefile LICENSE pyproject.toml requirements.lock ./
COPY clients/python/pyproject.toml clients/python/
RUN set -e; \
    for package in api migrations models sync clients/python/lokus_client; do \
        mkdir "$package"; \
        touch "$package/__init__.py"; \
    done; \
    make install
COPY clients/python clients/python
COPY migrations migrations
COPY models models
COPY sync sync
COPY clients/odk/*.xlsx clients/odk/
COPY api api
RUN .venv/bin/python -m compileall -q api models sync migrations clients/python \
    && .venv/bin/lokus --help > /dev/null

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Lokus" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lokus \
    && install --directory --owner=lokus --group=lokus --mode=0700 /var/lib/lokus
# Owned by root: the server cannot change its own code.
COPY --from=build /srv/lokus /srv/lokus
WORKDIR /srv/lokus
ENV PATH=/srv/lokus/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LOKUS_DATA_DIR=/var/lib/lokus
# By number, so that an orchestrator can tell that this is not root.
USER 10001
VOLUME ["/var/lib/lokus"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
# Migrations are an act of the operator: `lokus migrate`, in compose.yaml a service of its own.
CMD ["lokus", "serve", "--host", "0.0.0.0", "--port", "8000"]
