//! The Regions of an account: which are walked, and what it means that one refuses.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_account::types::RegionOptStatus;
use lineward_rules::estate::{Account, Cause, Gap, Region, Scope, ScopeState, Service, SkipReason};

use super::emr_serverless::Found;
use super::gap::{incomplete, is_of_authorization};
use super::pages::{self, Page, Rest, Tokens};
use super::patience::{Deadline, Failure, Patience};
use super::whole::WholeLists;
use super::{Connection, Plan};

/// The Regions of all partitions that this build knows.
pub(super) const ALL: [&str; 40] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The Regions that every account has unless it is told otherwise, where EMR Serverless exists.
const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

const LIST: &str = "ListRegions";

/// The Regions of an account.
#[derive(Debug, Default)]
pub(super) struct Regions {
    /// Those to walk.
    pub(super) walked: BTreeSet<Region>,
    /// What is to be said of their list.
    pub(super) scope: Option<Scope>,
    /// Those that must answer: they were asked for by name, are enabled, or have had applications while no
    /// list says that they are enabled no more.
    expected: BTreeSet<Region>,
}

impl Regions {
    /// Those of the plan, or those that the account has enabled and those in which applications are known.
    pub(super) async fn of(
        account: &Account,
        config: &SdkConfig,
        connection: &Connection,
        plan: &Plan,
        patience: &Patience,
    ) -> Self {
        if !plan.regions.is_empty() {
            let asked: BTreeSet<_> = plan.regions.iter().cloned().collect();
            return Self {
                walked: asked.clone(),
                scope: None,
                expected: asked,
            };
        }
        let known = plan.known.regions_of(&account.id);
        if connection.partition == "aws" {
            let (listed, failure) = enabled(config, patience).await;
            return Self::listed(listed, failure, &known);
        }
        let own = config.region().map(|region| Region::from(region.as_ref()));
        let skipped = SkipReason::new(
            "PARTITION",
            format!(
                "the Regions of `{}` are not known, name them as `regions`",
                connection.partition
            ),
        );
        let scope = Scope::skipped(Region::global(), Service::Account, skipped);
        Self {
            walked: own.into_iter().chain(known.clone()).collect(),
            scope: Some(scope),
            expected: known,
        }
    }

    /// What follows from a list, where EMR Serverless exists in all Regions that are known; one that is newer
    /// than this build is walked as well. Without the list, the Regions that are enabled by default are.
    fn listed(
        listed: BTreeSet<Region>,
        failure: Option<Failure>,
        known: &BTreeSet<Region>,
    ) -> Self {
        let mut walked: BTreeSet<_> = listed.union(known).cloned().collect();
        let Some(failure) = failure else {
            return Self {
                walked,
                scope: Some(Scope::audited(Region::global(), Service::Account)),
                expected: listed,
            };
        };
        walked.extend(DEFAULT_REGIONS.into_iter().map(Region::from));
        // Where there are applications there may be more of them, elsewhere.
        let is_note = known.is_empty() && listed.is_empty();
        Self {
            walked,
            scope: Some(unlisted(failure, is_note)),
            expected: listed.union(known).cloned().collect(),
        }
    }

    /// What a refused Region means depends on its neighbours.
    ///
    /// A Region that nothing tells to be in use, and that a service control policy closes, is not a gap: it is
    /// skipped, and listed. And "the security token is invalid" means a Region that isn't enabled, if the same
    /// credentials work in another. Neither is believed once a page was read.
    pub(super) fn explain_refusals(&self, found: &mut [Found]) {
        let works = found
            .iter()
            .any(|found| found.scope.state() == ScopeState::Audited);
        for Found { scope, pages, .. } in found {
            let is_untouched = *pages == 0 && !self.expected.contains(&scope.region);
            explain_refusal(scope, works, is_untouched);
        }
    }
}

/// The Regions that the caller's own account has enabled, as far as they can be listed.
pub(super) async fn of_caller(connection: &Connection, plan: &Plan) -> BTreeSet<Region> {
    let patience = Patience::new(Deadline::of_walk(plan));
    enabled(&connection.config, &patience).await.0
}

/// The Regions that the account has enabled, and why these aren't all.
async fn enabled(config: &SdkConfig, patience: &Patience) -> (BTreeSet<Region>, Option<Failure>) {
    let config = aws_sdk_account::config::Builder::from(config)
        .retry_partition(super::connection::retry_partition())
        .interceptor(WholeLists);
    let client = aws_sdk_account::Client::from_conf(config.build());
    let ask = |token| {
        let call = client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .set_next_token(token)
            .send();
        async move {
            let answer = patience.ask(LIST, None, call).await?;
            Ok(Page {
                items: answer.regions.unwrap_or_default(),
                rest: Rest::of(answer.next_token),
            })
        }
    };
    let list = pages::read(Tokens::new(LIST, None), usize::MAX, ask).await;
    let names = list
        .items
        .into_iter()
        .filter_map(|region| region.region_name);
    let regions: BTreeSet<_> = names.map(Region::from).collect();
    // Every account has Regions that it can't disable.
    let empty = || incomplete(LIST, "no Region was listed").into();
    let failure = list.failure.or_else(|| regions.is_empty().then(empty));
    (regions, failure)
}

/// What it means that Regions could not be listed: an account that doesn't allow it, or has no such
/// service, is a note as long as nothing is known to be there; one that could have told, and didn't, is a gap.
fn unlisted(failure: Failure, is_note: bool) -> Scope {
    let refused = is_of_authorization(&failure.gap) || failure.is_unknown_operation;
    let Failure { gap, .. } = failure;
    if !(refused && is_note) {
        let scope = Scope::audited(Region::global(), Service::Account);
        return Scope {
            gaps: vec![gap],
            ..scope
        };
    }
    let reason = format!(
        "{LIST}: {}; the Regions that are enabled by default were walked",
        gap.reason
    );
    Scope::skipped(
        Region::global(),
        Service::Account,
        SkipReason::new(gap.code, reason),
    )
}

fn explain_refusal(scope: &mut Scope, works: bool, is_untouched: bool) {
    let whole = |gap: &&Gap| gap.resource.is_none();
    let Some(whole) = scope.gaps.iter().find(whole).cloned() else {
        return;
    };
    let disabled = whole.cause == Cause::RegionDisabled && works;
    let closed = whole.cause == Cause::DeniedByScp && works;
    if is_untouched && scope.gaps.len() == 1 && (disabled || closed) {
        let mut reason = format!("{}: {}", whole.operation, whole.reason);
        if disabled {
            reason.push_str(" (the Region is not enabled in this account)");
        }
        scope.gaps.clear();
        scope.skipped = Some(SkipReason::new(whole.code, reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(cause: Cause) -> Gap {
        Gap {
            cause,
            code: "AccessDeniedException".into(),
            ..incomplete("ListApplications", "no")
        }
    }

    fn region(name: &str, cause: Option<Cause>, pages: usize) -> Found {
        let mut found = Found::new(Region::from(name));
        found.scope.gaps = cause.map(gap).into_iter().collect();
        found.pages = pages;
        found
    }

    /// The state of a Region beside one that answers, or that refuses likewise.
    fn state(cause: Cause, pages: usize, regions: &Regions, works: bool) -> ScopeState {
        let neighbour = (!works).then_some(cause);
        let mut found = [
            region("eu-west-1", neighbour, 0),
            region("us-east-1", Some(cause), pages),
        ];
        regions.explain_refusals(&mut found);
        found[1].scope.state()
    }

    fn named(names: &[&str]) -> BTreeSet<Region> {
        names.iter().copied().map(Region::from).collect()
    }

    fn expecting(names: &[&str]) -> Regions {
        Regions {
            expected: named(names),
            ..Regions::default()
        }
    }

    const REFUSALS: [Cause; 2] = [Cause::DeniedByScp, Cause::RegionDisabled];

    #[test]
    fn a_region_that_refuses_is_skipped_only_where_another_works() {
        for cause in REFUSALS {
            let skipped = state(cause, 0, &Regions::default(), true);
            assert_eq!(skipped, ScopeState::Skipped);
            let none_works = state(cause, 0, &Regions::default(), false);
            assert_eq!(none_works, ScopeState::Failed);
        }
        let denied = state(Cause::Denied, 0, &Regions::default(), true);
        assert_eq!(denied, ScopeState::Failed);
    }

    #[test]
    fn a_region_that_was_listed_or_read_in_part_is_not_passed_over() {
        for cause in REFUSALS {
            let listed = state(cause, 0, &expecting(&["us-east-1"]), true);
            assert_eq!(listed, ScopeState::Failed);
            let second_page = state(cause, 1, &Regions::default(), true);
            assert_eq!(second_page, ScopeState::Failed);
        }
    }

    fn failure(cause: Cause) -> Failure {
        Failure::from(gap(cause))
    }

    fn listed(listed: &[&str], failure: Option<Failure>, known: &[&str]) -> (ScopeState, Regions) {
        let regions = Regions::listed(named(listed), failure, &named(known));
        (regions.scope.as_ref().unwrap().state(), regions)
    }

    #[test]
    fn only_a_refusal_to_list_regions_is_a_note_and_only_where_nothing_is_known() {
        let cases = [
            (Cause::Denied, &[][..], ScopeState::Skipped),
            (Cause::Throttled, &[], ScopeState::Failed),
            (Cause::ServerError, &[], ScopeState::Failed),
            (Cause::Denied, &["af-south-1"], ScopeState::Failed),
        ];
        for (cause, known, expected) in cases {
            let (state, regions) = listed(&[], Some(failure(cause)), known);
            assert_eq!(state, expected);
            assert_eq!(regions.walked.len(), DEFAULT_REGIONS.len() + known.len());
            assert_eq!(regions.expected, named(known));
        }
        let (state, regions) = listed(&["af-south-1"], Some(failure(Cause::Denied)), &[]);
        assert_eq!(state, ScopeState::Failed);
        assert!(regions.walked.contains(&Region::from("af-south-1")));
    }

    #[test]
    fn a_known_region_is_walked_though_it_is_not_listed_but_need_not_answer() {
        let (state, regions) = listed(&["eu-west-1"], None, &["af-south-1"]);
        assert_eq!(state, ScopeState::Audited);
        assert_eq!(regions.walked, named(&["af-south-1", "eu-west-1"]));
        assert_eq!(regions.expected, named(&["eu-west-1"]));
    }
}
