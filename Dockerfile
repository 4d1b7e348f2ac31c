# The analyzer as a SageMaker Processing image. Needs no BuildKit: docker build --tag model-monitor-analyzer .
#
#   SPARK=3.5 | 4.1 | none   none leaves Java and Spark out (one host, local engine only)
#   HADOOP_AWS=yes           adds what Spark needs to read tables at s3a://; captures at s3:// do not need it
#   DEBIAN_MIRROR, DEBIAN_SECURITY_MIRROR, PIP_INDEX_URL, MAVEN_MIRROR   where packages come from
#
# Stages: base - dependencies - package, trimmed - runtime - selftest - sagemaker (user root) - analyzer (the default,
# user 1000). The analyzer itself is a small layer on top, so a new version of it is a small pull.

FROM debian:bookworm-slim AS base
ARG DEBIAN_MIRROR=
ARG DEBIAN_SECURITY_MIRROR=
ENV LANG=C.UTF-8 PATH=/opt/analyzer/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN if [ -n "$DEBIAN_MIRROR" ]; then \
        rm -f /etc/apt/sources.list.d/debian.sources; \
        echo "deb $DEBIAN_MIRROR bookworm main" > /etc/apt/sources.list; \
        echo "deb ${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security} bookworm-security main" >> /etc/apt/sources.list; \
    fi; \
    apt-get update -qq; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates python3; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

FROM base AS dependencies
ARG SPARK=3.5
ARG PIP_INDEX_URL=https://pypi.org/simple
ARG MAVEN_MIRROR=https://repo1.maven.org/maven2
ARG HADOOP_AWS=no
RUN apt-get update -qq; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; \
    python3 -m venv /opt/analyzer
WORKDIR /src
COPY requirements.lock requirements-spark*.lock ./
RUN locks=(requirements.lock); \
    case "$SPARK" in 3.5) locks+=(requirements-spark.lock);; none) ;; *) locks+=("requirements-spark-$SPARK.lock");; esac; \
    for lock in "${locks[@]}"; do \
        test -f "$lock" || { echo "$lock is missing. Hint: SPARK=$SPARK is not one of 3.5, 4.1, none, or 'make lock' was not run"; exit 1; }; \
        pip --disable-pip-version-check install --quiet --no-cache-dir --no-build-isolation --require-hashes -r "$lock"; \
    done
COPY container/jars container/deequ.jars ./
RUN ./jars "$SPARK" "$HADOOP_AWS"

FROM dependencies AS package
COPY pyproject.toml README.md LICENSE ./
COPY analyzer analyzer
RUN pip --disable-pip-version-check install --quiet --no-cache-dir --no-deps --no-build-isolation --prefix /package .
COPY container/*.py /package/lib/python3.11/site-packages/container/
COPY container/spark-defaults.conf container/log4j2.properties /package/spark-conf/
RUN python -m compileall -q /package/lib/python3.11/site-packages/container

FROM dependencies AS trimmed
COPY container/trim ./
RUN ./trim

FROM base AS runtime
ARG SPARK=3.5
RUN if [ "$SPARK" != none ]; then \
        apt-get update -qq; \
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libnss-wrapper openjdk-17-jre-headless procps; \
        rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log; \
    fi; \
    useradd --uid 1000 --gid 0 --create-home --shell /usr/sbin/nologin analyzer; \
    mkdir -p /opt/ml/processing/input /opt/ml/processing/output /opt/ml/output /opt/ml/config; \
    chown -R 1000:0 /opt/ml; \
    chmod -R g=u /opt/ml; \
    chmod 1777 /opt/ml/output /opt/ml/processing /opt/ml/processing/output
COPY --from=trimmed /opt/analyzer /opt/analyzer
COPY LICENSE /usr/share/doc/model-monitor-analyzer/LICENSE
COPY --from=package /package /opt/analyzer
# Two malloc arenas: glibc's default of eight a core makes every process look larger than it is.
ENV MALLOC_ARENA_MAX=2 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PYSPARK_PYTHON=/opt/analyzer/bin/python PYSPARK_DRIVER_PYTHON=/opt/analyzer/bin/python \
    SPARK_HOME=/opt/analyzer/lib/python3.11/site-packages/pyspark SPARK_CONF_DIR=/opt/analyzer/spark-conf SPARK_VERSION=$SPARK
LABEL org.opencontainers.image.title="model-monitor-analyzer" \
      org.opencontainers.image.description="An open analyzer that reads what SageMaker Model Monitor reads and writes what it writes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      model-monitor-analyzer.spark=$SPARK
WORKDIR /tmp
ENTRYPOINT ["/opt/analyzer/bin/python", "-P", "-m", "container.entrypoint"]

FROM runtime AS selftest
USER 1000:0
WORKDIR /home/analyzer
COPY demo demo
RUN /opt/analyzer/bin/python -m demo.run; touch passed

# SageMaker Processing mounts folders that belong to root.
FROM runtime AS sagemaker
COPY --from=selftest /home/analyzer/passed /opt/analyzer/selftest-passed

FROM sagemaker AS analyzer
USER 1000:0
