//! What the commands of remedies do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Bench;
use crate::estate::{InlinePolicy, ManagedPolicy, Role};

impl Bench {
    /// Runs them one by one.
    pub(super) fn run(&mut self, commands: &str) {
        if let Some((command, rest)) = commands.split_once("--policy-document \"$(cat <<'EOF'\n") {
            let (document, rest) = rest.split_once("\nEOF\n)\"").unwrap();
            self.command(command.lines().last().unwrap(), Some(document));
            return self.run(rest);
        }
        if let Some((command, rest)) = commands.split_once(" --output json | jq '") {
            let (program, write) = rest.split_once("' > mended.json\n").unwrap();
            let read = command.lines().last().unwrap();
            let document = edited(self.document(read), &program.replace(r"'\''", "'"));
            return self.command(write, Some(&document.to_string()));
        }
        for command in commands.lines().filter(|line| line.starts_with("aws iam ")) {
            self.command(command, None);
        }
    }

    fn command(&mut self, command: &str, document: Option<&str>) {
        let verb = command.split(' ').nth(2).unwrap();
        let given = |name| option(command, name).unwrap();
        let document = || document.unwrap().to_owned();
        let tag = || given("--tags").strip_prefix("Key=").unwrap();
        match verb {
            "put-role-policy" => self.inline(command).document = document(),
            "update-assume-role-policy" => self.role(command).trust = document(),
            "create-policy-version" => self.managed(command).document = document(),
            "delete-role-policy" => {
                let policies = &mut self.role(command).inline_policies;
                policies.retain(|policy| policy.name != given("--policy-name"));
            }
            "detach-role-policy" => {
                let attached = &mut self.role(command).attached_policies;
                attached.retain(|arn| arn.as_str() != given("--policy-arn"));
            }
            "tag-role" | "tag-policy" => {
                let (key, value) = tag().split_once(",Value=").unwrap();
                self.tags(command).insert(key.into(), value.into());
            }
            "untag-role" | "untag-policy" => {
                self.tags(command).remove(given("--tag-keys"));
            }
            other => panic!("{other} is not a command of a remedy"),
        }
    }

    fn role(&mut self, command: &str) -> &mut Role {
        let name = option(command, "--role-name").unwrap();
        let mut roles = self.slices.iter_mut().flat_map(|slice| &mut slice.roles);
        roles.find(|role| role.name == name).unwrap()
    }

    fn inline(&mut self, command: &str) -> &mut InlinePolicy {
        let name = option(command, "--policy-name").unwrap();
        let mut policies = self.role(command).inline_policies.iter_mut();
        policies.find(|policy| policy.name == name).unwrap()
    }

    fn managed(&mut self, command: &str) -> &mut ManagedPolicy {
        let arn = option(command, "--policy-arn").unwrap();
        let mut policies = self.slices.iter_mut().flat_map(|slice| &mut slice.policies);
        policies.find(|policy| policy.arn.as_str() == arn).unwrap()
    }

    fn tags(&mut self, command: &str) -> &mut BTreeMap<String, String> {
        if option(command, "--role-name").is_some() {
            return &mut self.role(command).tags;
        }
        self.managed(command).tags.as_mut().unwrap()
    }

    /// The document that a command reads.
    fn document(&mut self, command: &str) -> Value {
        let text = if option(command, "--policy-name").is_some() {
            &self.inline(command).document
        } else if option(command, "--policy-arn").is_some() {
            &self.managed(command).document
        } else {
            &self.role(command).trust
        };
        serde_json::from_str(text).unwrap()
    }
}

fn option<'c>(command: &'c str, name: &str) -> Option<&'c str> {
    let mut words = command.split(' ');
    words.find(|word| *word == name)?;
    words.next()
}

/// The document after a program of jq that puts a statement in the place of one, and others after the last.
fn edited(mut document: Value, program: &str) -> Value {
    let (_, rest) = program.split_once(" | .Statement[").unwrap();
    let (at, rest) = rest.split_once("] = ").unwrap();
    let (statement, more) = rest.split_once(" | .Statement += ").unwrap_or((rest, "[]"));
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let list = document["Statement"].as_array_mut().unwrap();
    list[at.parse::<usize>().unwrap()] = read(statement);
    list.extend(read(more).as_array().unwrap().clone());
    document["Version"] = json!("2012-10-17");
    document
}
