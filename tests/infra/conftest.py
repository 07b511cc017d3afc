"""A ministack for each test, and stacks in it; and the fixtures of the tests on moto."""

import pathlib
import sys
import time

import boto3
import pytest
import serving
from template import AUDITOR, INFRA

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "moto"))
from fixtures import clients, endpoint, lineward  # noqa: E402

__all__ = ["clients", "endpoint", "lineward"]


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox("--external-id", AUDITOR["ExternalId"])


@pytest.fixture
def ministack(free_port, sandbox, tmp_path):
    """A server on loopback. Its functions find the sandbox as their AWS, and it as their S3."""
    own = f"http://127.0.0.1:{free_port}"
    ends = {
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_ENDPOINT_URL_S3": own,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": own,
    }
    with serving.ministack(free_port, tmp_path, **ends) as endpoint:
        yield endpoint


@pytest.fixture
def aws(ministack, sandbox):
    """A client of ministack, which takes the key for the account and hands it on to its functions."""
    account = sandbox.admin("organization")["auditor_account"]

    def client(service):
        return boto3.client(
            service,
            endpoint_url=ministack,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="not-verified",
        )

    return client


@pytest.fixture
def deploy(aws):
    """Creates the auditor's stack with a zip as its code; its outputs."""

    def create(code, **parameters):
        bucket = AUDITOR["CodeBucket"]
        aws("s3").create_bucket(Bucket=bucket)
        aws("s3").put_object(Bucket=bucket, Key=AUDITOR["CodeKey"], Body=code)
        return create_stack(aws("cloudformation"), "lineward", "auditor.yaml", {**AUDITOR, **parameters})

    return create


def create_stack(cloudformation, name, template, values):
    """Creates a stack; its outputs."""
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(INFRA / template).read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": values[key]} for key in values],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    return outputs(cloudformation, name)


def outputs(cloudformation, name="lineward"):
    for _ in range(300):
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
