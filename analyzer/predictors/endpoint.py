"""Endpoint: a SageMaker endpoint by its name, through the runtime API."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from analyzer.errors import ConfigError
from analyzer.predictors.http import TIMEOUT_SECONDS
from analyzer.predictors.remote import LARGEST_ANSWER_BYTES, PASSING, Busy, Oversized, Refused, Reply, told

INFERENCE_ID_PREFIX = "model-monitor-analyzer-"  # marks our own requests where an endpoint captures its traffic
_PASSING = ("ThrottlingException", "ServiceUnavailable", "InternalFailure", "InternalDependencyException", "ModelError")


@dataclass(frozen=True)
class EndpointTransport:
    """InvokeEndpoint. target_model, target_variant, custom_attributes: as in that call; None: not sent."""

    name: str
    timeout_seconds: float = TIMEOUT_SECONDS
    target_model: str | None = None
    target_variant: str | None = None
    custom_attributes: str | None = None

    @property
    def described(self) -> str:
        return f"SageMaker endpoint {self.name}"

    def send(self, body: bytes, content_type: str, accept: str) -> Reply:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            NoRegionError,
            ParamValidationError,
        )

        options = {
            "TargetModel": self.target_model,
            "TargetVariant": self.target_variant,
            "CustomAttributes": self.custom_attributes,
            "InferenceId": f"{INFERENCE_ID_PREFIX}{uuid.uuid4().hex}",
        }
        given = {key: value for key, value in options.items() if value is not None}
        try:
            client = _client(os.getpid(), self.timeout_seconds)
            answer = client.invoke_endpoint(
                EndpointName=self.name, Body=body, ContentType=content_type, Accept=accept, **given
            )
            with answer["Body"] as stream:
                content = bytes(stream.read(LARGEST_ANSWER_BYTES + 1))
        except ClientError as error:
            raise _told(error.response) from error
        except (NoCredentialsError, NoRegionError, ParamValidationError) as error:
            raise ConfigError(
                f"{self.described} cannot be called: {error}. Hint: the job's role needs sagemaker:InvokeEndpoint, and "
                "AWS_REGION must be set."
            ) from error
        except BotoCoreError as error:
            raise Busy(f"{type(error).__name__}"[:200]) from error
        if len(content) > LARGEST_ANSWER_BYTES:
            raise Oversized
        return Reply(content, answer.get("ContentType"))


def _told(response: Any) -> Exception:
    """What a failed call means: worth another try or not."""
    code, message = (str(response.get("Error", {}).get(key, "")) for key in ("Code", "Message"))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"{code[:60]}, {told(status, message.encode())}"
    # A ModelError hides the container's own status, of which 4xx will not change.
    original = int(response.get("OriginalStatusCode", status) or status)
    if (code in _PASSING or status in PASSING) and not 400 <= original < 424:
        return Busy(text)
    return Refused(text, too_large=status == 413 or original == 413)


@cache
def _client(_process: int, timeout_seconds: float) -> Any:
    """The process's client; a client is shared by threads and must not cross a fork. AWS_ENDPOINT_URL is respected."""
    import boto3  # noqa: PLC0415 - importing it takes longer than a small job
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(
        retries={"mode": "standard", "total_max_attempts": 1},  # ours are counted and logged
        read_timeout=timeout_seconds,
        connect_timeout=min(timeout_seconds, 10),
        max_pool_connections=64,
    )
    return boto3.session.Session().client("sagemaker-runtime", config=settings)
