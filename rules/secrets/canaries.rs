//! Configuration as it is met that holds a secret, all of them made up.

use crate::secrets::*;

/// The secret access key of AWS's documentation.
const AWS: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Properties, with values that are secrets.
const PROPERTIES: &[(&str, &str)] = &[
    ("spark.hadoop.fs.s3a.access.key", "AKIAIOSFODNN7EXAMPLE"),
    ("spark.hadoop.fs.s3a.access.key", "minioadmin"),
    ("spark.hadoop.fs.s3a.secret.key", AWS),
    (
        "spark.hadoop.fs.s3a.session.token",
        "IQoJb3JpZ2luX2VjEJr//////////wEaCWV1LXdlc3QtMSJHMEUCIQDexampleexample",
    ),
    (
        "spark.hadoop.fs.s3a.encryption.key",
        "Qm9vV2l6Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM=",
    ),
    (
        "spark.hadoop.fs.azure.account.key.x.blob.core.windows.net",
        "Zk93Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM9xQ==",
    ),
    (
        "spark.hadoop.fs.azure.account.oauth2.client.secret",
        "q8Q~abcDEF123",
    ),
    (
        "spark.hadoop.javax.jdo.option.ConnectionPassword",
        "hive123",
    ),
    (
        "spark.hadoop.javax.jdo.option.ConnectionURL",
        "jdbc:mysql://hive:hive123@metastore:3306/hive",
    ),
    ("spark.sql.catalog.x.credential", "client:Zx81kPq"),
    (
        "spark.sql.catalog.x.token",
        "123e4567-e89b-12d3-a456-426614174000",
    ),
    ("spark.sql.catalog.x.jdbc.password", "changeme"),
    ("spark.sql.catalog.x.s3.secret-access-key", AWS),
    ("spark.authenticate.secret", "s3cr3t-of-team"),
    ("spark.ssl.keyPassword", "842671"),
    ("spark.ssl.keyStorePassword", "changeit"),
    (
        "spark.spline.lineageDispatcher.http.producer.header.Authorization",
        "Basic dXNlcjpodW50ZXIy",
    ),
    (
        "spark.spline.lineageDispatcher.http.authentication.clientSecret",
        "Zx81kPq",
    ),
    (
        "spark.datahub.rest.token",
        "eyJhbGciOiJIUzI1NiJ9.eyJhY3RvciI6IngifQ.c2lnbmF0dXJl",
    ),
    ("spark.datadog.apiKey", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("spark.datadog.key", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("spark.redis.auth", "k9x2m4q7w1z8b3n6"),
    (
        "spark.databricks.pat",
        "dapi0123456789abcdef0123456789abcdef",
    ),
    ("spark.datacom.slack", "xoxb-123456789012-abcdefABCDEF"),
    ("spark.datacom.stripe", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    (
        "spark.datacom.maps",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    ),
    ("spark.datacom.whatever", AWS),
    ("spark.datacom.opts", "-Xmx1g -Ddb.password=hunter2"),
    (
        "spark.driver.extraJavaOptions",
        "-Djavax.net.ssl.keyStorePassword=hunter2",
    ),
    ("spark.emr-serverless.driverEnv.DB_PASSWORD", "hunter2"),
    ("spark.emr-serverless.driverEnv.PGPASSWORD", "hunter2"),
    ("spark.emr-serverless.driverEnv.AWS_SECRET_ACCESS_KEY", AWS),
    (
        "spark.emr-serverless.driverEnv.AWS_ACCESS_KEY_ID",
        "ASIAIOSFODNN7EXAMPLE",
    ),
    (
        "spark.emr-serverless.driverEnv.VAULT_TOKEN",
        "hvs.CAESIJ1234567890abcdefghij",
    ),
    (
        "spark.emr-serverless.driverEnv.VAULT_SECRET_ID",
        "123e4567-e89b-12d3-a456-426614174000",
    ),
    (
        "spark.executorEnv.GITHUB_TOKEN",
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    ),
    ("spark.executorEnv.GITLAB", "glpat-0123456789abcdefghij"),
    ("spark.executorEnv.HF_TOKEN", "hf_0123456789abcdef"),
    (
        "spark.executorEnv.SIGNING_KEY",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIhunter2\n-----END RSA PRIVATE KEY-----",
    ),
    (
        "spark.executorEnv.KEY_PASSPHRASE",
        "correct horse battery staple",
    ),
];

/// Submit parameters, entry points and the like: what is to be hidden stands in the second place.
const TEXTS: &[(&str, &str)] = &[
    ("--conf spark.db.password=hunter2 --conf a=b", "hunter2"),
    (
        "--conf \"spark.db.password=two hunter2\" --conf a=b",
        "hunter2",
    ),
    ("--conf 'spark.x.apiKey=hunter2' --conf a=b", "hunter2"),
    ("--conf spark.y=AKIAIOSFODNN7EXAMPLE", "AKIAI"),
    (
        "--conf spark.y=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY --conf a=b",
        "wJalr",
    ),
    (
        "--conf \"spark.driver.extraJavaOptions=-Da=b -Dtoken=hunter2\"",
        "hunter2",
    ),
    (
        "--conf spark.emr-serverless.executorEnv.DB_PASSWORD=hunter2",
        "hunter2",
    ),
    (
        "jdbc:postgresql://host/db?user=a&password=hunter2&ssl=true",
        "hunter2",
    ),
    (
        "jdbc:sqlserver://host;user=a;password=hunter2;encrypt=true",
        "hunter2",
    ),
    ("jdbc:oracle:thin:scott/hunter2@host:1521/x", "hunter2"),
    ("https://me:hunter2@repo.example.com/x.jar", "hunter2"),
    (
        "{\"user\": \"a\", \"password\": \"hunter2\", \"n\": 3}",
        "hunter2",
    ),
    (
        "PlainLoginModule required username=\"u\" password=\"hunter2\";",
        "hunter2",
    ),
    (
        "curl -H 'Authorization: Bearer hunter2.hunter2' https://h",
        "hunter2",
    ),
    (
        "https://b.s3.amazonaws.com/x?X-Amz-Expires=60&X-Amz-Signature=9f86d081884c7d659a2feaa0c55ad015",
        "9f86d",
    ),
];

/// Arguments.
const ARGUMENTS: &[&[&str]] = &[
    &["--db-password", "hunter2"],
    &["--db-password=hunter2"],
    &["--token", "hunter2 hunter2"],
    &["--key", "hunter2", "--api-key", "hunter2"],
    &["-Dpassword=hunter2"],
    &["password=two hunter2"],
];

#[test]
fn properties_that_hold_a_secret_are_judged_so() {
    for (key, value) in PROPERTIES {
        let redacted = property(key, value);
        assert!(secret_marker(&redacted).is_some(), "{key}: {redacted}");
        let submitted = text(&format!("--conf \"{key}={value}\" --conf a=b"));
        assert!(secret_marker(&submitted).is_some(), "{key}: {submitted}");
        for redacted in [redacted, submitted] {
            assert!(!redacted.contains(value), "{key}: {redacted}");
        }
    }
}

#[test]
fn texts_and_arguments_that_hold_a_secret_are_judged_so() {
    for (given, secret) in TEXTS {
        let redacted = text(given);
        assert!(secret_marker(&redacted).is_some(), "{given}: {redacted}");
        assert!(!redacted.contains(secret), "{given}: {redacted}");
    }
    for given in ARGUMENTS {
        let given: Vec<String> = given.iter().map(|&argument| argument.to_owned()).collect();
        let redacted = arguments(&given).join(" ");
        assert!(secret_marker(&redacted).is_some(), "{given:?}: {redacted}");
        assert!(!redacted.contains("hunter2"), "{given:?}: {redacted}");
    }
}

#[test]
fn a_public_prefix_is_shown_and_no_more() {
    for (value, marker) in [
        ("AKIAIOSFODNN7EXAMPLE", "[redacted:secret:AKIA]"),
        (
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
            "[redacted:secret:ghp_]",
        ),
        ("xoxb-123456789012-abcdefABCDEF", "[redacted:secret:xoxb]"),
        ("hvs.CAESIJ1234567890abcdefghij", "[redacted:secret:hvs.]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.abc", "[redacted:secret:eyJ]"),
        (AWS, "[redacted:secret]"),
    ] {
        assert_eq!(property("spark.x", value), marker);
        assert_eq!(property("spark.token", value), marker);
        assert_eq!(
            text(&format!("--token {value}")),
            format!("--token {marker}")
        );
    }
}
