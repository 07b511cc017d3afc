use crate::finding::Fault;
use crate::graph::Estate;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A trust policy names somebody who is gone
    ///
    /// Flags roles of a team whose trust policy holds the unique id (`AROA…`, `AIDA…`) that IAM leaves of a
    /// role or user that was deleted.
    ///
    /// ## Why it matters
    /// A role of the same name that was made since is not admitted: what relied on it fails. And the policy no
    /// longer says who was meant.
    ///
    /// ## How to fix
    /// Name the role again, or take the id out.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-principal-dead", Low, Estate { check }
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let nodes = estate.nodes.iter().filter(|it| it.team.is_some());
    let faults = nodes.flat_map(|node| {
        node.trust().iter().filter_map(move |kept| {
            let names = kept.statement.named();
            let id = names.iter().find_map(|it| it.gone().map(str::to_owned))?;
            Some(kept.fault(node, &format!("`{id}` was deleted")))
        })
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, admit_jobs, role};

    const GONE: &str = "AWS AROAJQABLZS4A3QDU576Q";

    #[test]
    fn the_id_of_a_deleted_role_is_flagged() {
        let trust = [admit_jobs("111122223333"), admit(GONE, "")].join(",");
        assert_eq!(
            Bench::of([role("ads", "ads").trusting(&trust)]).evidence(&RULE),
            "trust policy of `ads`, statement 2: `AROAJQABLZS4A3QDU576Q` was deleted"
        );
    }

    #[test]
    fn it_is_flagged_where_it_may_pass_session_tags_alone() {
        let tagging = admit(GONE, "").replace("sts:AssumeRole", "sts:TagSession");
        let told = Bench::of([role("ads", "ads").trusting(&tagging)]).evidence(&RULE);
        assert!(
            told.ends_with("`AROAJQABLZS4A3QDU576Q` was deleted"),
            "{told}"
        );
    }

    #[test]
    fn an_account_a_role_and_anybody_are_not_gone() {
        for whom in [
            "AWS 111122223333",
            "AWS arn:aws:iam::111122223333:role/AROAJQABLZS4A3QDU576Q",
            "AWS *",
        ] {
            let trusting = role("ads", "ads").trusting(&admit(whom, ""));
            assert_eq!(Bench::of([trusting]).faults(&RULE), [], "{whom}");
        }
    }

    #[test]
    fn an_untagged_role_is_not_judged() {
        let untagged = role("x", "").trusting(&admit(GONE, ""));
        assert_eq!(Bench::of([untagged]).faults(&RULE), []);
    }
}
