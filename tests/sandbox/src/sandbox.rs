//! The handle of a running sandbox.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use crate::calls::{Calls, RecordedRequest};
use crate::least_calls::LeastCalls;
use crate::options::Options;
use crate::organization::{Application, Organization};
use crate::pagerduty::{PagerDuty, PagerDutyFault, PagerDutyLog};
use crate::server::Server;
use crate::state::{State, lock};
use crate::wire::authorization::AUDITOR_KEY;
use crate::{Expected, Fault};

/// A running sandbox; dropping it ends it.
#[derive(Debug)]
pub struct Sandbox {
    state: Arc<State>,
    server: Server,
}

impl Sandbox {
    /// Makes up an organization and serves it.
    pub fn start(options: Options) -> io::Result<Self> {
        Self::serve(Organization::generate(&options), options)
    }

    /// Serves an organization; what the options say of its making has no effect.
    pub fn serve(organization: Organization, options: Options) -> io::Result<Self> {
        let port = options.port;
        let state = Arc::new(State::new(organization, options));
        let server = Server::start(Arc::clone(&state), port)?;
        Ok(Self { state, server })
    }

    /// The URL of everything, for `AWS_ENDPOINT_URL` and for `PagerDuty`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The environment that leads any AWS SDK here, as the auditor, and nowhere else.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", AUDITOR_KEY.into()),
            ("AWS_SECRET_ACCESS_KEY", "not-verified".into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ]
    }

    /// What must be found as things are now, sorted.
    pub fn expected(&self) -> Vec<Expected> {
        self.view(Organization::expected)
    }

    /// The AWS calls so far.
    pub fn calls(&self) -> Calls {
        self.state.counters.calls()
    }

    /// The AWS calls so far by account and `service:Operation`.
    pub fn calls_by_account(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.state.counters.accounts()
    }

    /// Forgets the calls and the recorded requests so far.
    pub fn reset_calls(&self) {
        self.state.counters.reset();
        lock(&self.state.recorded).clear();
    }

    /// The requests so far, if `Options::record` is on.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.state.recorded).clone()
    }

    /// The least number of calls that read the organization with its job runs since a time.
    pub fn least_calls(&self, job_runs_since: Option<Timestamp>) -> LeastCalls {
        self.state.options(|options| {
            self.view(|organization| LeastCalls::count(organization, options, job_runs_since))
        })
    }

    /// What `PagerDuty` was told.
    pub fn pagerduty(&self) -> PagerDutyLog {
        lock(&self.state.pagerduty).log.clone()
    }

    /// Lets the next requests to `PagerDuty` meet a fault each, after those that are planned.
    pub fn fail_pagerduty(&self, fault: PagerDutyFault, next: usize) {
        let faults = std::iter::repeat_n(fault, next);
        lock(&self.state.pagerduty).faults.extend(faults);
    }

    /// Forgets events, incidents and planned faults.
    pub fn reset_pagerduty(&self) {
        *lock(&self.state.pagerduty) = PagerDuty::default();
    }

    /// Undoes the fault of an application, and says whether there was one.
    pub fn mend(&self, application: &str) -> bool {
        self.change(application, Application::mend)
    }

    /// Plants a fault in a compliant Spark application, and says whether it could.
    pub fn plant(&self, application: &str, fault: Fault) -> bool {
        self.change(application, |it| it.plant(fault))
    }

    /// Reads the organization.
    pub fn view<T>(&self, read: impl FnOnce(&Organization) -> T) -> T {
        self.state.view(read)
    }

    /// Changes the organization.
    pub fn update<T>(&self, write: impl FnOnce(&mut Organization) -> T) -> T {
        self.state.update(write)
    }

    /// Changes the options; those of the organization's making have no effect any more.
    pub fn set_options<T>(&self, write: impl FnOnce(&mut Options) -> T) -> T {
        self.state.set_options(write)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Application) -> bool) -> bool {
        self.update(|organization| organization.application_mut(id).is_some_and(change))
    }
}

#[cfg(test)]
mod tests;
