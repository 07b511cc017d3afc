use crate::finding::Fault;
use crate::graph::{Estate, LocatedStatement, Node};
use crate::iam::{Effect, Issuer, Pattern, Truth, Version};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A trust policy admits another team's pipelines
    ///
    /// Flags roles of a team whose trust policy admits subjects of a web identity provider by a pattern that also
    /// takes in those which a role of another team admits: `repo:acme/*` beside the other's `repo:acme/blue:*`. One
    /// repository that serves two teams is not a crossing.
    ///
    /// ## Why it matters
    /// The other team's pipelines may become this role.
    ///
    /// ## How to fix
    /// Spell out the team's own repositories or projects in the condition on the subject.
    ///
    /// Source: IAM User Guide, "Create a role for `OpenID` Connect federation".
    "trust-provider-other-team", Critical, Estate { check }
}

/// A statement that admits subjects of a web identity provider.
struct AdmittingStatement<'e> {
    node: &'e Node,
    kept: &'e LocatedStatement,
    issuer: Issuer<'e>,
    subjects: Vec<&'e str>,
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let nodes = estate.nodes.iter().filter(|it| it.team.is_some());
    let all: Vec<_> = nodes.flat_map(|it| admitting(it)).collect();
    let wide = all.iter().filter(|it| it.patterns().next().is_some());
    let faults = wide.filter_map(|wide| {
        let same = all.iter().filter(|it| it.issuer.url == wide.issuer.url);
        let mut others = same.filter(|it| estate.crosses(it.node, wide.node, cx));
        let (other, pattern, subject) = others.find_map(|other| {
            let (pattern, subject) = shared(wide.patterns(), &other.subjects)?;
            Some((other, pattern, subject))
        })?;
        let places = [wide.node, other.node].map(|it| estate.find(it.arn.as_str()));
        let places: Vec<_> = places.into_iter().flatten().collect();
        let team = other.node.team.as_deref().unwrap_or_default();
        let evidence = format!(
            "`{pattern}` takes in `{subject}`, whom `{}` of team `{team}` admits",
            other.node.arn
        );
        let fault = wide.kept.fault(wide.node, &evidence);
        Some(fault.read_from(estate.roles_of(&places)))
    });
    faults.collect()
}

fn admitting(node: &Node) -> Vec<AdmittingStatement<'_>> {
    let allows = node
        .trust()
        .iter()
        .filter(|it| it.statement.effect == Effect::Allow);
    let web = allows.filter(|it| it.statement.is_about("sts:AssumeRoleWithWebIdentity"));
    let admitting = web.flat_map(|kept| {
        let issuers = kept.statement.named().iter().filter_map(Issuer::of);
        issuers.map(move |issuer| AdmittingStatement {
            node,
            kept,
            issuer,
            subjects: issuer.subjects(&kept.statement),
        })
    });
    admitting.collect()
}

impl<'e> AdmittingStatement<'e> {
    /// The patterns that take in more than one team may own.
    fn patterns(&self) -> impl Iterator<Item = &'e str> {
        let subjects = self.subjects.iter().copied();
        subjects.filter(|it| self.issuer.is_tenant_wide(it))
    }
}

/// A pattern, and a subject that it takes in.
fn shared<'s>(
    patterns: impl Iterator<Item = &'s str>,
    subjects: &[&'s str],
) -> Option<(&'s str, &'s str)> {
    let mut pairs = patterns.flat_map(|pattern| subjects.iter().map(move |it| (pattern, *it)));
    pairs.find(|(pattern, subject)| takes_in(pattern, subject))
}

/// Whether a pattern takes in all that another does: what stands for the wildcards of that is any text.
fn takes_in(pattern: &str, subject: &str) -> bool {
    let context = crate::iam::Context::closed();
    let subject = subject.replace('*', "lineward:probe/x").replace('?', "x");
    Pattern::wild(pattern, Version::V2008).matches(&subject, &context) == Truth::True
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_in_what_is_narrower() {
        assert!(takes_in(
            "repo:acme/*",
            "repo:acme/blue:ref:refs/heads/main"
        ));
        assert!(takes_in("repo:acme/*", "repo:acme/blue:*"));
        assert!(takes_in("repo:acme/*", "repo:acme/*"));
        assert!(!takes_in("repo:acme/red:*", "repo:acme/blue:*"));
        assert!(!takes_in("repo:acme/red:*", "repo:acme/*"));
    }
}
