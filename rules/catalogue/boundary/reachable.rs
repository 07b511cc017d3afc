use crate::finding::Fault;
use crate::graph::Estate;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A team's jobs come to another team's role, through roles of nobody
    ///
    /// Flags a team whose roles that start or run jobs come to a role of another team by a chain of starting
    /// jobs and assuming roles, across accounts, through roles that carry no team or that serve all. With
    /// `[teams] tampering = true`, rewriting a role's policies or trust counts as a step. The shortest way is the
    /// evidence. A single step straight from one team's role to another's is
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

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for team in estate.teams() {
        for (other, crossing) in estate.reached(team, cx).crossings {
            let path = crossing.path;
            let start = path.roles.first().and_then(|&at| estate.node(at));
            let Some(start) = start else { continue };
            let sure = if path.is_sure {
                "proven"
            } else {
                "conditional"
            };
            let more = match crossing.others {
                0 => String::new(),
                others => format!("; {others} more of that team's roles are reached likewise"),
            };
            let evidence = format!("{} of team `{other}` ({sure}){more}", path.words);
            faults.push(Fault {
                part: other,
                read_from: crossing.read_from,
                ..start.fault(evidence)
            });
        }
    }
    faults
}
