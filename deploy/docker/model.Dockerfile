# The serving image with one bundle inside (`make image MODEL=flights VERSION=v3`), for workers that need no registry.
# FOLDER is what `headrace image flights v3 FOLDER` wrote, and the whole context:
#   docker build -f deploy/docker/model.Dockerfile -t headrace-flights:v3 FOLDER
ARG SERVING=headrace-serving:0.1.0
# hadolint ignore=DL3006
FROM ${SERVING}

# Belongs to root: the worker's user can read it and nothing more.
COPY . /app/image
ENV HEADRACE_IMAGE_BUNDLE=/app/image

# A bundle that does not hold here, for instance with these library versions, makes no image.
RUN ["python", "-m", "headrace.image"]
