"""CloudFormation templates, with parameters filled in."""

import json
import pathlib
import re

import yaml

INFRA = pathlib.Path(__file__).resolve().parents[2] / "infra"
ORGANIZATION = "o-exampleorgid"
EXTERNAL_ID = "example-external-id"
ACCOUNT = "111122223333"
AUDITOR = {
    "OrganizationId": ORGANIZATION,
    "ExternalId": EXTERNAL_ID,
    "CodeBucket": "code",
    "CodeKey": "lineward-1.0.0.zip",
}
MEMBER = {
    "OrganizationId": ORGANIZATION,
    "ExternalId": EXTERNAL_ID,
    "AuditorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/lineward-auditor",
    "EventBusArn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/lineward",
}
RULES = {"EventBusArn": MEMBER["EventBusArn"]}
NOTHING = object()


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def function(loader, name, node):
    """`!Sub x` as `{"Fn::Sub": "x"}`."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


Loader.add_multi_constructor("!", function)


def load(name):
    return yaml.load((INFRA / name).read_text(), Loader)


class Stack:
    """A template as CloudFormation would see it, but for the ids of resources, which are their names."""

    def __init__(self, name, parameters, region="us-east-1", account=ACCOUNT):
        self.template = load(name)
        defaults = {
            key: value["Default"]
            for key, value in self.template["Parameters"].items()
            if "Default" in value
        }
        self.values = {
            **defaults,
            **parameters,
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackName": "lineward",
        }
        missing = self.template["Parameters"].keys() - self.values.keys()
        assert not missing, f"no value for {missing}"
        for name, body in self.template["Parameters"].items():
            if body["Type"] == "CommaDelimitedList" and isinstance(self.values[name], str):
                self.values[name] = self.values[name].split(",")
        self.resources = {
            key: self.resolve(resource)
            for key, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def of_type(self, kind):
        return {key: it for key, it in self.resources.items() if it["Type"] == kind}

    def properties(self, name):
        return self.resources[name]["Properties"]

    def holds(self, condition):
        return self.resolve(self.template["Conditions"][condition])

    def resolve(self, value):
        if isinstance(value, list):
            return [it for it in map(self.resolve, value) if it is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref" and argument == "AWS::NoValue":
                return NOTHING
            if name == "Ref":
                return self.values.get(argument, argument)
            if name == "Condition" and isinstance(argument, str) and argument in self.template["Conditions"]:
                return self.holds(argument)
            if name == "Fn::GetAtt":
                return argument if isinstance(argument, str) else ".".join(argument)
            if name == "Fn::Sub" and isinstance(argument, list):
                text, values = argument
                values = {**self.values, **self.resolve(values)}
                return re.sub(r"\$\{([\w:.]+)\}", lambda it: str(values.get(it[1], it[1])), text)
            if name == "Fn::Sub":
                return re.sub(r"\$\{([\w:.]+)\}", lambda it: str(self.values.get(it[1], it[1])), argument)
            if name == "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
            if name == "Fn::Equals":
                left, right = self.resolve(argument)
                return left == right
            if name == "Fn::Not":
                return not self.resolve(argument)[0]
            if name == "Fn::And":
                return all(self.resolve(argument))
            if name == "Fn::Or":
                return any(self.resolve(argument))
            if name == "Fn::Join":
                separator, items = argument
                return separator.join(self.resolve(items))
            if name == "Fn::Split":
                separator, text = argument
                return self.resolve(text).split(separator)
            if name == "Fn::Select":
                index, items = argument
                return self.resolve(items)[int(index)]
            assert not name.startswith("Fn::"), f"{name} is not known here"
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: it for key, it in resolved.items() if it is not NOTHING}


def statements(role):
    """All statements of a role's inline policies."""
    policies = role["Properties"]["Policies"]
    return [it for policy in policies for it in policy["PolicyDocument"]["Statement"]]


def as_list(value):
    return value if isinstance(value, list) else [value]


def definition(stack):
    """The state machine."""
    return json.loads(stack.properties("FanOut")["DefinitionString"])
