use crate::finding::Fault;
use crate::settings::Context;
use crate::settings::Exemption;
use crate::subject::rule::rule;

rule! {
    /// An exemption has expired
    ///
    /// Flags each `[[exemption]]` of the configuration, and each exempting tag of a resource, whose last day
    /// (in UTC) is over. What it covered is judged as if it weren't there.
    ///
    /// ## Why it matters
    /// Somebody promised to mend something by that day. If it was mended, the exemption is dead text that
    /// would hide the next fault of its kind if its day were moved.
    ///
    /// ## How to fix
    /// Take the exemption out; or, if the fault is still accepted, let its owner say so again with a new day.
    "exemption-expired", Medium, Exemption { check }
}

fn check(exemption: &Exemption, cx: &Context<'_>) -> Vec<Fault> {
    if exemption.holds(cx.now) {
        return Vec::new();
    }
    let evidence = format!(
        "the exemption of `{}` by {} ended on {}: {}",
        exemption.rule, exemption.owner, exemption.expires, exemption.reason
    );
    vec![Fault::fail(evidence).part(exemption.rule.as_str())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Arn;
    use crate::estate::glob::ArnGlob;
    use crate::finding::RuleId;
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict;

    fn exemption(expires: &str) -> Exemption {
        Exemption {
            rule: RuleId::from("spline-disabled"),
            resource: ArnGlob::exact(&Arn::from(
                "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1",
            )),
            owner: "ads".into(),
            reason: "moved".into(),
            expires: expires.parse().unwrap(),
        }
    }

    #[test]
    fn it_holds_through_its_last_day() {
        let cx = Context::example();
        assert_eq!(check(&exemption("1970-01-01"), &cx), []);
        assert!(matches!(
            verdict(check(&exemption("1969-12-31"), &cx)),
            Verdict::Fail(_)
        ));
    }
}
