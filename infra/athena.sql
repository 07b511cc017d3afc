-- The history that `lineward` writes beside its reports, as tables of Athena. Put the store's bucket and prefix
-- in the place of BUCKET/PREFIX. The days are projected: nothing needs a crawler or a repair of partitions.
--
-- DuckDB reads the same files without any of this:
--   SELECT * FROM read_json('s3://BUCKET/PREFIX/findings/*/*/*.jsonl.gz', hive_partitioning = true);

-- One row for each run.
CREATE EXTERNAL TABLE lineward_runs (
    run_id string, started_at string, finished_at string, version string, `trigger` string,
    complete boolean, organization string,
    accounts_total int, accounts_audited int, accounts_skipped int, accounts_failed int,
    applications int, new_applications int, job_runs int, sessions int, roles int,
    findings_critical int, findings_high int, findings_medium int, findings_low int,
    findings_unknown int, findings_exempt int, findings_outside int,
    applications_with_lineage int, applications_without_lineage int,
    applications_with_unknown_lineage int
)
PARTITIONED BY (dt string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/PREFIX/runs/'
TBLPROPERTIES (
    'projection.enabled' = 'true', 'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd', 'projection.dt.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://BUCKET/PREFIX/runs/dt=${dt}/'
);

-- Every finding of every run; the open ones have the status `new` or `ongoing`.
CREATE EXTERNAL TABLE lineward_findings (
    run_id string, fingerprint string, rule string, severity string, verdict string, status string,
    account string, region string, resource string, team string, title string, evidence string,
    first_seen_at string, last_seen_at string, incident string, exempt_by string, exempt_until string
)
PARTITIONED BY (dt string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/PREFIX/findings/'
TBLPROPERTIES (
    'projection.enabled' = 'true', 'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd', 'projection.dt.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://BUCKET/PREFIX/findings/dt=${dt}/'
);

-- Every application that a run saw.
CREATE EXTERNAL TABLE lineward_applications (
    run_id string, arn string, account string, region string, id string, name string,
    release_label string, team string, created_at string, first_seen_at string, `new` boolean,
    compliant boolean, lineage string
)
PARTITIONED BY (dt string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/PREFIX/applications/'
TBLPROPERTIES (
    'projection.enabled' = 'true', 'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd', 'projection.dt.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://BUCKET/PREFIX/applications/dt=${dt}/'
);

-- What a run did not simply audit.
CREATE EXTERNAL TABLE lineward_coverage (
    run_id string, account string, region string, service string, outcome string, code string,
    reason string
)
PARTITIONED BY (dt string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/PREFIX/coverage/'
TBLPROPERTIES (
    'projection.enabled' = 'true', 'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd', 'projection.dt.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://BUCKET/PREFIX/coverage/dt=${dt}/'
);

-- How many findings are open, by day and severity, as far as the last run of each day knew. A run that was asked for
-- a part alone leaves out what is known elsewhere (`findings_outside`) and is passed over.
--   SELECT dt, severity, count(*) FROM lineward_findings
--   WHERE status IN ('new', 'ongoing', 'unseen') AND verdict = 'fail' AND run_id IN (SELECT max(run_id) FROM lineward_runs WHERE coalesce(findings_outside, 0) = 0 GROUP BY dt)
--   GROUP BY dt, severity ORDER BY dt, severity;
