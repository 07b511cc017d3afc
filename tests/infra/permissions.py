"""What calls ask of IAM, and whether a policy grants it."""

import base64
import json
import re
import urllib.parse

from template import as_list

# The account that a request's resources are taken to be of, where the request doesn't tell.
MEMBER = "444455556666"

# Calls that need no permission. Source: STS API Reference, GetCallerIdentity ("No permissions are required").
FREE = {"sts:GetCallerIdentity"}

# The paths of EMR Serverless, and the operation of each. Source: its API Reference.
PATHS = [
    (r"/applications", "ListApplications"),
    (r"/applications/\w+", "GetApplication"),
    (r"/applications/\w+/jobruns", "ListJobRuns"),
    (r"/applications/\w+/jobruns/\w+", "GetJobRun"),
    (r"/applications/\w+/sessions", "ListSessions"),
    (r"/applications/\w+/sessions/\w+", "GetSession"),
]


def asked(request):
    """The action of a recorded request, and the resource that IAM compares. By the Service Authorization
    Reference, `*` is the resource of an action that knows none."""
    scope = re.search(r"Credential=[^/]+/\d+/([\w-]+)/([\w-]+)/", request["headers"]["authorization"])
    region, service = scope.groups()
    path = urllib.parse.unquote(request["path"].split("?")[0]).rstrip("/")
    form = dict(urllib.parse.parse_qsl(request["body"]))
    if service in ("iam", "sts"):
        name = form["Action"]
        return f"{service}:{name}", form.get("RoleArn") or form.get("PolicyArn") or "*"
    if service == "organizations":
        return f"organizations:{request['headers']['x-amz-target'].split('.')[1]}", "*"
    if service == "account":
        return f"account:{path[1].upper()}{path[2:]}", f"arn:aws:account::{MEMBER}:account"
    name = next(name for pattern, name in PATHS if re.fullmatch(pattern, path))
    # A list is of its application.
    path = re.sub("/(jobruns|sessions)$", "", path)
    resource = "*" if name == "ListApplications" else f"arn:aws:emr-serverless:{region}:{MEMBER}:{path}"
    return f"{service}:{name}", resource


def matches(pattern, text):
    """IAM's wildcards."""
    parts = re.split(r"([*?])", pattern)
    expression = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(expression, text) is not None


def holds(condition, context):
    """All keys of all operators; one that isn't known here is an error, not a yes."""
    for operator, keys in condition.items():
        for key, values in keys.items():
            compare = {
                "StringEquals": str.__eq__,
                "ArnLike": matches,
            }[operator]
            if key not in context or not any(compare(value, context[key]) for value in as_list(values)):
                return False
    return True


def allowing(statements, action, resource, context):
    """The statements that allow it."""
    assert all(it["Effect"] == "Allow" for it in statements)
    return [
        it["Sid"]
        for it in statements
        if any(matches(pattern, action) for pattern in as_list(it["Action"]))
        and any(matches(pattern, resource) for pattern in as_list(it["Resource"]))
        and holds(it.get("Condition", {}), context)
    ]


def granted(statements):
    return {action for it in statements for action in as_list(it["Action"])}


def of_sandbox(sandbox):
    """What was asked of the sandbox, by whom: the auditor, or a role in a member account."""
    return [(who(request), *asked(request)) for request in sandbox.admin("requests")]


def of_moto(recording):
    """What was asked of moto, from the lines that its recorder wrote."""
    asks = []
    for line in recording.splitlines():
        record = json.loads(line)
        headers = {key.lower(): value for key, value in record["headers"].items()}
        if "credential=" not in headers.get("authorization", "").lower():
            continue
        url = urllib.parse.urlsplit(record["url"])
        body = record["body"] or ""
        if record["body_encoded"]:
            body = base64.b64decode(body).decode()
        request = {"path": url.path, "headers": headers, "body": body}
        asks.append((who(request), *asked(request)))
    return asks


def who(request):
    """Only credentials of an assumed role have a session token."""
    return "member" if "x-amz-security-token" in request["headers"] else "auditor"
