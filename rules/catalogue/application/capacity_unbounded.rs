use crate::finding::{Remediation, Verdict};
use crate::settings::Context;
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// An application's capacity has no ceiling
    ///
    /// Flags applications without `maximumCapacity`, and those whose ceiling is above `vcpu`, `memory_gb` or
    /// `disk_gb` of `[rules.application-capacity-unbounded]`, where these are set.
    ///
    /// ## Why it matters
    /// One job may take all that the account's quota of concurrent vCPU allows, at the account's cost and
    /// from every other application in the Region.
    ///
    /// ## How to fix
    /// Set `maximumCapacity`. It may be changed while the application runs.
    ///
    /// Source: EMR Serverless API, `MaximumAllowedResources`.
    "application-capacity-unbounded", Medium, Application { check, fix }, parameters: CapacityUnbounded
}

fn check(judged: &Judged<'_>, cx: &Context<'_>) -> Verdict {
    let Some(ceiling) = &judged.application.maximum_capacity else {
        return Verdict::Fail("`maximumCapacity` is not set".into());
    };
    let most = &cx.policy.rules.capacity_unbounded;
    let parts = [
        ("vCPU", Some(ceiling.cpu.as_str()), most.vcpu),
        (
            "GB of memory",
            Some(ceiling.memory.as_str()),
            most.memory_gb,
        ),
        ("GB of disk", ceiling.disk.as_deref(), most.disk_gb),
    ];
    for (unit, given, most) in parts {
        let (Some(given), Some(most)) = (given, most) else {
            continue;
        };
        match number(given) {
            Some(number) if number > most => {
                return Verdict::Fail(format!(
                    "`maximumCapacity` is {number} {unit}, more than {most}"
                ));
            }
            Some(_) => {}
            None => {
                return Verdict::Unknown(format!(
                    "`maximumCapacity` is `{given}`, which is no number"
                ));
            }
        }
    }
    Verdict::Pass
}

/// The number in `4 vCPU`, `16GB` or `16`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "vcpu" | "gb" | "g" => 1.0,
        "tb" | "t" => 1024.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let most = &cx.policy.rules.capacity_unbounded;
    let amount = |most: Option<f64>, unit: &str, given: Option<&str>| {
        let asked = most.map(|most| format!("{most} {unit}"));
        asked
            .or_else(|| given.map(str::to_owned))
            .unwrap_or_else(|| format!("<number> {unit}"))
    };
    let given = judged.application.maximum_capacity.as_ref();
    let cpu = amount(most.vcpu, "vCPU", given.map(|it| it.cpu.as_str()));
    let memory = amount(most.memory_gb, "GB", given.map(|it| it.memory.as_str()));
    let capacity = serde_json::json!({ "cpu": cpu, "memory": memory }).to_string();
    let update = format!("--maximum-capacity {}", crate::remedy::shell(&capacity));
    let hcl = crate::remedy::hcl;
    let terraform = format!(
        "maximum_capacity {{\n  cpu    = {}\n  memory = {}\n}}",
        hcl(&cpu),
        hcl(&memory)
    );
    crate::remedy::update_running(judged.application, &update, &terraform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::Policy;
    use crate::subject::application::bench::judged;
    use crate::subject::application::bench::judged_under;

    #[test]
    fn a_ceiling_must_be_there_and_not_above_what_is_allowed() {
        assert_eq!(judged(check, &Application::example()), Verdict::Pass);
        let none = Application {
            maximum_capacity: None,
            ..Application::example()
        };
        assert!(matches!(judged(check, &none), Verdict::Fail(_)));
        let mut policy = Policy::default();
        policy.rules.capacity_unbounded.vcpu = Some(400.0);
        assert_eq!(
            judged_under(check, &Application::example(), &policy),
            Verdict::Pass
        );
        policy.rules.capacity_unbounded.vcpu = Some(399.0);
        let found = judged_under(check, &Application::example(), &policy);
        assert!(matches!(found, Verdict::Fail(_)));
    }

    #[test]
    fn amounts_are_read_as_the_service_writes_them() {
        for (text, expected) in [
            ("4 vCPU", Some(4.0)),
            ("4vcpu", Some(4.0)),
            ("16 GB", Some(16.0)),
            ("16", Some(16.0)),
            ("1.5TB", Some(1536.0)),
            ("many", None),
            ("", None),
            ("4 apples", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
