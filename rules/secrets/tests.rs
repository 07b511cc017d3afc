//! What redaction hides and what it leaves, whatever is judged a secret.

use proptest::prelude::*;

use super::*;

#[test]
fn a_reference_to_a_secret_is_kept() {
    let reference = "EMR.secret@arn:aws:secretsmanager:eu-west-1:1:secret:x";
    assert_eq!(property("spark.password", reference), reference);
    assert_eq!(
        text("--conf spark.password=EMR.secret@x"),
        "--conf spark.password=EMR.secret@x"
    );
}

#[test]
fn secrets_within_texts_are_put_out_of_sight() {
    let cases = [
        (
            "--conf spark.x.password=hunter2 --conf a=b",
            "--conf spark.x.password=[redacted:secret] --conf a=b",
        ),
        (
            "--conf \"spark.x.password=two words\"",
            "--conf \"spark.x.password=[redacted:secret]\"",
        ),
        (
            "--db-password hunter2 --n 3",
            "--db-password [redacted:secret] --n 3",
        ),
        (
            r#"{"password": "two words", "n": 3}"#,
            r#"{"password": [redacted:secret], "n": 3}"#,
        ),
        (
            "jdbc:postgresql://me:pw@host/db",
            "jdbc:postgresql://me:[redacted]@host/db",
        ),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted:secret:AKIA]"),
        (
            "s3://bucket/spline-7.1.0.jar",
            "s3://bucket/spline-7.1.0.jar",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(text(before), after);
    }
}

#[test]
fn a_value_goes_to_the_end_of_its_word() {
    for (before, after) in [
        (
            r#"--conf spark.db.password="hunter2"'s3cretXyz' --jars a"#,
            "--conf spark.db.password=[redacted:secret] --jars a",
        ),
        (r#"password=pa"ss wo"rd b"#, "password=[redacted:secret] b"),
        (r"password=a\ bcdef b", "password=[redacted:secret] b"),
        (
            r#"--conf 'spark.db.password=it'"'"'s secret' --jars a"#,
            "--conf 'spark.db.password=[redacted:secret]' --jars a",
        ),
        (
            r#"--conf "spark.db.password=it"\ 'is so' --jars a"#,
            r#"--conf "spark.db.password=[redacted:secret]" --jars a"#,
        ),
        (
            r#"--conf "spark.x=-Dpassword=hunt"er2 --jars "a b""#,
            r#"--conf "spark.x=-Dpassword=[redacted:secret]" --jars "a b""#,
        ),
        (
            r#"--password pa"ss wo"rd b"#,
            "--password [redacted:secret] b",
        ),
        (
            r#"Authorization=Basic hunt"er 2" b"#,
            "Authorization=[redacted:secret] b",
        ),
        (
            r#""password": "hunter2"'s3cretXyz' b"#,
            r#""password": [redacted:secret] b"#,
        ),
        (
            r"password=[redacted:secret]'s3cretXyz' b",
            "password=[redacted:secret] b",
        ),
    ] {
        assert_eq!(text(before), after, "{before}");
    }
}

#[test]
fn a_value_within_a_quote_ends_with_it() {
    for (before, after) in [
        (
            r#"--conf "spark.x=-Da=b -Dtoken=hunter2" --conf "a=b c""#,
            r#"--conf "spark.x=-Da=b -Dtoken=[redacted:secret]" --conf "a=b c""#,
        ),
        (
            r#"--conf 'spark.x={"a":"password=hunter2 y"}' --conf 'b=c'"#,
            r#"--conf 'spark.x={"a":"password=[redacted:secret]"}' --conf 'b=c'"#,
        ),
        (
            r#"["--password=hunter2", "b"]"#,
            r#"["--password=[redacted:secret]", "b"]"#,
        ),
        (
            r#"--conf "spark.x=y password=\"hunter2\";" --conf "a=b c""#,
            r#"--conf "spark.x=y password=[redacted:secret]" --conf "a=b c""#,
        ),
        (
            r#"{"password":"two words","n":"b c"}"#,
            r#"{"password":[redacted:secret],"n":"b c"}"#,
        ),
    ] {
        assert_eq!(text(before), after, "{before}");
    }
}

#[test]
fn what_follows_an_empty_value_stays() {
    for given in [
        "--conf spark.db.password= --jars s3://a.jar",
        "--conf spark.db.password= -c a=b",
        r#"--conf "spark.db.password=" --jars "s3://a.jar""#,
        r#"--conf "spark.x=-Da=b -Dpassword=" --jars "s3://a.jar""#,
        "-Dpassword= -Dx=y",
        "password: --jars a",
        "\"password\": --jars a",
    ] {
        assert_eq!(text(given), given);
    }
    assert_eq!(text("password= hunter2"), "password= [redacted:secret]");
}

#[test]
fn an_argument_after_a_secret_option_is_redacted_whole() {
    let given = ["--token", "a b c", "--count", "3"].map(String::from);
    assert_eq!(
        arguments(&given),
        ["--token", "[redacted:secret]", "--count", "3"]
    );
}

#[test]
fn no_way_of_writing_a_secret_lets_it_through() {
    for given in [
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
        "-Dpassword=hunter2",
        "--conf spark.driver.extraJavaOptions=-Dtoken=hunter2",
        "--conf \"spark.driver.extraJavaOptions=-Da=b -Dtoken=hunter2\"",
        "spark.x.header.Authorization=Basic hunter2",
        "Authorization: Bearer hunter2.hunter2",
        "--header 'Authorization: Basic hunter2=='",
        "--conf \"spark.jaas=required password=\\\"hunter2\\\";\"",
        "password=a,hunter2",
        "x?a=b&X-Amz-Signature=a&hunter2",
        "--password \"two hunter2\"",
        "password = hunter2",
        "https://u:p/hunter2@h",
        "https://u:p@hunter2@h",
        "HTTPS://u:hunter2@h",
        "jdbc:oracle:thin:scott/hunter2@h",
        "'secret=two hunter2'",
        "{\\\"password\\\": \\\"hunter2\\\"}",
    ] {
        assert!(
            !text(given).contains("hunter2"),
            "{given} gives {}",
            text(given)
        );
    }
    for key in [
        "spark.spline.lineageDispatcher.http.producer.header.Authorization",
        "DBPassword",
        "PGPASSWORD",
        "spark.dbpassword",
        "DB_PASS",
        "AWSSecretKey",
        "secretkey",
        "accesstoken",
        "clientsecret",
        "spark.tokens",
        "x.passwords",
        "SECRETS",
        "fs.s3a.encryption.key",
        "datadog.key",
        "fs.azure.sas.container",
        "spark.redis.auth",
        "VAULT_SECRET_ID",
    ] {
        let marker = property(key, "hunter2");
        assert!(is_hidden(&marker) && !marker.contains("hunter2"), "{key}");
    }
    let given = [
        "password=two hunter2",
        "spark.db.password=a hunter2",
        "--password",
        "-hunter2",
    ];
    assert!(
        !arguments(&given.map(String::from))
            .concat()
            .contains("hunter2")
    );
}

#[test]
fn what_lineage_is_judged_by_stays() {
    for (key, value) in [
        (
            "spark.jars",
            "s3://b/spline-7.1.0.jar, https://h:8443/token/x.jar,s3://b/y@1.jar",
        ),
        (
            "spark.jars.packages",
            "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3",
        ),
        (
            "spark.sql.queryExecutionListeners",
            crate::spark::SPLINE_LISTENER,
        ),
        (
            "spark.spline.lineageDispatcher.http.producer.url",
            "https://lineage.example.internal/producer",
        ),
        ("spark.hadoop.spline.mode", "DISABLED"),
    ] {
        assert_eq!(property(key, value), value);
    }
}

#[test]
fn a_long_chain_of_assignments_is_looked_through_without_end_or_overflow() {
    let chain = "a=".repeat(50_000) + "password=hunter2";
    assert!(!text(&chain).contains("hunter2"));
}

#[test]
fn what_was_hidden_as_a_precaution_is_told_from_a_secret() {
    for (before, after) in [
        ("--partition-key user_id", "--partition-key user_id"),
        ("--cipher-key user_id", "--cipher-key [redacted]"),
        ("--token ${TOKEN}", "--token [redacted]"),
        ("https://u:${PW}@h", "https://u:[redacted]@h"),
        ("https://u:pass1@h", "https://u:[redacted:secret]@h"),
        (
            "password=x[redacted:secret:AKIA]",
            "password=[redacted:secret:AKIA]",
        ),
        ("password=\"a hunter2", "password=[redacted:secret]"),
        ("basic authentication", "basic [redacted]"),
        ("basic dXNlcjpodW50ZXIy", "basic [redacted:secret]"),
    ] {
        assert_eq!(text(before), after);
    }
}

#[test]
fn a_long_chain_of_properties_is_looked_through_without_end_or_overflow() {
    let chain = "a=".repeat(50_000) + "password=hunter2";
    assert!(!property("x", &chain).contains("hunter2"));
    let chain = "password=".repeat(10_000) + "hunter2";
    assert!(!text(&chain).contains("hunter2"));
    let chain = "--password x".repeat(5_000);
    assert!(is_hidden(&text(&chain)));
    let chain = "a=EMR.secret@\"b\"".repeat(2_000);
    assert_eq!(text(&chain), chain);
}

#[test]
fn redacting_twice_changes_nothing() {
    for given in [
        "password=x",
        "--token abc",
        "https://u:p@h",
        "secret: 'a'",
        "https://ghp_0123456789abcdefghijklmnopqrstuvwxyz@h",
        "[redacted:secret:AKIA]",
        "token: [redacted:secret:AKIA]",
        "[redacted:secret]:a@h",
    ] {
        assert_eq!(text(&text(given)), text(given));
    }
    for marker in ["[redacted]", "[redacted:secret]", "[redacted:secret:xoxb]"] {
        for key in ["a", "password", "partition.key", "redis.auth"] {
            assert_eq!(property(key, marker), marker);
        }
    }
}

/// Texts of what redaction acts on, in any order.
fn texts() -> impl Strategy<Value = String> {
    let pieces = [
        "password",
        "token",
        "a.key",
        "user",
        "--conf ",
        "--auth ",
        "-x",
        "=",
        ":",
        " ",
        "\"",
        "'",
        "\\",
        "\\\"",
        "://",
        "jdbc:oracle:thin:",
        "/",
        "@",
        ",",
        ";",
        "Bearer ",
        "Basic ",
        "hunter2",
        "true",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
        "EMR.secret@x",
        "[redacted]",
        "[redacted:secret]",
        "[redacted:secret:ghp_]",
        "[redacted",
        ":secret",
        "]",
        "{",
        "}",
        "\n",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN PRIVATE KEY-----",
        "-----END",
        "\u{E001}",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..16)
        .prop_map(|pieces| pieces.concat())
}

#[test]
fn a_private_key_is_no_option() {
    let given = ["--auth", "-----BEGIN PRIVATE KEY----- a -----END-----b"];
    let once = arguments(&given.map(str::to_owned));
    assert_eq!(once, ["--auth", "[redacted:secret]"]);
}

/// A word as a shell reads it, and one of the ways of writing it.
fn words() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-z0-9@#/.+-]{1,4}",
        r#"\\[a-z "'\\]"#,
        r#""([a-z ']|\\["\\]){0,4}""#,
        r#"'[a-z "\\]{0,4}'"#,
    ];
    proptest::collection::vec(part, 1..6).prop_map(|parts| parts.concat())
}

#[test]
fn a_line_end_after_a_token_stays_however_often_it_is_redacted() {
    let token = "a.key=eyJhbGciOiJI.eyJzdWIiOiIx.abc\n";
    let given = ["password", token, ""].map(str::to_owned);
    let once = arguments(&given);
    assert_eq!(arguments(&once), once);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_shape_has_a_mark(
        given in "(AKIA[0-9A-Z]{16}|gh[pousr]_[a-z]{36}|xox[abe]-[a-z]{10}|eyJ[a-z]{8}\\.[a-z]{8}\\.|hvs\\.[a-z]{20}|glpat-[a-z]{20}|AIza[a-z]{35}|sk_live_[a-z]{16}|dapi[0-9a-f]{32}|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
    ) {
        prop_assert!(secret_marker(&text(&given)).is_some());
    }

    #[test]
    fn any_text_is_redacted_without_a_panic(given: String, key: String) {
        text(&given);
        property(&key, &given);
        arguments(&[key, given]);
    }

    #[test]
    fn redacting_any_text_twice_changes_nothing(given in texts(), other in texts(), any: String) {
        for given in [&given, &any] {
            let once = text(given);
            prop_assert_eq!(text(&once), once);
            let once = property(&other, given);
            prop_assert_eq!(property(&other, &once), once);
        }
        let once = arguments(&[other, given, any]);
        prop_assert_eq!(arguments(&once), once);
    }

    #[test]
    fn a_value_is_hidden_to_its_end_and_not_beyond(word in words(), around in "['\"]?") {
        let word = if around.is_empty() { word } else { word.replace(['\'', '"', '\\'], "") };
        let given = format!("--conf {around}spark.db.password=a{word}{around} --jars 's3://b/a.jar'");
        let submit = crate::spark::Submit::parse(&text(&given)).unwrap();
        let properties: Vec<_> = submit.properties().map(|(_, value, _)| value).collect();
        prop_assert!(Marker::of(marker::shrink(properties[0]).chars().next().unwrap()).is_some());
        prop_assert_eq!(marker::shrink(properties[0]).chars().count(), 1);
        prop_assert_eq!(&properties[1..], ["s3://b/a.jar"]);
    }

    #[test]
    fn no_marker_holds_a_part_of_a_secret(
        secret in "(AKIA[0-9A-Z]{16}|ghp_[0-9A-Z]{36}|glpat-[0-9A-Z]{20}|eyJ[0-9A-Z]{8}\\.[0-9A-Z]{8}\\.|dapi[0-9a-f]{32}|[0-9A-Z]{5,40})"
    ) {
        for redacted in [
            property("db.password", &secret),
            text(&format!("--conf spark.x.token={secret} --conf a=b")),
            text(&format!("jdbc:x://u:{secret}@h")),
            arguments(&["--api-key".to_owned(), secret.clone()]).concat(),
        ] {
            let letters: Vec<char> = secret.chars().collect();
            for part in letters.windows(5) {
                let part: String = part.iter().collect();
                prop_assert!(!redacted.contains(&part), "{redacted}");
            }
        }
    }
}
