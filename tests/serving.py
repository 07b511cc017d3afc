"""Servers of others, each a process on loopback that ends with its test."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest


@contextlib.contextmanager
def served(command, url, environment=None, log=subprocess.DEVNULL, folder=None):
    """Starts a server, waits until it answers at `url`, and ends it."""
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until_it_answers(url, server)
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_it_answers(url, server):
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                pytest.fail(f"{server.args} ended with {server.returncode}")
            time.sleep(0.1)
    pytest.fail(f"{server.args} did not answer")


@contextlib.contextmanager
def ministack(port, folder, **environment):
    """A ministack whose functions find what `environment` says."""
    endpoint = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), **environment}
    command = [sys.executable, "-m", "ministack"]
    with open(folder / "ministack.log", "wb") as log, served(command, endpoint, environment, log, folder):
        yield endpoint
