# The image for Spark on Kubernetes: the project's own (make image), with what its pods need beside it.
#
#   docker build --file emr/kubernetes.Dockerfile --tag model-monitor-kubernetes .
#
#   ANALYZER_IMAGE   the image it is built on; its Spark must be that of requirements-spark.lock
#   PIP_INDEX_URL    where pyspark comes from: the image leaves out the jars that talk to Kubernetes
ARG ANALYZER_IMAGE=model-monitor-analyzer

FROM debian:bookworm-slim AS spark
ARG PIP_INDEX_URL=https://pypi.org/simple
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates python3-venv && \
    python3 -m venv /opt/spark
COPY requirements-spark.lock .
RUN /opt/spark/bin/pip --disable-pip-version-check install --quiet --no-cache-dir --no-build-isolation \
        --require-hashes --requirement requirements-spark.lock && \
    mkdir /jars && \
    cp /opt/spark/lib/python3.11/site-packages/pyspark/jars/kubernetes-*.jar \
       /opt/spark/lib/python3.11/site-packages/pyspark/jars/ok*.jar /jars

FROM ${ANALYZER_IMAGE}
COPY --from=spark /jars /opt/analyzer/lib/python3.11/site-packages/pyspark/jars
COPY emr/driver.py emr/pod /opt/analyzer/
ENTRYPOINT ["/opt/analyzer/pod"]
