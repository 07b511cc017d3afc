//! The change that mends a finding, written as commands and as Terraform.

mod artifacts;
mod change;
mod emr;
pub mod iam;
#[cfg(test)]
pub(crate) mod pasted;
mod restate;
mod terraform;

pub use artifacts::{renamed, replace_artifacts};
pub use change::{edited, written};
pub use emr::{
    drop_images, hcl, set_configurations, set_spark_defaults, set_tag, shell, start_from,
    start_with, tag_policy, tag_role, target, update, update_running,
};
pub use restate::restate;
