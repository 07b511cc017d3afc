"""Writes `provider.json`: the arguments that Terraform's AWS provider takes, for the resources that the modules use.

    python tests/infra/provider.py cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl

The wheel, from PyPI (`pip download --no-deps cdktf-cdktf-provider-aws`), is generated from the provider's own schema.
It is 59 MB, so that what the test needs of it is kept here.
"""

import json
import pathlib
import re
import sys
import zipfile

RESOURCES = {
    "aws_cloudformation_stack": "cloudformation_stack",
    "aws_cloudformation_stack_set": "cloudformation_stack_set",
    "aws_cloudformation_stack_set_instance": "cloudformation_stack_set_instance",
    "aws_emrserverless_application": "emrserverless_application",
    "aws_s3_object": "s3_object",
}
STRUCT = re.compile(r"jsii_struct_bases=\[.*?name_mapping=\{(.*?)\},\n\)\nclass (\w+)\b.*?def __init__\((.*?)\n    \) -> None:", re.S)
FIELD = re.compile(r"^        (\w+): (.*),$", re.M)
# What cdktf adds to each resource's own arguments.
ADDED = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


def arguments(text):
    """The arguments of a resource: null, or those of a block."""
    structs = {name: dict(FIELD.findall(fields)) for _, name, fields in STRUCT.findall(text)}
    [top] = [name for name, fields in structs.items() if "connection" in fields]

    def of(struct):
        found = {}
        for name, kind in structs[struct].items():
            inner = [it for it in re.findall(r"\w+", kind) if it in structs]
            found[name.rstrip("_")] = of(inner[0]) if inner else None
        return found

    return {name: value for name, value in of(top).items() if name not in ADDED}


def main(wheel):
    with zipfile.ZipFile(wheel) as package:
        read = {
            resource: arguments(package.read(f"cdktf_cdktf_provider_aws/{name}/__init__.py").decode())
            for resource, name in RESOURCES.items()
        }
        [metadata] = [name for name in package.namelist() if name.endswith(".dist-info/METADATA")]
        version = re.search(r"provider version ([\d.]+)", package.read(metadata).decode())[1]
    target = pathlib.Path(__file__).with_name("provider.json")
    target.write_text(json.dumps({"version": version, "resources": read}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
