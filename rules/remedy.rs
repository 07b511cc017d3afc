//! The change that mends a finding, written as commands and as Terraform.

mod artifacts;
mod emr;
pub mod iam;
mod restate;

pub use artifacts::{renamed, replace_artifacts};
pub use emr::{
    drop_images, hcl, set_configurations, set_spark_defaults, set_tag, shell, start_from,
    start_with, tag_policy, tag_role, target, update, update_running,
};
pub use restate::restate;
