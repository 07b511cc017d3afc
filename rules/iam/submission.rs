//! Whether a role may start code in an application, and what that was read from.

use std::collections::BTreeMap;

use super::{Access, Choice, Effect, Holder, Inventory, SUBMIT};
use crate::estate::{Application, Arn, Gap, ReadScope, ReadScopes, Region, Scope, Service};

/// Whether a role may start code in an application of its account.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whether it may, as far as applications were read.
    pub access: Access,
    /// The applications that this hangs on: none where the role might start a job in one of its own team.
    pub read_from: ReadScopes,
    /// An application that was not read and that alone would let it.
    pub hidden: Option<UnreadGrant>,
}

/// A grant on an application that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadGrant {
    /// The grant, and why the application was not read.
    pub reason: String,
    /// Where the application would be.
    pub read_from: ReadScopes,
}

/// Applications that were not read: one, or all of a Region.
#[derive(Debug)]
pub(super) struct UnreadApplications<'a> {
    region: &'a Region,
    gap: &'a Gap,
}

impl<'a> UnreadApplications<'a> {
    /// Those that the gaps of these scopes hide. What of job runs was not read hides no application.
    pub(super) fn of(scopes: &'a [Scope]) -> Vec<Self> {
        let scopes = scopes
            .iter()
            .filter(|it| it.service == Service::EmrServerless && it.skipped.is_none());
        let gaps = scopes.flat_map(|scope| scope.gaps.iter().map(|gap| (&scope.region, gap)));
        let hiding = gaps.filter(|(_, gap)| {
            let resource = gap.resource.as_ref();
            resource.is_none_or(|it| it.application().as_ref() == Some(it))
        });
        hiding.map(|(region, gap)| Self { region, gap }).collect()
    }

    /// The ARNs that an application which was not read may have, as far as a resource pattern says.
    fn covered_by(&self, pattern: &str, probe: &Arn) -> Arn {
        if let Some(arn) = &self.gap.resource {
            return arn.clone();
        }
        let fields: Vec<_> = pattern.splitn(6, ':').collect();
        let &[_, _, _, _, _, rest] = fields.as_slice() else {
            return probe.clone();
        };
        let rest: String = rest.chars().filter(|it| *it != '*').collect();
        let rest = rest.replace('?', "0");
        let home: Vec<_> = probe.as_str().splitn(6, ':').take(5).collect();
        Arn::from(format!("{}:{rest}", home.join(":")))
    }
}

impl Inventory<'_> {
    /// Whether a role may start code in an application of the account.
    pub fn submission(&self, holder: &Holder<'_>) -> Submission {
        let mut submission = Submission {
            access: Access::NotAllowed,
            read_from: ReadScopes::none(),
            hidden: None,
        };
        if !SUBMIT.iter().any(|action| holder.speaks_of(action)) {
            return submission;
        }
        // An application of its own team, should it come to be.
        let own = self.probe(&Region::from("us-east-1"));
        submission.access = self.may_submit(holder, &own, &holder.role.tags);
        if submission.access == Access::Allowed {
            return submission;
        }
        let of_probe = submission.access;
        for Application { arn, tags, .. } in self.applications {
            let access = self.may_submit(holder, arn, tags);
            submission.access = submission.access.max(access);
            if access > of_probe {
                submission.read_from.extend(ReadScope::resource(arn));
            }
        }
        if !submission.access.may() {
            submission.hidden = self.hidden(holder, &SUBMIT, None);
        }
        submission
    }

    /// The ARN of an application of the account that doesn't exist.
    fn probe(&self, region: &Region) -> Arn {
        let (partition, id) = (self.account.arn.partition(), &self.account.id);
        Arn::from(format!(
            "arn:{partition}:emr-serverless:{region}:{id}:/applications/0"
        ))
    }

    fn may_submit(
        &self,
        holder: &Holder<'_>,
        application: &Arn,
        tags: &BTreeMap<String, String>,
    ) -> Access {
        let access = SUBMIT.map(|action| {
            let request = self.request(holder, action, application.as_str(), tags);
            holder.may(&request).access
        });
        access.into_iter().max().unwrap_or(Access::NotAllowed)
    }

    /// The first grant of any of these actions that may be on an application which was not read: one with these
    /// tags, or whatever its tags are.
    pub fn hidden(
        &self,
        holder: &Holder<'_>,
        actions: &[&str],
        tags: Option<&BTreeMap<String, String>>,
    ) -> Option<UnreadGrant> {
        let no_tags = BTreeMap::new();
        let everything = ["*".to_owned()];
        for unread in &self.unread_applications {
            let probe = self.probe(unread.region);
            let statements = holder.policies.iter().flat_map(|held| {
                let statements = held.document.statements.iter();
                statements.map(move |statement| (held, statement))
            });
            let allowing = statements.filter(|(_, it)| it.effect == Effect::Allow);
            for (held, statement) in allowing {
                let patterns = match &statement.resources {
                    Some(Choice::Only(patterns)) => patterns.as_slice(),
                    Some(Choice::AllBut(_)) | None => &everything,
                };
                let about = actions.iter().filter(|it| statement.is_about(it));
                for action in about {
                    for pattern in patterns {
                        let arn = unread.covered_by(pattern, &probe);
                        let held_by_it = tags.unwrap_or(&no_tags);
                        let mut request = self.request(holder, action, arn.as_str(), held_by_it);
                        if tags.is_none() {
                            request.context = request.context.unknown("aws:ResourceTag/");
                        }
                        let is_granted = holder.may(&request).access.may();
                        if !is_granted || !statement.matches(&request).may() {
                            continue;
                        }
                        let Gap {
                            operation, reason, ..
                        } = unread.gap;
                        return Some(UnreadGrant {
                            reason: format!(
                                "{}, {} allows {action} on `{pattern}`, and applications of {} were not \
                                 read ({operation}: {reason})",
                                held.name,
                                statement.label(),
                                unread.region,
                            ),
                            read_from: ReadScope::resource(&arn).into_iter().collect(),
                        });
                    }
                }
            }
        }
        None
    }
}
