//! The change that mends a finding, written as commands and as Terraform.

mod agent;
mod artifacts;
mod change;
mod edited;
mod emr;
pub mod iam;
#[cfg(test)]
pub(crate) mod pasted;
mod restate;
mod start;
mod tag;
mod terraform;

pub use agent::{put_in, put_in_place};
pub use artifacts::renamed;
pub use change::written;
pub use edited::edited;
pub use emr::{drop_images, hcl, shell, stop, target};
pub use restate::restate;
pub use start::{Parameter, edits_between, open_with, start_with};
pub use tag::{tag_application, tag_policy, tag_role};
