# A stand-in for S3 with the demo's data in it, for docker-compose.yml and tests; no part of the product.
FROM debian:bookworm-slim
ARG PIP_INDEX_URL=https://pypi.org/simple
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1 PYTHONDONTWRITEBYTECODE=1
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates python3-venv && \
    rm -rf /var/lib/apt/lists/* && python3 -m venv /opt/venv
WORKDIR /src
COPY requirements-dev.lock ./
# Without what only tests and Spark need; hence no look at dependencies.
RUN awk '/^[a-z]/ {wanted = !/^(coverage|hypothesis|mypy|pandas|py4j|pydeequ|pyspark|pytest|ruff|scipy)/} wanted' \
        requirements-dev.lock > requirements.lock && \
    pip --disable-pip-version-check install --quiet --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY analyzer analyzer
COPY demo demo
USER 1000:0
ENTRYPOINT ["python", "-m", "demo.bucket"]
