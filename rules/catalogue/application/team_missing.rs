use crate::finding::Fault;
use crate::remedy::tag_application;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// The application carries no team tag
    ///
    /// Flags applications of any type without the tag that names their team (`[teams] tag`, `Team`
    /// by default), or with an empty one.
    ///
    /// ## Why it matters
    /// Nobody is known to own it: its findings go to the default routing key, and policies that
    /// compare team tags can't hold it apart from other teams.
    ///
    /// ## How to fix
    /// Tag the application with its team. Tagging needs no stop.
    "application-team-missing", Medium, Application { check }
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let key = &cx.policy.team_tag;
    let evidence = match cx.policy.team(&judged.application.tags) {
        None => format!("has no tag `{key}`"),
        Some(team) if team.trim().is_empty() => format!("its tag `{key}` is empty"),
        Some(_) => return Vec::new(),
    };
    vec![Fault::fail(evidence).mended_by(tag_application(judged.application, key, None))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict as told;
    use std::collections::BTreeMap;

    fn verdict(tags: &[(&str, &str)]) -> Verdict {
        let tags: BTreeMap<_, _> = tags
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let application = Application {
            tags,
            ..Application::example()
        };
        let cx = Context::example();
        told(check(
            &ApplicationSubject::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        ))
    }

    #[test]
    fn the_tag_counts_in_any_case() {
        assert_eq!(verdict(&[("Team", "ads")]), Verdict::Pass);
        assert_eq!(verdict(&[("team", "ads")]), Verdict::Pass);
    }

    #[test]
    fn no_tag_or_an_empty_one_fails() {
        assert_eq!(verdict(&[]), Verdict::Fail("has no tag `Team`".into()));
        assert_eq!(
            verdict(&[("Owner", "ads")]),
            Verdict::Fail("has no tag `Team`".into())
        );
        assert_eq!(
            verdict(&[("Team", "")]),
            Verdict::Fail("its tag `Team` is empty".into())
        );
    }
}
