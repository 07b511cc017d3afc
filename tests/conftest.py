"""What the Python tests share: the sandbox, in a process of its own."""

import json
import os
import pathlib
import socket
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
ONCE = Config(retries={"max_attempts": 0}, parameter_validation=False)


class Sandbox:
    """A sandbox in a process of its own."""

    def __init__(self, *flags):
        command = [TARGET / "sandbox", "--until-stdin-closes", *flags]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def admin(self, path):
        with urllib.request.urlopen(f"{self.endpoint}/_sandbox/{path}") as answer:
            return json.load(answer)

    def post(self, path, body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}{path}", data, method="POST")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def client(self, service, credentials=None, region="us-east-1"):
        credentials = credentials or {
            "AccessKeyId": "AKIALINEWARDAUDITOR0",
            "SecretAccessKey": "not-verified",
            "SessionToken": None,
        }
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            config=ONCE,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def enter(self, account):
        role = f"arn:aws:iam::{account}:role/lineward-member"
        sts = self.client("sts")
        return sts.assume_role(RoleArn=role, RoleSessionName="boto3")["Credentials"]


@pytest.fixture
def start_sandbox():
    """Starts sandboxes, and ends them with the test."""
    running = []

    def start(*flags):
        running.append(Sandbox(*flags))
        return running[-1]

    yield start
    for sandbox in running:
        sandbox.end()


@pytest.fixture
def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def built():
    """The folder of the programs that cargo built."""
    return TARGET
