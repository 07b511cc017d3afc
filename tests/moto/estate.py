"""An organization in moto, and the findings that its applications must cause."""

import json

REGIONS = ["us-east-1", "eu-west-1"]
LISTENERS = "spark.sql.queryExecutionListeners"
LISTENER = "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener"
URL = "spark.spline.lineageDispatcher.http.producer.url"
CAPACITY = {"cpu": "400 vCPU", "memory": "3000 GB"}
BUNDLE = "spark-{}-spline-agent-bundle_2.12"
COORDINATE = "za.co.absa.spline.agent.spark:" + BUNDLE
def trust(account):
    """Trust in EMR Serverless, acting for the account alone."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "emr-serverless.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def defaults(jars="s3://artifacts/spline/spline-7.1.0.jar", **changes):
    properties = {
        "spark.jars": jars,
        LISTENERS: LISTENER,
        "spark.spline.mode": "ENABLED",
        URL: "https://lineage.example.internal/producer",
    }
    properties.update({key.replace("_", "."): value for key, value in changes.items()})
    return {key: value for key, value in properties.items() if value is not None}


def without(key):
    return {name: value for name, value in defaults().items() if name != key}


# Name, rule that must find it (none if compliant), release label, tags, spark-defaults.
ADS = {"Team": "ads"}
APPLICATIONS = [
    ("own-jar", None, "emr-7.1.0", ADS, defaults()),
    ("bundle-jar", None, "emr-7.9.0", ADS, defaults(f"s3://b/{BUNDLE.format('3.5')}-2.2.3.jar")),
    (
        "bundle-coordinate",
        None,
        "emr-6.15.0",
        ADS,
        defaults(None, spark_jars_packages=COORDINATE.format("3.4") + ":2.1.0"),
    ),
    ("no-agent", "spline-agent-missing", "emr-7.1.0", ADS, {"spark.driver.memory": "4g"}),
    ("no-configuration", "spline-agent-missing", "emr-7.1.0", ADS, None),
    (
        "own-jar-of-other-release",
        "spline-agent-wrong-release",
        "emr-7.1.0",
        ADS,
        defaults("s3://artifacts/spline/spline-7.0.0.jar"),
    ),
    (
        "bundle-of-other-spark",
        "spline-agent-wrong-release",
        "emr-7.9.0",
        ADS,
        defaults(f"s3://b/other.jar, s3://b/{BUNDLE.format('3.4')}-2.2.3.jar"),
    ),
    (
        "coordinate-of-other-spark",
        "spline-agent-wrong-release",
        "emr-7.12.0",
        ADS,
        defaults(None, spark_jars_packages=COORDINATE.format("3.3") + ":2.2.3"),
    ),
    ("no-listener", "spline-listener-missing", "emr-7.1.0", ADS, without(LISTENERS)),
    ("disabled", "spline-disabled", "emr-7.1.0", ADS, defaults(spark_spline_mode="DISABLED")),
    (
        "disabled-by-hadoop",
        "spline-disabled",
        "emr-7.1.0",
        ADS,
        defaults(spark_hadoop_spline_mode="DISABLED"),
    ),
    ("unsupported", "spline-release-unsupported", "emr-spark-8.0.0", ADS, None),
    ("no-team", "application-team-missing", "emr-7.1.0", {"Owner": "x"}, defaults()),
    ("other-team", "application-team-unknown", "emr-7.1.0", {"Team": "nobody"}, defaults()),
]


def plant(clients):
    """Plants the organization; its member accounts, the suspended one, and the applications' ARNs."""
    organizations = clients("organizations")
    organizations.create_organization(FeatureSet="ALL")
    members = [create_account(organizations, f"member-{number}") for number in range(6)]
    suspended = members.pop()
    organizations.close_account(AccountId=suspended)
    arns = {}
    for number, (name, _, label, tags, properties) in enumerate(APPLICATIONS):
        account = members[number % len(members)]
        region = REGIONS[number % len(REGIONS)]
        client = clients("emr-serverless", account, region)
        arns[name] = create_application(client, name, label, tags, properties)
        if name == "own-jar":
            start_job_runs(client, arns[name], account)
    for account in members:
        plant_roles(clients("iam", account), account)
    return members, suspended, arns


def create_account(organizations, name):
    answer = organizations.create_account(Email=f"{name}@example.com", AccountName=name)
    return answer["CreateAccountStatus"]["AccountId"]


def create_application(client, name, label, tags, properties):
    configuration = {}
    if properties is not None:
        classification = {"classification": "spark-defaults", "properties": properties}
        configuration["runtimeConfiguration"] = [classification]
    answer = client.create_application(
        name=name,
        releaseLabel=label,
        type="SPARK",
        tags=tags,
        maximumCapacity=CAPACITY,
        interactiveConfiguration={"studioEnabled": False, "livyEndpointEnabled": False},
        **configuration,
    )
    return answer["arn"]


def start_job_runs(client, arn, account):
    for number in range(3):
        client.start_job_run(
            applicationId=arn.rsplit("/", 1)[1],
            executionRoleArn=f"arn:aws:iam::{account}:role/ads-execution-role",
            jobDriver={"sparkSubmit": {"entryPoint": f"s3://b/app/1.2.{number}/app.jar"}},
            name="daily",
        )


def plant_roles(iam, account):
    tags = [{"Key": "Team", "Value": "ads"}]
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        }
    )
    boundary = iam.create_policy(PolicyName="ads-boundary", PolicyDocument=document, Tags=tags)
    iam.create_role(
        RoleName="ads-execution-role",
        AssumeRolePolicyDocument=trust(account),
        PermissionsBoundary=boundary["Policy"]["Arn"],
        Tags=tags,
    )
    iam.put_role_policy(
        RoleName="ads-execution-role", PolicyName="read", PolicyDocument=document
    )
    policy = iam.create_policy(
        PolicyName="ads-managed",
        PolicyDocument=document,
        Tags=[*tags, *({"Key": f"note-{number}", "Value": "+ &"} for number in range(9))],
    )
    iam.attach_role_policy(RoleName="ads-execution-role", PolicyArn=policy["Policy"]["Arn"])
    iam.create_policy(PolicyName="attached-to-nothing", PolicyDocument=document)


def expected(arns):
    """Rule and resource of each finding that must be there."""
    return {(rule, arns[name]) for name, rule, *_ in APPLICATIONS if rule}
