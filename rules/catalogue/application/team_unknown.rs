use crate::finding::Fault;
use crate::remedy::tag_application;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// The application names a team that doesn't exist
    ///
    /// Flags applications whose team tag holds a value that no `[[team]]` of the configuration has,
    /// to the letter: IAM compares tag values with regard to case. Where the configuration lists no
    /// team, no register is kept and nothing is flagged.
    ///
    /// ## Why it matters
    /// Its findings reach no team, and a policy that compares team tags treats it as a team of its
    /// own.
    ///
    /// ## How to fix
    /// Correct the tag, or register the team.
    "application-team-unknown", Medium, Application { check }
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let Some(team) = cx
        .policy
        .team(&judged.application.tags)
        .filter(|team| !team.is_empty())
    else {
        return Vec::new();
    };
    if cx.policy.knows_team(team) {
        return Vec::new();
    }
    let near = cx.policy.near_team(team);
    let guess = near.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
    let mended = tag_application(judged.application, &cx.policy.team_tag, near);
    vec![Fault::fail(format!("team `{team}` is not registered{guess}")).mended_by(mended)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use crate::estate::Application;
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict as told;
    use std::collections::BTreeMap;

    fn application(team: &str) -> Application {
        Application {
            tags: BTreeMap::from([("Team".into(), team.into())]),
            ..Application::example()
        }
    }

    fn verdict(team: &str) -> Verdict {
        let cx = Context::example();
        told(check(
            &ApplicationSubject::new(
                &application(team),
                cx.policy,
                crate::catalogue::lineage_checks(),
            ),
            &cx,
        ))
    }

    #[test]
    fn a_registered_team_passes() {
        assert_eq!(verdict("ads"), Verdict::Pass);
    }

    #[test]
    fn another_value_fails_and_a_near_miss_is_named() {
        assert_eq!(
            verdict("nobody"),
            Verdict::Fail("team `nobody` is not registered".into())
        );
        let near = "team `Ads ` is not registered; did you mean `ads`?";
        assert_eq!(verdict("Ads "), Verdict::Fail(near.into()));
    }

    #[test]
    fn without_a_register_or_a_tag_nothing_is_said() {
        let policy = Policy::default();
        let cx = Context {
            policy: &policy,
            ..Context::example()
        };
        let nobody = application("nobody");
        assert_eq!(
            told(check(
                &ApplicationSubject::new(&nobody, cx.policy, crate::catalogue::lineage_checks()),
                &cx
            )),
            Verdict::Pass
        );
        assert_eq!(verdict(""), Verdict::Pass);
    }
}
