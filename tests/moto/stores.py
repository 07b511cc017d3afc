"""What the tests see of a store, whichever kind it is."""

import pathlib

import boto3
from credentials import KEYS

BUCKET = "audits"
PREFIX = "of/lineward"


def s3(endpoint):
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **KEYS)


class Folder:
    """A store in a folder."""

    def __init__(self, root, _endpoint):
        self.root = pathlib.Path(root) / "store"
        self.url = f"file:{self.root}"

    def names(self, kind):
        folders = [self.root / kind]
        names = []
        while folders:
            folder = folders.pop()
            try:
                entries = list(folder.iterdir())
            except FileNotFoundError:
                # A run that is going on prunes.
                continue
            folders += [it for it in entries if it.is_dir()]
            names += [str(it.relative_to(self.root)) for it in entries if it.is_file()]
        return sorted(names)

    def read(self, name):
        return (self.root / name).read_bytes()

    def write(self, name, data):
        (self.root / name).write_bytes(data)


class Bucket:
    """A store below a prefix of a bucket of moto's S3."""

    url = f"s3://{BUCKET}/{PREFIX}"

    def __init__(self, _root, endpoint):
        self.client = s3(endpoint)
        self.client.create_bucket(Bucket=BUCKET)

    def names(self, kind):
        below = f"{PREFIX}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{below}{kind}/")
        keys = (item["Key"] for page in pages for item in page.get("Contents", []))
        return sorted(key.removeprefix(below) for key in keys)

    def read(self, name):
        return self.client.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{name}")["Body"].read()

    def write(self, name, data):
        self.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{name}", Body=data)
