//! Rules about whatever is configured, be it an application, a job run or a session.

use crate::subject::rule::Rule;

mod plaintext_secret;

pub(crate) static RULES: &[&Rule] = &[&plaintext_secret::RULE];
