use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::boundary::PART;
use crate::finding::Fault;
use crate::graph::{Crossing, Estate, Node};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A team comes to another team's role, through an untagged role
    ///
    /// Flags roles that carry no team or that serve all, through which a team's role comes to a role of another
    /// team by a chain of starting jobs and assuming roles, across accounts. With `[teams] tampering = true`,
    /// rewriting a role's policies or trust counts as a step. One such role is one finding, however many teams
    /// pass through it: the shortest ways to it and on from it are the evidence. A single step straight from one team's role to another's is
    /// `passrole-reaches-other-team`, `assume-reaches-other-team` or `trust-admits-other-team`.
    ///
    /// Service control policies are not read; one may still stand in the way.
    ///
    /// ## Why it matters
    /// No single policy is wrong by its looks, and the boundary is open all the same.
    ///
    /// ## How to fix
    /// Break the chain where it is weakest: give the role in the middle to one team, or let it admit one.
    ///
    /// Source: IAM User Guide, "Roles terms and concepts", on role chaining.
    "boundary-reachable", Critical, Estate { check }
}

/// What passes through one role.
#[derive(Default)]
struct Passage<'e> {
    /// The teams that come to it and on to others, with the ways.
    crossings: Vec<(&'e str, &'e str, &'e Crossing)>,
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut passages: BTreeMap<usize, Passage<'_>> = BTreeMap::new();
    for (team, reached) in &estate.reached {
        for ((pivot, other), crossing) in &reached.crossings {
            let passage = passages.entry(*pivot).or_default();
            passage.crossings.push((team, other, crossing));
        }
    }
    let faults = passages.into_iter().filter_map(|(pivot, passage)| {
        let pivot = estate.node(pivot)?;
        Some(passage.fault(pivot, estate))
    });
    faults.collect()
}

impl Passage<'_> {
    fn fault(&self, pivot: &Node, estate: &Estate<'_>) -> Fault {
        let comers: BTreeSet<_> = self.crossings.iter().map(|it| it.0).collect();
        let evidence = match self.crossings.as_slice() {
            [(_, other, crossing)] => {
                format!(
                    "{} of team `{other}` ({}){}",
                    whole(crossing, estate),
                    sure(crossing),
                    more(crossing)
                )
            }
            _ if self.is_product() => self.in_and_out(estate),
            all => {
                let ways = all.iter().map(|(_, other, it)| {
                    format!(
                        "{} of team `{other}` ({}){}",
                        whole(it, estate),
                        sure(it),
                        more(it)
                    )
                });
                ways.collect::<Vec<_>>().join("; ")
            }
        };
        let alone = comers.first().filter(|_| comers.len() == 1);
        let read_from = self.crossings.iter().flat_map(|it| it.2.read_from.clone());
        Fault {
            part: PART.to_owned(),
            team: pivot
                .team
                .clone()
                .or_else(|| alone.map(|&it| it.to_owned())),
            read_from: read_from.collect(),
            ..pivot.fault(evidence)
        }
    }

    /// Whether each team that comes to the role comes on to all the others.
    fn is_product(&self) -> bool {
        let comers: BTreeSet<_> = self.crossings.iter().map(|it| it.0).collect();
        let others: BTreeSet<_> = self.crossings.iter().map(|it| it.1).collect();
        let own = comers.intersection(&others).count();
        comers.len() * others.len() - own == self.crossings.len()
    }

    /// The ways to the role and the ways on, each told once: every pair of teams would be their product.
    fn in_and_out(&self, estate: &Estate<'_>) -> String {
        let mut comings: BTreeMap<&str, String> = BTreeMap::new();
        let mut goings: BTreeMap<&str, String> = BTreeMap::new();
        for (team, other, crossing) in &self.crossings {
            let path = &crossing.path;
            comings.entry(team).or_insert_with(|| {
                format!(
                    "`{team}`: {}",
                    path.words(start(crossing, estate), path.steps.len() - 1)
                )
            });
            goings.entry(other).or_insert_with(|| {
                let last = path.steps.last().map_or("", String::as_str);
                format!("`{other}`: {last} ({}){}", sure(crossing), more(crossing))
            });
        }
        let (comers, others) = (comings.len(), goings.len());
        let list = |ways: BTreeMap<&str, String>| ways.into_values().collect::<Vec<_>>().join("; ");
        format!(
            "each of {comers} teams comes to it, and through it to the roles of {others} teams. The ways to \
             it: {}. The ways on: {}",
            list(comings),
            list(goings)
        )
    }
}

/// The role that a way starts from.
fn start<'e>(crossing: &Crossing, estate: &Estate<'e>) -> &'e str {
    let first = crossing.path.roles.first();
    first
        .and_then(|&at| estate.node(at))
        .map_or("", |it| it.arn.as_str())
}

fn whole(crossing: &Crossing, estate: &Estate<'_>) -> String {
    crossing.path.words(start(crossing, estate), usize::MAX)
}

fn sure(crossing: &Crossing) -> &'static str {
    if crossing.path.is_sure {
        "proven"
    } else {
        "conditional"
    }
}

fn more(crossing: &Crossing) -> String {
    match crossing.targets.len() {
        0 | 1 => String::new(),
        all => format!(
            "; {} more of that team's roles are reached likewise",
            all - 1
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, admit, allow, arn, role};

    fn chained(name: &str, team: &str, from: &str, to: &str) -> Role {
        let trust = admit(&format!("AWS {}", arn(from)), "");
        let role = role(name, team).trusting(&trust);
        role.may(&allow("sts:AssumeRole", &arn(to), ""))
    }

    /// A role of `ads` that assumes one in the middle, which assumes one of `billing`.
    fn chain(team_of_middle: &str) -> Bench {
        let start = role("ads", "ads").may(&allow("sts:AssumeRole", &arn("middle"), ""));
        let middle = chained("middle", team_of_middle, "ads", "billing-*");
        let trust = admit(&format!("AWS {}", arn("middle")), "");
        let ends = ["billing-data", "billing-raw"];
        let ends = ends.map(|name| role(name, "billing").trusting(&trust));
        Bench::of([start, middle].into_iter().chain(ends))
    }

    #[test]
    fn a_chain_through_an_untagged_role_is_told_step_by_step() {
        let fault = chain("").fault(&RULE);
        assert_eq!(fault.part, "pivot");
        assert_eq!(fault.resource.unwrap().as_str(), arn("middle"));
        let told = chain("").evidence(&RULE);
        assert_eq!(
            told,
            "`arn:aws:iam::111122223333:role/ads` assumes `arn:aws:iam::111122223333:role/middle` \
             (inline policy `p` of `ads`, statement 1; trust policy of `middle`, statement 1), which \
             assumes `arn:aws:iam::111122223333:role/billing-data` (inline policy `p` of `middle`, \
             statement 1; trust policy of `billing-data`, statement 1) of team `billing` (proven); 1 \
             more of that team's roles are reached likewise"
        );
    }

    #[test]
    fn a_chain_through_a_shared_role_counts() {
        let told = chain("platform").shared("platform").evidence(&RULE);
        assert!(told.contains("role/middle`"), "{told}");
    }

    #[test]
    fn a_single_step_is_the_matter_of_other_rules() {
        assert_eq!(chain("billing").faults(&RULE), []);
        assert_eq!(chain("ads").faults(&RULE), []);
    }

    #[test]
    fn rewriting_counts_as_a_step_only_where_it_is_set_so() {
        let rewriting = allow("iam:UpdateAssumeRolePolicy", &arn("middle"), "");
        let middle = chained("middle", "", "nobody", "billing");
        let trust = admit(&format!("AWS {}", arn("middle")), "");
        let bench = || {
            let end = role("billing", "billing").trusting(&trust);
            Bench::of([role("ads", "ads").may(&rewriting), middle.clone(), end])
        };
        assert_eq!(bench().faults(&RULE), []);
        let told = bench()
            .under(|policy| policy.tampering = true)
            .evidence(&RULE);
        assert!(told.contains("may rewrite `arn:aws:iam::111122223333:role/middle`"));
    }
}
