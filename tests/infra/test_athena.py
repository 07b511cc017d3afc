"""The tables that the template makes are those of `athena.sql`, which are held to the rows that runs write."""

import re

from conftest import create_stack
from template import INFRA, Stack

BUCKET = {"BucketName": "example-reports"}
TABLE = re.compile(r"CREATE EXTERNAL TABLE (\w+) \((.*?)\)\nPARTITIONED.*?LOCATION '(.*?)'", re.S)


def of_sql():
    found = TABLE.findall((INFRA / "athena.sql").read_text())
    return {name: (re.findall(r"`?(\w+)`? (\w+)", columns), location) for name, columns, location in found}


def test_the_tables_are_those_of_the_statements():
    tables = Stack("athena.yaml", BUCKET).of_type("AWS::Glue::Table").values()
    inputs = [it["Properties"]["TableInput"] for it in tables]
    expected = of_sql()
    assert len(expected) == 4
    assert {it["Name"] for it in inputs} == expected.keys()
    for table in inputs:
        columns, location = expected[table["Name"]]
        stored = table["StorageDescriptor"]
        assert [(it["Name"], it["Type"]) for it in stored["Columns"]] == columns
        assert stored["Location"] == location.replace("BUCKET/PREFIX", "example-reports/data")


def test_the_tables_are_really_there(aws):
    create_stack(aws("cloudformation"), "lineward-athena", "athena.yaml", BUCKET)
    tables = aws("glue").get_tables(DatabaseName="lineward")["TableList"]
    assert {it["Name"] for it in tables} == of_sql().keys()
    location = "s3://example-reports/data/runs/dt=${dt}/"
    [runs] = [it for it in tables if it["Name"] == "lineward_runs"]
    assert runs["Parameters"]["storage.location.template"] == location
