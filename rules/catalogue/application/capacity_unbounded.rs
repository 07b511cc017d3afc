use serde_json::json;

use crate::finding::{Attribute, Edit, Fault, ShellParameter};
use crate::remedy::hcl;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
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
    "application-capacity-unbounded", Medium, Application { check }, parameters: CapacityUnbounded
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mended = || vec![mended(judged, cx)];
    let Some(ceiling) = &judged.application.maximum_capacity else {
        return vec![Fault::fail("`maximumCapacity` is not set").mended_by(mended())];
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
                let evidence = format!("`maximumCapacity` is {number} {unit}, more than {most}");
                return vec![Fault::fail(evidence).mended_by(mended())];
            }
            Some(_) => {}
            None => {
                let reason = format!("`maximumCapacity` is `{given}`, which is not a number");
                return vec![Fault::unknown(reason)];
            }
        }
    }
    Vec::new()
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

/// The ceilings that are allowed, or else those that are set; what neither says, a person has to say.
fn mended(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Edit {
    let most = &cx.policy.rules.capacity_unbounded;
    let given = judged.application.maximum_capacity.as_ref();
    let mut asked = Vec::new();
    let mut amount = |most: Option<f64>, unit: &str, given: Option<&str>, unset: ShellParameter| {
        let known = most.map(|most| format!("{most} {unit}"));
        if let Some(known) = known.or_else(|| given.map(str::to_owned)) {
            return (json!(known).to_string(), hcl(&known));
        }
        let expression = format!("(${} + \" {unit}\")", unset.variable);
        let literal = format!("\"${{var.{}}} {unit}\"", unset.variable.to_lowercase());
        asked.push(unset);
        (expression, literal)
    };
    let cpu = given.map(|given| given.cpu.as_str());
    let memory = given.map(|given| given.memory.as_str());
    let (cpu, cpu_literal) = amount(most.vcpu, "vCPU", cpu, ShellParameter::new("VCPU", "400"));
    let unset = ShellParameter::new("MEMORY_GB", "3000");
    let (memory, memory_literal) = amount(most.memory_gb, "GB", memory, unset);
    let disk = most
        .disk_gb
        .map(|disk| json!(format!("{disk} GB")).to_string());
    let disk = disk.map_or_else(String::new, |disk| format!(", disk: {disk}"));
    Edit::Attribute(Attribute {
        member: "maximumCapacity".into(),
        program: format!("(.maximumCapacity // {{}}) + {{cpu: {cpu}, memory: {memory}{disk}}}"),
        asked,
        terraform: format!(
            "maximum_capacity {{\n  cpu    = {cpu_literal}\n  memory = {memory_literal}\n}}"
        ),
        while_running: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::finding::Verdict;
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
