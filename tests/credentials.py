"""Who the tests are for AWS: loopback servers verify nothing."""

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-verified"}
ENVIRONMENT = {
    **{key.upper(): value for key, value in KEYS.items()},
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
