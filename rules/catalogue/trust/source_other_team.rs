use crate::estate::ReadScope;
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
use crate::subject::trust::lets_assume;

rule! {
    /// An execution role serves an application of another team
    ///
    /// Flags trust policies of a team's roles whose `aws:SourceArn` names an application of another team.
    ///
    /// ## Why it matters
    /// Whoever submits jobs to that application runs code with this team's rights.
    ///
    /// ## How to fix
    /// Name the team's own application, or agree to the sharing in `[[sharing]]`.
    "trust-source-other-team", High, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) {
        return None;
    }
    let conditions = stated.statement.conditions.iter();
    let mut sources = conditions
        .filter(|it| it.is_on("aws:SourceArn") && !it.operator.base.is_negated())
        .flat_map(|it| &it.values);
    let (holder, inventory) = (stated.holder, stated.inventory);
    sources.find_map(|source| {
        let id = source.split("/applications/").nth(1)?.split('/').next()?;
        let application = inventory.applications.iter().find(|it| it.id == id)?;
        let team = cx.policy.team(&application.tags);
        let arn = &holder.role.arn;
        let crosses = cx.policy.crosses(team, holder.team, arn, cx.now);
        let team = team.filter(|_| crosses)?;
        let evidence = format!("it serves the application `{id}`, which is of team `{team}`");
        Some(
            stated
                .fault(&evidence)
                .read_from(ReadScope::resource(&application.arn)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, application, role};

    /// A role of `ads` that serves an application under an operator, where both teams have one.
    fn serving(id: &str, operator: &str) -> Bench {
        let source = format!("arn:aws:emr-serverless:eu-west-1:111122223333:/applications/{id}");
        let conditions = format!("{operator} aws:SourceArn {source}");
        let trust = admit("Service emr-serverless.amazonaws.com", &conditions);
        let applications = [
            application("00fads", "ads"),
            application("00fbilling", "billing"),
            application("00funtagged", ""),
        ];
        Bench::of([role("ads", "ads").trusting(&trust)]).applications(applications)
    }

    #[test]
    fn an_application_of_another_team_is_flagged() {
        for id in ["00fbilling", "00fbilling/jobruns/*"] {
            assert_eq!(
                serving(id, "ArnLike").evidence(&RULE),
                "trust policy of `ads`, statement 1: it serves the application `00fbilling`, which is \
                 of team `billing`"
            );
        }
    }

    #[test]
    fn its_own_an_untagged_and_an_unread_application_pass() {
        for id in ["00fads", "00funtagged", "00funread"] {
            assert_eq!(serving(id, "ArnLike").faults(&RULE), [], "{id}");
        }
    }

    #[test]
    fn an_application_that_is_left_out_passes() {
        assert_eq!(serving("00fbilling", "ArnNotEquals").faults(&RULE), []);
    }

    #[test]
    fn an_agreement_lets_the_team_of_the_application_in() {
        let serving = || serving("00fbilling", "ArnEquals");
        assert_eq!(serving().agreed("billing", "ads").faults(&RULE), []);
        assert_eq!(serving().agreed("ads", "billing").faults(&RULE).len(), 1);
    }
}
