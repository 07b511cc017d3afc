//! Configuration as it is met that holds no secret.

use crate::secrets::*;

/// Properties of Spark, Hadoop, EMR and Spline, with values that are no secrets.
const PROPERTIES: &[(&str, &str)] = &[
    (
        "spark.sql.queryExecutionListeners",
        crate::spark::SPLINE_LISTENER,
    ),
    (
        "spark.spline.lineageDispatcher.http.producer.url",
        "https://lineage.example.internal:8443/producer",
    ),
    (
        "spark.spline.lineageDispatcher.http.authentication.type",
        "oauth2",
    ),
    (
        "spark.jars",
        "s3://artifacts-eu-west-1/spline/Spark-3.5-spline-agent-bundle_2.12-2.2.3.jar",
    ),
    (
        "spark.jars.packages",
        "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3",
    ),
    (
        "spark.submit.pyFiles",
        "s3://artifacts/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.zip",
    ),
    ("spark.app.id", "00fk4a1b2c3d4e5f"),
    ("spark.authenticate", "true"),
    ("spark.authenticate.secret.file", "/etc/spark/secret"),
    ("spark.authenticate.secretBitLength", "256"),
    ("spark.authenticate.enableSaslEncryption", "false"),
    ("spark.network.crypto.enabled", "true"),
    ("spark.network.crypto.keyLength", "256"),
    (
        "spark.network.crypto.keyFactoryAlgorithm",
        "PBKDF2WithHmacSHA256",
    ),
    ("spark.network.crypto.authEngineVersion", "2"),
    ("spark.io.encryption.keySizeBits", "256"),
    ("spark.io.encryption.keygen.algorithm", "HmacSHA256"),
    (
        "spark.redaction.regex",
        "(?i)secret|password|token|access[.]?key",
    ),
    ("spark.redaction.string.regex", r"(?i)password=\S+"),
    ("spark.sql.redaction.options.regex", "(?i)url|passwd=.*"),
    (
        "spark.kerberos.keytab",
        "/etc/security/keytabs/spark.keytab",
    ),
    ("spark.kerberos.principal", "spark/_HOST@EXAMPLE.COM"),
    (
        "spark.kerberos.access.hadoopFileSystems",
        "s3a://team-logs,hdfs://nn1:8020",
    ),
    (
        "spark.yarn.access.hadoopFileSystems",
        "hdfs://nn1.example.com:8020",
    ),
    ("spark.ssl.keyStore", "/etc/spark/keystore.jks"),
    ("spark.ssl.keyStoreType", "JKS"),
    ("spark.ssl.trustStore", "/etc/spark/truststore.jks"),
    ("spark.ssl.keyPassword", "${env:KEY_PASSWORD}"),
    (
        "spark.ssl.keyStorePassword",
        "EMR.secret@arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf",
    ),
    ("spark.security.credentials.hive.enabled", "false"),
    ("spark.security.credentials.renewalRatio", "0.75"),
    ("spark.security.credentials.retryWait", "1h"),
    (
        "spark.kafka.clusters.prod.sasl.token.mechanism",
        "SCRAM-SHA-512",
    ),
    (
        "spark.kafka.clusters.prod.auth.bootstrap.servers",
        "b-1.msk.kafka.eu-west-1.amazonaws.com:9098",
    ),
    ("spark.sql.adaptive.skewJoin.skewedPartitionFactor", "5"),
    ("spark.sql.adaptive.forceOptimizeSkewedJoin", "true"),
    (
        "spark.sql.catalog.x",
        "org.apache.iceberg.spark.SparkCatalog",
    ),
    (
        "spark.sql.catalog.x.client.factory",
        "org.apache.iceberg.aws.AssumeRoleAwsClientFactory",
    ),
    (
        "spark.sql.catalog.x.client.assume-role.arn",
        "arn:aws:iam::123456789012:role/TeamLogs-EmrJobRole-1A2B3C4D5E6F7",
    ),
    ("spark.sql.catalog.x.rest.auth.type", "oauth2"),
    ("spark.sql.catalog.x.token-refresh-enabled", "true"),
    ("spark.sql.catalog.x.token-expires-in-ms", "3600000"),
    (
        "spark.sql.catalog.x.s3.sse.key",
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    (
        "spark.sql.catalog.x.header.X-Iceberg-Access-Delegation",
        "vended-credentials",
    ),
    (
        "spark.sql.parquet.encryption.key.retrieval.kms.url",
        "https://kms.eu-west-1.amazonaws.com",
    ),
    (
        "spark.hadoop.parquet.encryption.footer.key",
        "footerKeyOfTeamLogs1",
    ),
    (
        "spark.hadoop.parquet.encryption.column.keys",
        "keyA:user_id,email;keyB:iban",
    ),
    (
        "spark.hadoop.parquet.encryption.key.material.store.internally",
        "true",
    ),
    (
        "spark.hadoop.parquet.crypto.factory.class",
        "org.apache.parquet.crypto.keytools.PropertiesDrivenCryptoFactory",
    ),
    (
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
    ),
    (
        "spark.hadoop.fs.s3a.session.token.provider",
        "org.example.aws.auth.SessionTokenProvider",
    ),
    ("spark.hadoop.fs.s3a.session.token.provider.refresh", "15m"),
    (
        "spark.hadoop.fs.s3a.assumed.role.credentials.provider",
        "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    ),
    (
        "spark.hadoop.fs.s3a.delegation.token.binding",
        "org.apache.hadoop.fs.s3a.auth.delegation.SessionTokenBinding",
    ),
    (
        "spark.hadoop.fs.s3a.delegation.token.endpoint",
        "sts.eu-west-1.amazonaws.com",
    ),
    ("spark.hadoop.fs.s3a.encryption.algorithm", "SSE-KMS"),
    (
        "spark.hadoop.fs.s3a.encryption.key",
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    (
        "spark.hadoop.fs.s3a.server-side-encryption.key",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    (
        "spark.hadoop.fs.s3.customAWSCredentialsProvider",
        "com.example.emr.RoleCredentialsProvider",
    ),
    ("spark.hadoop.fs.s3.cse.kms.keyId", "alias/emr-serverless"),
    ("spark.hadoop.fs.s3.enableServerSideEncryption", "true"),
    (
        "spark.hadoop.hive.metastore.client.factory.class",
        "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory",
    ),
    (
        "spark.hadoop.hive.metastore.token.signature",
        "HiveServer2ImpersonationToken",
    ),
    (
        "spark.hadoop.hive.security.authorization.manager",
        "org.apache.hadoop.hive.ql.security.authorization.DefaultHiveAuthorizationProvider",
    ),
    (
        "spark.hadoop.hive.security.authorization.createtable.owner.grants",
        "SELECT",
    ),
    ("spark.hadoop.hadoop.security.authentication", "simple"),
    ("spark.hadoop.hadoop.security.authorization", "false"),
    (
        "spark.hadoop.hadoop.security.credential.provider.path",
        "jceks://s3a@team-logs/credentials.jceks",
    ),
    (
        "spark.hadoop.hadoop.security.credential.clear-text-fallback",
        "true",
    ),
    (
        "spark.hadoop.hadoop.security.credstore.java-keystore-provider.password-file",
        "store.pass",
    ),
    (
        "spark.hadoop.hadoop.http.authentication.signature.secret.file",
        "/etc/hadoop/http-secret",
    ),
    ("spark.hadoop.hadoop.security.token.service.use_ip", "false"),
    (
        "spark.hadoop.dfs.namenode.delegation.token.max-lifetime",
        "604800000",
    ),
    (
        "spark.hadoop.fs.azure.account.auth.type.x.dfs.core.windows.net",
        "OAuth",
    ),
    (
        "spark.hadoop.javax.jdo.option.ConnectionURL",
        "jdbc:mysql://metastore.internal:3306/hive?useSSL=true",
    ),
    ("spark.hadoop.javax.jdo.option.ConnectionUserName", "hive"),
    ("spark.datacom.emr.plugin.vaultAuthRole", "team-logs"),
    (
        "spark.datacom.emr.plugin.vaultTokenPath",
        "secret/data/teams/logs",
    ),
    (
        "spark.datacom.secretsmanager.secret",
        "prod/logs/db-credentials",
    ),
    ("spark.datacom.db.secret", "logs-db-secret"),
    ("spark.datacom.db.secret", "secretsmanager:prod/logs/db"),
    ("spark.datacom.db.password", "ssm:/prod/logs/db/password"),
    (
        "spark.datacom.db.password",
        "{{resolve:secretsmanager:db:SecretString:password}}",
    ),
    ("spark.datacom.db.password", "****************"),
    ("spark.datacom.db.password", "<your-password>"),
    ("spark.datacom.llm.maxTokens", "4096"),
    ("spark.datacom.sort.key", "event_time"),
    (
        "spark.datacom.partition.key",
        "5f4dcc3b5aa765d61d8327deb882cf99",
    ),
    ("spark.datacom.tokenization", "standard"),
    (
        "spark.datacom.imageDigest",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    (
        "spark.datacom.sheetId",
        "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
    ),
    (
        "spark.datacom.job",
        "DailyCustomerOrdersAggregationJob2024V2",
    ),
    ("spark.ui.acls.enable", "true"),
    ("spark.ui.view.acls.groups", "team-logs,team-keys"),
    (
        "spark.ui.filters",
        "org.apache.hadoop.security.authentication.server.AuthenticationFilter",
    ),
    (
        "spark.emr-serverless.driverEnv.AWS_WEB_IDENTITY_TOKEN_FILE",
        "/var/run/secrets/token",
    ),
    (
        "spark.emr-serverless.driverEnv.TOKENIZERS_PARALLELISM",
        "false",
    ),
    ("spark.emr-serverless.driverEnv.SECRET_NAME", "prod/logs/db"),
    ("spark.emr-serverless.driverEnv.SECRET_ID", "prod/logs/db"),
    (
        "spark.emr-serverless.driverEnv.SECRET_ARN",
        "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf",
    ),
    (
        "spark.emr-serverless.driverEnv.DB_SECRET",
        "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf",
    ),
    (
        "spark.emr-serverless.driverEnv.VAULT_ADDR",
        "https://vault.example.com:8200",
    ),
    (
        "spark.executorEnv.GIT_COMMIT",
        "7b0573d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7",
    ),
    ("spark.executorEnv.OLDPWD", "/home/hadoop"),
    ("spark.executorEnv.PWD", "/home/hadoop"),
];

/// Submit parameters, entry points and tags.
const TEXTS: &[&str] = &[
    "--class com.example.Main --conf spark.authenticate=true --conf spark.network.crypto.keyLength=256",
    "--conf spark.redaction.regex=(?i)secret|password|token --conf spark.executor.cores=4",
    "--conf spark.hadoop.fs.s3a.encryption.key=arn:aws:kms:eu-west-1:1:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "--conf spark.db.password=EMR.secret@arn:aws:secretsmanager:eu-west-1:1:secret:x --conf a=b",
    "--conf \"spark.driver.extraJavaOptions=-Djavax.net.ssl.trustStore=/a/b -Dtoken=${TOKEN}\"",
    "--conf spark.emr-serverless.driverEnv.DB_PASSWORD={{ db_password }}",
    "--partition-key user_id --sort-key event_time --token-column access_token",
    "jdbc:mysql://host/db?user=a&password=${DB_PASSWORD}&useSSL=true",
    "jdbc:postgresql://host:5432/db?sslmode=require",
    "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "{\"password\": null, \"token\": \"\", \"keys\": [\"a\", \"b\"], \"secret\": true}",
    "SELECT token, password AS pwd FROM users WHERE api_key = 'none'",
    "s3://bucket/Team-Logs/2024/Daily/CustomerOrders/job.py",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/emr@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "maven-repo https://repo.example.com:8443/release/x@1.jar",
    "this job uses basic authentication and a bearer token",
    "eyJ0YWJsZSI6Im9yZGVycyIsImRhdGUiOiIyMDI0LTAxLTAxIn0=",
];

/// Arguments.
const ARGUMENTS: &[&[&str]] = &[
    &["--partition-key", "user_id", "--n", "3"],
    &["--password-env", "DB_PASSWORD", "--token", "GITHUB_TOKEN"],
    &["--token", "${TOKEN}", "--secret-id", "prod/db/creds"],
    &["--client-token", "123e4567-e89b-12d3-a456-426614174000"],
    &["--password-file", "s3://bucket/password.txt"],
    &["--run-id", "Qm9vV2l6Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM"],
    &["--credentials", "default", "--api-key", "none"],
];

#[test]
fn properties_that_hold_no_secret_are_not_judged_secrets() {
    for (key, value) in PROPERTIES {
        let redacted = property(key, value);
        assert_eq!(secret_marker(&redacted), None, "{key}={value}");
        let submitted = text(&format!("--conf {key}={value} --conf a=b"));
        assert_eq!(
            secret_marker(&submitted),
            None,
            "{key}={value}: {submitted}"
        );
    }
}

#[test]
fn texts_and_arguments_that_hold_no_secret_are_not_judged_secrets() {
    for given in TEXTS {
        assert_eq!(
            secret_marker(&text(given)),
            None,
            "{given}: {}",
            text(given)
        );
    }
    for given in ARGUMENTS {
        let given: Vec<String> = given.iter().map(|&argument| argument.to_owned()).collect();
        let redacted = arguments(&given).join(" ");
        assert_eq!(secret_marker(&redacted), None, "{given:?}: {redacted}");
    }
}
