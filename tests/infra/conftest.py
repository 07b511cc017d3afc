"""A ministack for each test, and stacks in it; and the fixtures of the tests on moto."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import pytest
from bootstrap import archive
from template import AUDITOR, INFRA

MOTO = pathlib.Path(__file__).resolve().parents[1] / "moto"
sys.path.append(str(MOTO))
specification = importlib.util.spec_from_file_location("moto_fixtures", MOTO / "conftest.py")
moto_fixtures = importlib.util.module_from_spec(specification)
specification.loader.exec_module(moto_fixtures)
endpoint, lineward, clients = moto_fixtures.endpoint, moto_fixtures.lineward, moto_fixtures.clients


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox("--external-id", AUDITOR["ExternalId"])


@pytest.fixture
def ministack(free_port, sandbox, tmp_path):
    """A server on loopback. Its functions find the sandbox as their AWS, and it as their S3."""
    endpoint = f"http://127.0.0.1:{free_port}"
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(free_port),
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
    }
    with open(tmp_path / "ministack.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        wait_until_it_answers(endpoint, server)
        yield endpoint
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_it_answers(endpoint, server):
    for _ in range(300):
        try:
            urllib.request.urlopen(endpoint, timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                pytest.fail(f"ministack ended with {server.returncode}")
            time.sleep(0.1)
    pytest.fail("ministack did not answer")


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
        values = {**AUDITOR, **parameters}
        aws("cloudformation").create_stack(
            StackName="lineward",
            TemplateBody=(INFRA / "auditor.yaml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": values[key]} for key in values],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return outputs(aws("cloudformation"))

    return create


def outputs(cloudformation):
    for _ in range(300):
        [stack] = cloudformation.describe_stacks(StackName="lineward")["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture
def zipped(tmp_path):
    """A program as a function's code, without its debug information."""

    def zipped(program):
        stripped = tmp_path / "bootstrap"
        subprocess.run(["strip", "-o", stripped, program], check=True)
        return archive(stripped.read_bytes())

    return zipped
