"""A moto server for each test, and the binary that walks it."""

import json
import pathlib
import subprocess
import sys

import boto3
import pytest
from credentials import ENVIRONMENT, KEYS
from serving import served


@pytest.fixture
def endpoint(free_port, tmp_path):
    server = pathlib.Path(__file__).with_name("server.py")
    url = f"http://127.0.0.1:{free_port}"
    command = [sys.executable, str(server), str(free_port)]
    # What moto records lands in the folder in which it runs.
    with served(command, f"{url}/moto-api/data.json", folder=tmp_path):
        yield url


class Lineward:
    """The real binary, in a folder of its own."""

    def __init__(self, binary, endpoint, folder):
        self.binary = binary
        self.folder = folder
        self.environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "HOME": str(folder)}

    def run(self, *arguments):
        return subprocess.run(
            [self.binary, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def audit(self, *arguments):
        """The exit code and the report."""
        run = self.run("audit", "--format", "json", *arguments)
        assert run.stdout, run.stderr
        return run.returncode, json.loads(run.stdout)


@pytest.fixture
def lineward(built, endpoint, tmp_path):
    return Lineward(built / "lineward", endpoint, tmp_path)


@pytest.fixture
def clients(endpoint):
    """A client for a service, in an account by its id, or in the caller's own."""

    def client(service, account=None, region="us-east-1"):
        keys = KEYS
        if account:
            sts = boto3.client("sts", endpoint_url=endpoint, region_name=region, **keys)
            role = f"arn:aws:iam::{account}:role/lineward-member"
            answer = sts.assume_role(RoleArn=role, RoleSessionName="plant")["Credentials"]
            keys = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
        return boto3.client(service, endpoint_url=endpoint, region_name=region, **keys)

    return client
