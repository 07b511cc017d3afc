//! Ways into another team's applications that pass no role: what runs there runs as a role that was chosen before.

use std::collections::BTreeMap;

use crate::estate::{Application, Interactive, Session};
use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};

/// An action that enters an application, or what runs in it.
#[derive(Debug)]
pub(crate) struct Way {
    /// Such as `emr-serverless:GetSessionEndpoint`.
    pub(crate) action: &'static str,
    /// What of the application it is asked of.
    pub(crate) on: Place,
    /// Whether an application leaves it open.
    pub(crate) is_open: fn(&Interactive) -> bool,
}

/// What of an application an action is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The application.
    Application,
    /// A job run of it.
    JobRun,
    /// A session of it.
    Session,
}

/// One fault for each statement that lets a role go any of these ways into applications of other teams. The ways hang
/// on how the other team works: a grant that itself hangs on what can't be known is none to tell of. Runs and
/// sessions come and go: it is asked of one that has its application's tags, and of the sessions that are there.
pub(crate) fn of_others(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    cx: &Context<'_>,
    ways: &[Way],
) -> Vec<Fault> {
    let actions: Vec<_> = ways.iter().map(|it| it.action).collect();
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &actions) else {
        return Vec::new();
    };
    for application in inventory.applications {
        let Some(team) = other_team(holder, application, cx) else {
            continue;
        };
        let how = format!(", of team `{team}`");
        let open = ways
            .iter()
            .filter(|it| (it.is_open)(&application.interactive));
        for way in open {
            for (arn, tags) in places(application, way.on, inventory) {
                let target = Target {
                    arn: &arn,
                    tags: Some(tags),
                };
                if holder.may_reach(way.action, &arn) && adversary.is_sure_of(way.action, target) {
                    adversary.attempt(way.action, target, &[], &how);
                }
            }
        }
    }
    let faults = adversary.faults_of_others();
    if faults.is_empty() {
        return hidden(holder, inventory, cx, &actions);
    }
    faults
}

/// The team of an application, where a role of another team has no business there.
pub(crate) fn other_team<'a>(
    holder: &Holder<'_>,
    application: &'a Application,
    cx: &Context<'_>,
) -> Option<&'a str> {
    let team = cx.policy.team(&application.tags);
    let team = team.filter(|it| !it.is_empty());
    let crosses = cx
        .policy
        .crosses(holder.team, team, &application.arn, cx.now);
    team.filter(|_| crosses)
}

type Tags = BTreeMap<String, String>;

fn places<'b>(
    application: &'b Application,
    place: Place,
    inventory: &Inventory<'b>,
) -> Vec<(String, &'b Tags)> {
    let (arn, tags) = (&application.arn, &application.tags);
    match place {
        Place::Application => vec![(arn.to_string(), tags)],
        Place::JobRun => vec![(format!("{arn}/jobruns/0"), tags)],
        Place::Session => {
            let all = inventory.sessions.iter();
            let held = all.filter(|it| it.arn.application().as_ref() == Some(arn) && is_live(it));
            let held = held.map(|it| (it.arn.to_string(), &it.tags));
            let to_come = (format!("{arn}/sessions/0"), tags);
            std::iter::once(to_come).chain(held).collect()
        }
    }
}

fn is_live(session: &Session) -> bool {
    !["TERMINATING", "TERMINATED", "FAILED"].contains(&session.state.as_str())
}

/// The first of these actions that a role may not do to an application today, and may once it has the role's own team.
pub(crate) fn opened_by_tag(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    cx: &Context<'_>,
    application: &Application,
) -> Option<&'static str> {
    let arn = application.arn.as_str();
    let (key, team) = (&cx.policy.team_tag, holder.team?);
    let mut own = application.tags.clone();
    own.retain(|held, _| !held.eq_ignore_ascii_case(key));
    own.insert(key.clone(), team.to_owned());
    let access = |action, tags| {
        let request = inventory.request(holder, action, arn, tags);
        holder.may(&request).access
    };
    OF_APPLICATIONS.into_iter().find(|action| {
        holder.may_reach(action, arn)
            && !access(action, &application.tags).may()
            && access(action, &own).may()
    })
}

/// What is done to applications, the worst first.
const OF_APPLICATIONS: [&str; 5] = [
    "emr-serverless:UpdateApplication",
    "emr-serverless:AccessLivyEndpoints",
    "emr-serverless:AccessInteractiveEndpoints",
    "emr-serverless:StartJobRun",
    "emr-serverless:StartSession",
];

/// That an application which was not read may be another team's.
fn hidden(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    cx: &Context<'_>,
    actions: &[&str],
) -> Vec<Fault> {
    let roles = inventory.roles.iter().filter_map(|it| it.team);
    let mut teams = cx.policy.teams.iter().map(String::as_str).chain(roles);
    let Some(other) = teams.find(|it| Some(*it) != holder.team && !cx.policy.is_shared(Some(it)))
    else {
        return Vec::new();
    };
    let tags = [(cx.policy.team_tag.clone(), other.to_owned())].into();
    let hidden = inventory.hidden(holder, actions, Some(&tags));
    let faults = hidden.into_iter().map(|hidden| {
        let reason = format!("{}; they may be of other teams", hidden.reason);
        Fault {
            team: holder.team.map(str::to_owned),
            read_from: hidden.read_from,
            ..Fault::unknown(reason).part("applications that were not read")
        }
    });
    faults.collect()
}
