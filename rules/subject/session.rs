//! Rules about interactive sessions.
//!
//! Sessions of one name, or of one person, make one finding, by the latest of them.

use crate::estate::Session;
use crate::lineage::Workload;
use crate::settings::Policy;
use crate::spark::{Starter, Submit, SubmitError};
use crate::subject::application::ApplicationSubject;

/// A session with what its rules ask of it.
#[derive(Debug)]
pub struct SessionSubject<'a> {
    /// What was read.
    pub session: &'a Session,
    /// What it makes of its application's lineage.
    pub started: Workload<'a>,
}

impl<'a> SessionSubject<'a> {
    /// Works out what the rules ask. A session has no submit parameters.
    pub fn new(
        session: &'a Session,
        application: &'a ApplicationSubject<'a>,
        policy: &'a Policy,
    ) -> Self {
        static NONE: Result<Submit, SubmitError> = Ok(Submit(Vec::new()));
        let started = Workload::new(
            Starter::Session,
            (application.application, &application.setup),
            &session.release_label,
            &session.configuration,
            &NONE,
            None,
            policy,
        );
        Self { session, started }
    }
}
