"""A Lambda that plays the auditor by a script: an object `script.json` in its bucket.

The script says how many batches there are, and what each task answers: `{"scan/2": ["Lineward.Store", null]}` is
a second batch that fails once. What was asked for is written down in the bucket, an object a call.
"""

import json
import os
import time
import urllib.request
import uuid

import boto3

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
BUCKET = os.environ["LINEWARD_STORE__URL"].split("/")[2]
S3 = boto3.client("s3", region_name="us-east-1")


def read(key):
    return json.load(S3.get_object(Bucket=BUCKET, Key=key)["Body"])


def write(key, value):
    S3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(value))


def answer(event):
    script = read("script.json")
    task = event["task"]
    name = f"scan/{event['batch']}" if task == "scan" else task
    before = S3.list_objects_v2(Bucket=BUCKET, Prefix=f"calls/{name}/").get("Contents", [])
    write(f"calls/{name}/{time.time_ns()}-{uuid.uuid4()}", event)
    faults = script.get(name, [])
    if faults and (fault := faults[min(len(before), len(faults) - 1)]):
        return "error", {"errorType": fault, "errorMessage": "as the script says"}
    if task != "plan":
        return "response", {"run": event["run"], "much": "x" * 1000}
    key = "data/fan-out/run=1/plan.json"
    batches = [
        {"task": "scan", "run": "1", "batch": number, "accounts": [f"{number:012}"]}
        for number in range(script["batches"])
    ]
    if not script.get("loses_plan"):
        write(key, batches)
    return "response", {"run": "1", "batches": len(batches), "bucket": BUCKET, "key": key}


while True:
    with urllib.request.urlopen(f"{RUNTIME}/next") as got:
        request, event = got.headers["Lambda-Runtime-Aws-Request-Id"], json.load(got)
    how, body = answer(event)
    data = json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request}/{how}", data, method="POST"))
