# The serving image: what the scorer, the sink and the batch worker need, and `headrace apply`. No training code, no training packages.
#   docker build -f deploy/docker/serving.Dockerfile -t headrace-serving:0.1.0 .
FROM python:3.11.13-bookworm AS packages

COPY requirements-serving.txt /requirements.txt
# In a stage of its own: the compiler is not part of the image that runs. It is for lz4, which clickhouse-driver wants in
# a version that has no wheel; all else is taken as wheels, so that no other package's code runs here.
RUN python -m venv /opt/headrace \
    && /opt/headrace/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --no-binary lz4 --require-hashes -r /requirements.txt

FROM python:3.11.13-slim-bookworm

# The same number in both images: training writes to the registry, serving reads it. The folders are made here so that
# new volumes mounted on them belong to this user.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin headrace \
    && install -d -o headrace -g headrace /var/lib/headrace /var/lib/headrace/registry /var/lib/headrace/cache \
        /var/lib/headrace/desk /var/lib/headrace/trusted /var/lib/headrace/batch
COPY --from=packages /opt/headrace /opt/headrace
COPY headrace /app/headrace
COPY schemas /app/schemas
COPY streams /app/streams

ENV PATH=/opt/headrace/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HEADRACE_DATA_DIR=/var/lib/headrace \
    HEADRACE_WORKER__HTTP_PORT=8080
WORKDIR /app
USER 10001:10001
EXPOSE 8080

# Alive, not ready: a worker that waits for its first release is healthy, and is not to be started again for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

ENTRYPOINT ["python", "-m", "headrace"]
CMD ["--help"]
