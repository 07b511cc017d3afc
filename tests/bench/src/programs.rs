//! The programs that are measured, built in release mode.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;

/// Where the programs lie.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) lineward: PathBuf,
    pub(crate) sandbox: PathBuf,
}

impl Programs {
    /// Builds them, or finds them fresh.
    pub(crate) fn build() -> Result<Self> {
        Ok(Self {
            lineward: build("lineward", "lineward")?,
            sandbox: build("lineward-sandbox", "sandbox")?,
        })
    }
}

/// Builds one program of one package: with others beside it, its dependencies would get their
/// features too, and it would no longer be the program that is installed.
fn build(package: &str, name: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", package, "--bin", name])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err(format!("`{name}` could not be built").into());
    }
    let messages = String::from_utf8(built.stdout)?;
    let path = messages.lines().find_map(|line| executable(line, name));
    path.ok_or_else(|| format!("cargo built no `{name}`").into())
}

/// The path in a message of cargo, if it is about the executable of this name.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    (message.pointer("/target/name")? == name).then(|| path.into())
}
