//! `lineward rules`.

use std::fmt::Write as _;

use clap::Subcommand;
use lineward_rules::catalogue::{find, page, rules};

use super::{Exit, Failure, put};

/// The rules: what each finds, why it matters, how to mend it.
#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// All rules, a line each.
    List,
    /// One rule's page.
    Show {
        /// The rule's id.
        id: String,
    },
}

impl Rules {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::List => put(None, &list()),
            Self::Show { id } => match find(id) {
                Some(rule) => put(None, &page::page(rule)),
                None => Err(Failure {
                    exit: Exit::Usage,
                    message: format!("there is no rule `{id}`; `lineward rules list` shows all"),
                }),
            },
        }
    }
}

fn list() -> String {
    let width = rules().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in rules() {
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{:width$}  {:8}  {}",
            rule.id,
            rule.severity,
            rule.title()
        );
    }
    text
}
