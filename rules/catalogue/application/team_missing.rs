use crate::finding::{Remediation, Verdict};
use crate::remedy::set_tag;
use crate::settings::Context;
use crate::subject::application::Judged;
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
    "application-team-missing", Medium, Application { check, fix }
}

fn check(judged: &Judged<'_>, cx: &Context<'_>) -> Verdict {
    let key = &cx.policy.team_tag;
    match cx.policy.team(&judged.application.tags) {
        None => Verdict::Fail(format!("has no tag `{key}`")),
        Some(team) if team.trim().is_empty() => Verdict::Fail(format!("its tag `{key}` is empty")),
        Some(_) => Verdict::Pass,
    }
}

fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    set_tag(judged.application, &cx.policy.team_tag, "<team>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
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
        check(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        )
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
