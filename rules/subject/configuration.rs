//! Rules about whatever is configured, be it an application, a job run or a session.

use crate::estate::{Application, Configuration, JobRun, Session};

/// Something that carries configuration.
#[derive(Clone, Copy, Debug)]
pub enum ConfigurationSubject<'a> {
    /// An application.
    Application(&'a Application),
    /// A job run.
    JobRun(&'a JobRun),
    /// A session.
    Session(&'a Session),
}

impl<'a> ConfigurationSubject<'a> {
    /// Its classifications.
    pub fn configurations(self) -> &'a [Configuration] {
        match self {
            Self::Application(application) => &application.runtime_configuration,
            Self::JobRun(run) => &run.configuration,
            Self::Session(session) => &session.configuration,
        }
    }
}
