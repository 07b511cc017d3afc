//! Rules about job runs.
//!
//! Runs repeat. Those of one job make one finding, by the latest of them, with a count of the others.

use std::collections::BTreeMap;

use crate::estate::{Arn, JobRun, Region, Role, Scope, Service, Slice};
use crate::lineage::Workload;
use crate::settings::Policy;
use crate::spark::{Starter, Submit, SubmitError};
use crate::subject::application::ApplicationSubject;

/// A job run with what its rules ask of it.
#[derive(Debug)]
pub struct JobRunSubject<'a> {
    /// What was read.
    pub run: &'a JobRun,
    /// What it makes of its application's lineage.
    pub started: Workload<'a>,
    /// The roles of its account.
    pub roles: &'a Roles<'a>,
    /// Whether it is the latest run of its job: what mends a fault is told of that one alone.
    pub is_latest: bool,
}

impl<'a> JobRunSubject<'a> {
    /// Works out what the rules ask. `submit` is what `submitted` gives.
    pub fn new(
        run: &'a JobRun,
        application: &'a ApplicationSubject<'a>,
        submit: &'a Result<Submit, SubmitError>,
        roles: &'a Roles<'a>,
        policy: &'a Policy,
    ) -> Self {
        let started = Workload::new(
            Starter::Job,
            (application.application, &application.setup),
            &run.release_label,
            &run.configuration,
            submit,
            run.driver_image(),
            policy,
        );
        Self {
            run,
            started,
            roles,
            is_latest: false,
        }
    }

    /// Why today's tags of a role and of the application may not be those of the day of the run: IAM doesn't
    /// tell when a tag was set.
    pub(crate) fn outdated(&self, role: &Role) -> Option<String> {
        let started = self.run.created_at?;
        if role.created_at.is_some_and(|it| it > started) {
            let name = &role.name;
            return Some(format!("role `{name}` was created after the run"));
        }
        let changed = self.started.application.updated_at?;
        (changed > started).then(|| "the application was changed after the run".into())
    }
}

/// What is known of the roles of the account that runs jobs.
#[derive(Debug, Default)]
pub struct Roles<'a> {
    by_arn: BTreeMap<&'a str, &'a Role>,
    by_name: BTreeMap<&'a str, &'a Role>,
    scope: Option<&'a Scope>,
}

impl<'a> Roles<'a> {
    /// The roles of a slice.
    pub fn of(slice: &'a Slice) -> Self {
        let mut scopes = slice.scopes.iter();
        let roles = slice.roles.iter();
        Self {
            by_arn: roles.clone().map(|it| (it.arn.as_str(), it)).collect(),
            by_name: roles.map(|it| (it.name.as_str(), it)).collect(),
            scope: scopes.find(|it| (it.service, &it.region) == (Service::Iam, &Region::global())),
        }
    }

    /// The role of an ARN.
    pub(crate) fn find(&self, arn: &Arn) -> Option<&'a Role> {
        self.by_arn.get(arn.as_str()).copied()
    }

    /// The role of a name: a role's sessions tell no more.
    pub(crate) fn named(&self, name: &str) -> Option<&'a Role> {
        self.by_name.get(name).copied()
    }

    /// Whether a role would be known if it were there.
    pub(crate) fn looked_at(&self, arn: &Arn) -> bool {
        self.scope.is_some_and(|it| it.looked_at(arn))
    }
}

/// The team that tags name; an empty one is none.
pub(crate) fn team<'a>(tags: &'a BTreeMap<String, String>, policy: &Policy) -> Option<&'a str> {
    policy.team(tags).filter(|it| !it.trim().is_empty())
}

/// The submit parameters of a run, read.
pub(crate) fn submitted(run: &JobRun) -> Result<Submit, SubmitError> {
    let submit = run.spark_submit.as_ref();
    let parameters = submit.and_then(|submit| submit.parameters.as_deref());
    parameters.map_or_else(|| Ok(Submit::default()), Submit::parse)
}

/// What the tests of these rules have in common.
#[cfg(test)]
pub(crate) mod bench {
    use super::{JobRunSubject, Roles, submitted};
    use crate::estate::{Account, Application, JobRun, Role, Scope, SparkSubmit};
    use crate::estate::{Region, Service, Slice};
    use crate::finding::{Fault, Verdict};
    use crate::settings::Context;
    use crate::settings::Policy;
    use crate::subject::application::ApplicationSubject;
    use crate::subject::rule::bench::verdict;

    /// The example with another driver.
    pub(crate) fn with(change: impl FnOnce(&mut SparkSubmit)) -> JobRun {
        let mut run = JobRun::example();
        change(run.spark_submit.as_mut().unwrap());
        run
    }

    pub(crate) fn judged(
        check: for<'a> fn(&JobRunSubject<'a>, &Context<'a>) -> Vec<Fault>,
        run: &JobRun,
        policy: &Policy,
    ) -> Verdict {
        let cx = Context {
            policy,
            ..Context::example()
        };
        let application = Application::example();
        let judged =
            ApplicationSubject::new(&application, policy, crate::catalogue::lineage_checks());
        let (submit, roles) = (submitted(run), Roles::default());
        verdict(check(
            &JobRunSubject::new(run, &judged, &submit, &roles, policy),
            &cx,
        ))
    }

    /// The verdict in an account of these roles, of which IAM was read.
    pub(crate) fn judged_among(
        check: for<'a> fn(&JobRunSubject<'a>, &Context<'a>) -> Vec<Fault>,
        run: &JobRun,
        application: &Application,
        roles: Vec<Role>,
    ) -> Verdict {
        let cx = Context::example();
        let slice = Slice {
            roles,
            scopes: vec![Scope::audited(Region::global(), Service::Iam)],
            ..Slice::new(Account::example())
        };
        let judged =
            ApplicationSubject::new(application, cx.policy, crate::catalogue::lineage_checks());
        let (submit, roles) = (submitted(run), Roles::of(&slice));
        verdict(check(
            &JobRunSubject::new(run, &judged, &submit, &roles, cx.policy),
            &cx,
        ))
    }

    /// A role of a team.
    pub(crate) fn role(name: &str, team: &str) -> Role {
        Role {
            arn: format!("arn:aws:iam::111122223333:role/{name}").into(),
            name: name.into(),
            tags: [("Team".to_owned(), team.to_owned())].into(),
            ..Role::example()
        }
    }
}
