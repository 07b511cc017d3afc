use crate::finding::{Edit, Fault, Template};
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

/// The key that lists Spark's plugins.
const PLUGINS_KEY: &str = "spark.plugins";

rule! {
    /// The log plugin is not configured
    ///
    /// Flags Spark applications whose `spark.plugins` doesn't list the `plugin` of
    /// `[rules.application-log-plugin-missing]`, or that lack one of its `keys`, such as the Vault role by
    /// which it gets its key. Without a `plugin` there, nothing is asked for. A job that replaces the
    /// application's `spark-defaults` loses the plugin with the lineage, which `job-run-drops-lineage` says.
    ///
    /// ## Why it matters
    /// Logs don't leave for where the people on call look for them.
    ///
    /// ## How to fix
    /// Add the plugin to `spark.plugins`, a comma-separated list, and set its keys.
    ///
    /// Source: Apache Spark's configuration, `spark.plugins`.
    "application-log-plugin-missing", Medium, Application { check }, parameters: LogPluginMissing
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let asked = &cx.policy.rules.log_plugin_missing;
    let Some(plugin) = asked
        .plugin
        .as_ref()
        .filter(|_| judged.application.is_spark())
    else {
        return Vec::new();
    };
    let spark = &judged.setup.spark;
    let is_missing = |key: &&String| spark.get(key).is_none_or(str::is_empty);
    let missing: Vec<_> = asked.keys.iter().filter(is_missing).collect();
    let evidence = if !spark.lists(PLUGINS_KEY, plugin) {
        format!("`{PLUGINS_KEY}` doesn't list `{plugin}`")
    } else if let Some(key) = missing.first() {
        format!("`{key}` is not set")
    } else {
        return Vec::new();
    };
    let mut edits = vec![Edit::add(PLUGINS_KEY, plugin.as_str())];
    edits.extend(missing.iter().enumerate().map(|(place, key)| {
        let variable = format!("VALUE_{}", place + 1);
        Edit::set(
            key,
            Template::asked(&variable, &format!("the value of {key}")),
        )
    }));
    vec![Fault::fail(evidence).mended_by(edits)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use crate::settings::Policy;
    use crate::subject::application::bench::{judged, judged_under, with};

    #[test]
    fn the_plugin_and_its_keys_are_asked_for_where_one_is_named() {
        assert_eq!(judged(check, &with(&[])), Verdict::Pass);
        let mut policy = Policy::default();
        policy.rules.log_plugin_missing.plugin = Some("com.x.Logs".into());
        policy.rules.log_plugin_missing.keys = vec!["spark.x.vaultAuthRole".into()];
        let verdict = |changes: &[_]| judged_under(check, &with(changes), &policy);
        assert!(matches!(verdict(&[]), Verdict::Fail(_)));
        let plugins = (PLUGINS_KEY, Some("com.y.Other, com.x.Logs"));
        assert!(matches!(verdict(&[plugins]), Verdict::Fail(text) if text.contains("vault")));
        let role = ("spark.x.vaultAuthRole", Some("ads-logs"));
        assert_eq!(verdict(&[plugins, role]), Verdict::Pass);
    }
}
