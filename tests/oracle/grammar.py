"""Random policies, principals and requests, from a grammar of all that Lineward's evaluator reads.

A case holds all that is known of its request: neither iam-simulate nor Lineward's filter derives any key from the
principal or the resource, not even aws:PrincipalArn, and a key that isn't there is absent. iam-simulate drops keys that
the Service Authorization Reference doesn't have for the action and resource type, but takes every global one.
"""

import random

ACCOUNTS = ["111111111111", "222222222222", "333333333333"]
TEAMS = ["red", "blue", "Red"]
ODD = ["r*d", "re?", "r.d", "r\u00f8d", "[red]"]
ROLES = ["emr", "exec", "data"]
SERVICE = "emr-serverless.amazonaws.com"

# Single-valued keys that requests may hold, with the operators that make sense of them and the values that
# policies compare them with.
TEXTS = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
         "StringNotLike")
NUMBERS = ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
           "NumericGreaterThanEquals")
DATES = ("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
         "DateGreaterThanEquals")
ARNS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
FORMS = {"Null"} | {
    before + base + after
    for base in (*TEXTS, *NUMBERS, *DATES, *ARNS, "Bool", "BinaryEquals", "IpAddress", "NotIpAddress")
    for before in ("", "ForAllValues:", "ForAnyValue:") for after in ("", "IfExists")
}
TEAM_VALUES = TEAMS + ["r*", "*", "?ed", "${aws:PrincipalTag/Team}", "${aws:PrincipalTag/team, 'red'}",
                       "${aws:PrincipalTag/None, 'blue'}", "${aws:PrincipalTag/None}", "${*}", "re${*}", "${$}",
                       "r${*}d", "r.d", "r?d", "${aws:PrincipalTag/Team}*", "${", "RED"]
DATES_OF_POLICIES = ["2026-11-23T12:00:00Z", "2026-11-22T00:00:00Z", "2026-11-24", "2030-01-01T00:00:00Z",
                     "2026-11-23T13:00:00+01:00", "1795435200", "1795435201"]
NETWORKS = ["10.0.0.0/8", "10.1.2.3", "192.168.0.0/16", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1"]

# Operations, with what each is asked of and the keys of its own.
ROLE_TAGS = ("iam:ResourceTag/Team", "aws:ResourceTag/Team", "aws:ResourceTag/team")
ACTIONS = {
    "sts:AssumeRole": ("role", ROLE_TAGS + ("sts:ExternalId", "aws:RequestTag/Team", "aws:TagKeys")),
    "sts:TagSession": ("role", ("aws:RequestTag/Team", "aws:TagKeys", "sts:TransitiveTagKeys")),
    "iam:PassRole": ("role", ("iam:PassedToService",) + ROLE_TAGS),
    "iam:TagRole": ("role", ROLE_TAGS + ("aws:RequestTag/Team", "aws:TagKeys")),
    "iam:PutRolePolicy": ("role", ROLE_TAGS + ("iam:PermissionsBoundary",)),
    "iam:AttachRolePolicy": ("role", ROLE_TAGS + ("iam:PolicyARN",)),
    "iam:UpdateAssumeRolePolicy": ("role", ROLE_TAGS),
    "iam:CreateRole": ("role", ("aws:RequestTag/Team", "aws:TagKeys", "iam:PermissionsBoundary")),
    "emr-serverless:StartJobRun": ("application", ("aws:ResourceTag/Team", "aws:RequestTag/Team", "aws:TagKeys")),
    "emr-serverless:TagResource": ("application", ("aws:ResourceTag/Team", "aws:RequestTag/Team", "aws:TagKeys")),
    "emr-serverless:CreateApplication": ("", ("aws:RequestTag/Team", "aws:TagKeys")),
    "emr-serverless:AccessLivyEndpoints": ("application", ("aws:ResourceTag/Team",)),
}
GLOBAL = ("aws:PrincipalTag/Team", "aws:PrincipalOrgID", "aws:PrincipalArn", "aws:PrincipalAccount",
          "aws:SourceIp", "aws:CurrentTime", "aws:EpochTime", "aws:MultiFactorAuthAge", "aws:SecureTransport",
          "aws:ViaAWSService", "aws:ResourceAccount")


def role_arn(account, team, role):
    return f"arn:aws:iam::{account}:role/emr/{team.lower()}/{team.lower()}-{role}"


class Grammar:
    def __init__(self, seed, variables=True, sessions=True):
        self.random = random.Random(seed)
        self.variables = variables
        self.sessions = sessions

    def one(self, *choices):
        return self.random.choice(choices)

    def chance(self, probability):
        return self.random.random() < probability

    def listed(self, values):
        """A scalar where there is one value, at times."""
        return values[0] if len(values) == 1 and self.chance(0.5) else values

    def some(self, values, most=2):
        return self.random.sample(list(values), self.random.randint(1, min(most, len(values))))

    # Requests.

    def case(self, number):
        action = self.random.choice(list(ACTIONS) + ["sts:AssumeRole"] * 8)
        kind, keys = ACTIONS[action]
        account, home = self.one(*ACCOUNTS), self.one(*ACCOUNTS)
        team, other = self.one(*TEAMS), self.one(*TEAMS)
        principal = role_arn(account, team, self.one(*ROLES))
        # Only trust policies speak between accounts.
        home = self.one(home, account) if action == "sts:AssumeRole" else account
        if kind == "role":
            resource = role_arn(home, other, self.one(*ROLES))
        elif not kind:
            resource = "*"
        else:
            resource = f"arn:aws:emr-serverless:eu-west-1:{home}:/applications/{self.one('00f1a', '00f2b')}"
        request = dict(action=action, principal=principal, account=account, resource=resource, home=home,
                       keys=keys, team=team, other=other)
        trust = action in ("sts:AssumeRole", "sts:TagSession")
        return {
            "id": str(number),
            "principal": principal,
            "action": action,
            "resource": resource,
            "resourceAccount": home,
            "context": self.context(request),
            "identityPolicies": [
                {"name": f"p{i}", "policy": self.document(request, False)}
                for i in range(self.one(1, 1, 2, 3))
            ],
            "resourcePolicy": self.document(request, True) if trust else None,
            "boundary": self.document(request, False, wide=0.6) if self.chance(0.3) else None,
        }

    def context(self, request):
        held = {
            "aws:PrincipalArn": request["principal"],
            "aws:PrincipalAccount": request["account"],
            "aws:ResourceAccount": request["home"],
        }
        values = {
            "aws:PrincipalOrgID": lambda: self.one("o-mine", "o-other"),
            "aws:PrincipalTag/Team": lambda: self.odd(request["team"]),
            "aws:SourceIp": lambda: self.one("10.1.2.3", "192.168.1.1", "2001:db8::1"),
            "aws:CurrentTime": lambda: "2026-11-23T12:00:00Z",
            "aws:EpochTime": lambda: "1795435200",
            "aws:MultiFactorAuthAge": lambda: self.one("10", "600", "3600"),
            "aws:SecureTransport": lambda: self.one("true", "false"),
            "aws:ViaAWSService": lambda: self.one("true", "false"),
            "iam:PassedToService": lambda: self.one(SERVICE, SERVICE, "glue.amazonaws.com"),
            "sts:ExternalId": lambda: self.one("x1", "x2", "eDE="),
            "iam:PermissionsBoundary": lambda: f"arn:aws:iam::{request['home']}:policy/boundary",
            "iam:PolicyARN": lambda: self.one("arn:aws:iam::aws:policy/ReadOnlyAccess",
                                              f"arn:aws:iam::{request['home']}:policy/red"),
            "aws:RequestTag/Team": lambda: self.odd(self.one(*TEAMS)),
            "aws:TagKeys": lambda: self.some(["Team", "Owner", "team"], 2),
            "sts:TransitiveTagKeys": lambda: self.some(["Team", "Owner"], 2),
        }
        for key in request["keys"] + GLOBAL:
            if key in held or "ResourceTag" in key:
                continue
            if self.chance(0.75):
                held[self.cased(key)] = values[key]()
        if self.chance(0.85):
            other = self.odd(request["other"])
            for key in request["keys"]:
                if "ResourceTag" in key and not key.endswith("team"):
                    held[self.cased(key)] = other
        return held

    def odd(self, value):
        """A value that may hold what is special in patterns."""
        return self.one(*ODD) if self.chance(0.08) else value

    # Documents.

    def document(self, request, trust, wide=0.25):
        statements = [self.statement(request, trust, wide) for _ in range(self.random.randint(1, 3))]
        document = {"Statement": self.listed(statements)}
        version = self.one("2012-10-17", "2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None)
        if version:
            document = {"Version": version, **document}
        if self.chance(0.05):
            document["Id"] = "P"
        return document

    def statement(self, request, trust, wide):
        statement = {"Effect": "Deny" if self.chance(0.16) else "Allow"}
        if self.chance(0.3):
            statement["Sid"] = f"S{self.random.randint(0, 9)}"
        if trust:
            statement["Principal"] = self.principal(request)
        plain = self.chance(wide)
        if plain:
            statement["Action"] = self.one("*", request["action"])
        else:
            self.actions(request, statement)
        if not trust:
            if plain:
                statement["Resource"] = "*"
            else:
                self.resources(request, statement)
        if not self.chance(0.35 if not plain else 0.6):
            statement["Condition"] = self.conditions(request)
        return statement

    def actions(self, request, statement):
        action = request["action"]
        service, name = action.split(":")
        near = [action, action.upper(), f"{service}:*", f"{service}:{name[:4]}*", f"{service}:{name[:3]}?*", "*",
                f"*:{name}"]
        near = [it for it in near if not it.startswith("*:")]
        far = ["s3:GetObject", "iam:List*", f"{service}:Other*"]
        if self.chance(0.12):
            statement["NotAction"] = self.listed(self.some(far + near[:2]))
        else:
            statement["Action"] = self.listed(self.some(near * 3 + far))

    def resources(self, request, statement):
        resource, home, other = request["resource"], request["home"], request["other"].lower()
        if resource == "*":
            near, far = ["*"], ["arn:aws:emr-serverless:*", f"arn:aws:emr-serverless:*:{home}:/*"]
        elif ":role/" in resource:
            near = [resource, "*", f"arn:aws:iam::{home}:role/*", "arn:aws:iam::*:role/emr/*",
                    f"arn:aws:iam::{home}:role/emr/{other}/*", f"arn:aws:iam::{home}:role/emr/*/*-????",
                    f"arn:aws:iam::{home}:*", "arn:aws:iam::*"]
            far = [role_arn(self.one(*ACCOUNTS), self.one(*TEAMS), self.one(*ROLES))]
            if self.variables:
                near += [f"arn:aws:iam::{home}:role/emr/${{aws:PrincipalTag/Team}}/*",
                         f"arn:aws:iam::{home}:role/emr/${{aws:PrincipalTag/None, '{other}'}}/*",
                         "arn:aws:iam::${aws:PrincipalAccount}:role/*"]
        else:
            near = [resource, "*", f"arn:aws:emr-serverless:*:{home}:/applications/*",
                    f"arn:aws:emr-serverless:eu-west-?:{home}:/applications/00f?a"]
            far = [f"arn:aws:emr-serverless:us-east-1:{home}:/applications/*"]
        if self.chance(0.12):
            statement["NotResource"] = self.listed(self.some(near[:1] + near[2:] + far * 3))
        else:
            statement["Resource"] = self.listed(self.some(near * 3 + far))

    def principal(self, request):
        account, principal = request["account"], request["principal"]
        name = principal.rsplit("/", 1)[-1]
        near = [account, f"arn:aws:iam::{account}:root", principal, "*"]
        far = [role_arn(self.one(*ACCOUNTS), self.one(*TEAMS), self.one(*ROLES)), self.one(*ACCOUNTS)]
        if self.sessions:
            far.append(f"arn:aws:sts::{account}:assumed-role/{name}/s")
        if self.chance(0.06):
            return "*"
        if self.chance(0.08):
            return {"Service": self.listed([SERVICE])}
        principals = {"AWS": self.listed(self.some(near * 3 + far, 3))}
        if self.chance(0.1):
            principals["Service"] = [SERVICE]
        if self.chance(0.03):
            principals["Federated"] = "cognito-identity.amazonaws.com"
        return principals

    # Conditions.

    def conditions(self, request):
        block = {}
        for _ in range(self.one(1, 1, 1, 2, 3)):
            operator, key, values = self.condition(request)
            block.setdefault(operator, {}).setdefault(self.cased(key), self.listed(values))
        return block

    def cased(self, key):
        return self.one(key, key, key, key.lower(), key.upper()) if self.chance(0.5) else key

    def condition(self, request):
        key = self.random.choice(request["keys"] * 2 + GLOBAL)
        team = [it for it in TEAM_VALUES if self.variables or "$" not in it]
        if self.chance(0.07):
            return "Null", key, self.some(["true", "false", True, False, "TRUE"], self.one(1, 1, 1, 2))
        quantifier = ""
        if key in ("aws:TagKeys", "sts:TransitiveTagKeys"):
            quantifier = self.one("ForAllValues:", "ForAnyValue:")
            operator, values = self.one(*TEXTS), self.some(["Team", "Owner", "team", "T*", "*"], 3)
        elif "Tag/" in key:
            operator, values = self.one(*TEXTS), self.some(team, 3)
        elif key == "aws:SourceIp":
            operator, values = self.one("IpAddress", "NotIpAddress"), self.some(NETWORKS)
        elif key == "aws:EpochTime" and self.chance(0.4):
            operator, values = self.one(*NUMBERS), self.some(["1795435200", "1795435201", "1795000000.5"])
        elif key in ("aws:CurrentTime", "aws:EpochTime"):
            operator, values = self.one(*DATES), self.some(DATES_OF_POLICIES, 2)
        elif key == "aws:MultiFactorAuthAge":
            operator, values = self.one(*NUMBERS), self.some(["10", "600", "600.0", "601", "3600", "-1"])
            if self.chance(0.3):
                values = [int(it) for it in values if "." not in it] or [10]
        elif key in ("aws:SecureTransport", "aws:ViaAWSService"):
            operator, values = "Bool", self.some(["true", "false", "True", True, False], self.one(1, 1, 1, 2))
        elif key == "sts:ExternalId" and self.chance(0.4):
            operator, values = "BinaryEquals", self.some(["eDE=", "eDI="])
        elif key in ("aws:PrincipalArn", "iam:PermissionsBoundary", "iam:PolicyARN"):
            operator = self.one(*ARNS, "StringLike", "StringEquals")
            account = request["account"]
            values = self.some([request["principal"], f"arn:aws:iam::{account}:role/*", "arn:aws:iam::*:policy/*",
                                "arn:aws:iam::*:role/emr/red/*", "arn:aws:iam::aws:policy/ReadOnlyAccess"]
                               + ["arn:aws:iam::*:role/emr/${aws:PrincipalTag/Team}/*",
                                  "arn:aws:iam::${aws:PrincipalAccount}:role/*"] * self.variables)
        else:
            operator = self.one(*TEXTS)
            values = self.some(["o-mine", "x1", SERVICE, "*", request["account"], request["home"],
                                "emr-serverless.*"])
        if not quantifier and self.chance(0.15):
            quantifier = self.one("ForAllValues:", "ForAnyValue:")
        return quantifier + operator + ("IfExists" if self.chance(0.2) else ""), key, values
