#!/usr/bin/env python3
"""Compares the data that Lineward judges by with lists of what there is.

    tests/check_data.py --releases releases.csv --agents agents.csv

A list is CSV with a head. Of releases: `label` (or `release_label`), and `spark`, `scala`, `java`,
`serverless` (or `emr_serverless`) where it has them; of Spline's bundles: `version` (or `agent_version`),
`spark` (or `spark_minor`), `scala`, and `exists`, of which rows other than `yes` are passed by unless they say
`likely`. A list of labels alone, one a line, does too. Each difference is a line; any gives exit code 1.
"""

import argparse
import csv
import pathlib
import re
import sys
import tomllib

SPARK = pathlib.Path(__file__).resolve().parents[1] / "rules/spark"
NAMES = {"release_label": "label", "emr_serverless": "serverless", "agent_version": "version", "spark_minor": "spark"}


def table(name):
    return tomllib.loads((SPARK / f"{name}.toml").read_text())


def rows(path, key):
    """The rows of a list, by the names that the tables have; of one without a head, its lines."""
    lines = pathlib.Path(path).read_text().splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    head = [NAMES.get(name.strip(), name.strip()) for name in next(csv.reader(lines[:1]), [])]
    if key not in head:
        if len(head) > 1:
            sys.exit(f"{path}: no column `{key}`")
        return [{key: line.strip()} for line in lines]
    return [dict(zip(head, map(str.strip, row))) for row in csv.reader(lines[1:])]


def minor(version):
    return ".".join(version.split(".")[:2])


def number(text):
    found = re.match(r"\d+", text)
    return found.group() if found else ""


def releases(path):
    """What differs between the releases of a list and `releases.toml`."""
    ours = {row["label"]: row for row in table("releases")["release"]}
    theirs = {row["label"]: row for row in rows(path, "label")}
    for label in sorted(theirs.keys() - ours.keys()):
        yield f"{label} is not in releases.toml"
    for label in sorted(ours.keys() - theirs.keys()):
        yield f"{label} is in releases.toml alone"
    for label in sorted(ours.keys() & theirs.keys()):
        our, their = ours[label], theirs[label]
        serverless = "yes" if our.get("serverless", True) else "no"
        # Lists tell Scala to the patch and Java with remarks: `2.12.15`, `17 (default)`.
        for name, known, given in [
            ("Spark", our["spark"], their.get("spark")),
            ("Scala", our["scala"], minor(their.get("scala", ""))),
            ("Java", our.get("java", ""), number(their.get("java", ""))),
            ("serverless", serverless, their.get("serverless", "").partition(" ")[0]),
        ]:
            if known and given and known != given:
                yield f"{label}: {name} {known} in releases.toml, {given} in the list"


def agents(path):
    """What differs between the bundles of a list and `agents.toml`."""
    ours = {}
    for bundle in table("agents")["bundle"]:
        for certainty, field in ("yes", "versions"), ("likely", "likely"):
            for version in bundle.get(field, []):
                ours[version, bundle["spark"], bundle["scala"]] = certainty
    theirs = {}
    for row in rows(path, "version"):
        if missing := {"spark", "scala"} - row.keys():
            sys.exit(f"{path}: no column {', '.join(sorted(missing))}")
        exists = row.get("exists", "yes")
        if exists == "yes" or exists.startswith("likely"):
            theirs[row["version"], row["spark"], row["scala"]] = exists.partition(" ")[0]
    for bundle in sorted(ours.keys() | theirs.keys()):
        known, given = ours.get(bundle, "no"), theirs.get(bundle, "no")
        if known != given:
            version, spark, scala = bundle
            yield f"spark-{spark}-spline-agent-bundle_{scala}-{version}: {known} in agents.toml, {given} in the list"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--releases", metavar="FILE", help="a list of EMR releases")
    parser.add_argument("--agents", metavar="FILE", help="a list of Spline's bundles")
    given = parser.parse_args(arguments)
    if not (given.releases or given.agents):
        parser.error("name a list")
    found = [*(releases(given.releases) if given.releases else []), *(agents(given.agents) if given.agents else [])]
    print(*found, sep="\n", end="\n" if found else "")
    for name in "releases", "agents":
        data = table(name)["data"]
        print(f"# {name}.toml, read on {data['read_on']}: {data['source']}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
