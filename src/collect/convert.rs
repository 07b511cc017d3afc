//! From the SDK's types to the estate's. Secrets are put out of sight here, before anything else
//! sees them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_emrserverless::primitives::DateTime;
use aws_sdk_emrserverless::types as sdk;
use jiff::Timestamp;
use lineward_rules::estate::{
    Application, Arn, AutoStart, AutoStop, Capacity, Configuration, HiveQuery, InitialCapacity,
    Interactive, JobRun, Monitoring, Region, Session, SparkSubmit, UnreadApplication,
};
use lineward_rules::secrets;

/// A point in time, or nothing where it lies outside what a timestamp can hold.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanoseconds).ok()
}

/// A point in time in the SDK's form, to the second.
pub(super) fn date_time(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}

pub(super) fn application(from: sdk::Application, region: Region) -> Application {
    let interactive = from.interactive_configuration;
    let flag = |read: fn(&sdk::InteractiveConfiguration) -> Option<bool>| {
        interactive.as_ref().and_then(read).unwrap_or(false)
    };
    Application {
        arn: Arn::from(from.arn),
        region,
        id: from.application_id,
        name: text(from.name),
        release_label: secrets::text(&from.release_label),
        kind: from.r#type,
        state: from.state.as_str().to_owned(),
        created_at: timestamp(&from.created_at),
        updated_at: timestamp(&from.updated_at),
        architecture: from
            .architecture
            .map(|architecture| architecture.as_str().to_owned()),
        tags: properties(from.tags),
        runtime_configuration: configurations(from.runtime_configuration),
        image: from
            .image_configuration
            .map(|image| secrets::image(&image.image_uri)),
        worker_images: worker_images(from.worker_type_specifications),
        maximum_capacity: from.maximum_capacity.map(|capacity| Capacity {
            cpu: capacity.cpu,
            memory: capacity.memory,
            disk: capacity.disk,
        }),
        initial_capacity: initial_capacity(from.initial_capacity),
        auto_start: from.auto_start_configuration.map(|start| AutoStart {
            enabled: start.enabled.unwrap_or(true),
        }),
        auto_stop: from.auto_stop_configuration.map(|stop| AutoStop {
            enabled: stop.enabled.unwrap_or(true),
            idle_timeout_minutes: stop.idle_timeout_minutes,
        }),
        monitoring: monitoring(from.monitoring_configuration),
        interactive: Interactive {
            studio: flag(sdk::InteractiveConfiguration::studio_enabled),
            livy: flag(sdk::InteractiveConfiguration::livy_endpoint_enabled),
            session: flag(sdk::InteractiveConfiguration::session_enabled),
        },
    }
}

pub(super) fn unread(from: &sdk::ApplicationSummary, region: &Region) -> UnreadApplication {
    UnreadApplication {
        arn: Arn::from(from.arn()),
        region: region.clone(),
        id: from.id().to_owned(),
        name: secrets::text(from.name().unwrap_or_default()),
        release_label: secrets::text(from.release_label()),
        created_at: timestamp(from.created_at()),
    }
}

pub(super) fn job_run(from: sdk::JobRun, region: Region) -> JobRun {
    let (spark_submit, hive) = match from.job_driver {
        Some(sdk::JobDriver::SparkSubmit(submit)) => (Some(spark_submit(submit)), None),
        Some(sdk::JobDriver::Hive(hive)) => (None, Some(hive_query(&hive))),
        _ => (None, None),
    };
    let overrides = from.configuration_overrides;
    let (configuration, monitored) = overrides.map_or((None, None), |overrides| {
        (
            overrides.application_configuration,
            overrides.monitoring_configuration,
        )
    });
    JobRun {
        arn: Arn::from(from.arn),
        region,
        application_id: from.application_id,
        id: from.job_run_id,
        name: text(from.name),
        release_label: secrets::text(&from.release_label),
        state: from.state.as_str().to_owned(),
        mode: from.mode.map(|mode| mode.as_str().to_owned()),
        execution_role: Arn::from(from.execution_role),
        created_by: Arn::from(from.created_by),
        created_at: timestamp(&from.created_at),
        execution_timeout_minutes: from.execution_timeout_minutes,
        spark_submit,
        hive,
        configuration: configurations(configuration),
        image: from
            .image_configuration
            .map(|image| secrets::image(&image.image_uri)),
        worker_images: worker_images(from.worker_type_specifications),
        monitoring: monitoring(monitored),
        tags: properties(from.tags),
    }
}

fn spark_submit(from: sdk::SparkSubmit) -> SparkSubmit {
    SparkSubmit {
        entry_point: secrets::text(&from.entry_point),
        arguments: secrets::arguments(&from.entry_point_arguments.unwrap_or_default()),
        parameters: from.spark_submit_parameters.as_deref().map(secrets::text),
    }
}

fn hive_query(from: &sdk::Hive) -> HiveQuery {
    HiveQuery {
        query: secrets::text(&from.query),
        init_query_file: from.init_query_file.as_deref().map(secrets::text),
        parameters: from.parameters.as_deref().map(secrets::text),
    }
}

pub(super) fn session(from: sdk::Session, region: Region) -> Session {
    let overrides = from.configuration_overrides;
    Session {
        arn: Arn::from(from.arn),
        region,
        application_id: from.application_id,
        id: from.session_id,
        name: text(from.name),
        release_label: secrets::text(&from.release_label),
        state: from.state.as_str().to_owned(),
        execution_role: Arn::from(from.execution_role_arn),
        created_by: Arn::from(from.created_by),
        created_at: timestamp(&from.created_at),
        idle_timeout_minutes: from.idle_timeout_minutes,
        configuration: configurations(
            overrides.and_then(|overrides| overrides.runtime_configuration),
        ),
        tags: properties(from.tags),
    }
}

fn configurations(from: Option<Vec<sdk::Configuration>>) -> Vec<Configuration> {
    let configurations = from
        .unwrap_or_default()
        .into_iter()
        .map(|from| Configuration {
            classification: secrets::text(&from.classification),
            properties: properties(from.properties),
            configurations: configurations(from.configurations),
        });
    configurations.collect()
}

/// Properties without their secrets. A key in which one stood is told from another such key by a number.
fn properties(from: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for (key, value) in from
        .unwrap_or_default()
        .into_iter()
        .collect::<BTreeMap<_, _>>()
    {
        let value = secrets::property(&key, &value);
        let key = secrets::text(&key);
        let mut unique = key.clone();
        let mut number = 2;
        while properties.contains_key(&unique) {
            unique = format!("{key}#{number}");
            number += 1;
        }
        properties.insert(unique, value);
    }
    properties
}

fn text(from: Option<String>) -> String {
    secrets::text(&from.unwrap_or_default())
}

fn worker_images(
    from: Option<HashMap<String, sdk::WorkerTypeSpecification>>,
) -> BTreeMap<String, String> {
    let workers = from.unwrap_or_default().into_iter();
    let images = workers.filter_map(|(kind, worker)| {
        let image = worker.image_configuration?.image_uri;
        Some((secrets::text(&kind), secrets::image(&image)))
    });
    images.collect()
}

fn initial_capacity(
    from: Option<HashMap<String, sdk::InitialCapacityConfig>>,
) -> BTreeMap<String, InitialCapacity> {
    let workers = from.unwrap_or_default().into_iter().map(|(kind, from)| {
        let worker = from.worker_configuration.map(|worker| Capacity {
            cpu: worker.cpu,
            memory: worker.memory,
            disk: worker.disk,
        });
        (
            kind,
            InitialCapacity {
                worker_count: from.worker_count,
                worker,
            },
        )
    });
    workers.collect()
}

fn monitoring(from: Option<sdk::MonitoringConfiguration>) -> Monitoring {
    let Some(from) = from else {
        return Monitoring::default();
    };
    Monitoring {
        s3_log_uri: from
            .s3_monitoring_configuration
            .and_then(|s3| s3.log_uri)
            .map(|uri| secrets::text(&uri)),
        managed_persistence: from
            .managed_persistence_monitoring_configuration
            .and_then(|managed| managed.enabled),
        cloudwatch: from
            .cloud_watch_logging_configuration
            .map(|logging| logging.enabled),
        prometheus_url: from
            .prometheus_monitoring_configuration
            .and_then(|prometheus| prometheus.remote_write_url)
            .map(|url| secrets::text(&url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_pass_the_edge() {
        let properties = HashMap::from([
            ("spark.db.password".to_owned(), "hunter2".to_owned()),
            ("spark.jars".to_owned(), "s3://b/a.jar".to_owned()),
        ]);
        let configuration = sdk::Configuration::builder()
            .classification("spark-defaults")
            .set_properties(Some(properties))
            .build()
            .unwrap();
        let converted = configurations(Some(vec![configuration]));
        assert_eq!(
            converted[0].properties["spark.db.password"],
            "[redacted:secret]"
        );
        assert_eq!(converted[0].properties["spark.jars"], "s3://b/a.jar");
    }

    #[test]
    fn times_keep_their_second() {
        let time = DateTime::from_secs(1_700_000_000);
        assert_eq!(date_time(timestamp(&time).unwrap()), time);
        assert_eq!(timestamp(&DateTime::from_secs(i64::MAX)), None);
    }
}
