//! The catalogue of rules, made from the rules.

use std::fmt::Write as _;

use crate::catalogue::rules;

/// The page of one rule, as Markdown.
pub fn page(rule: &crate::Rule) -> String {
    let (id, title) = (rule.id, rule.title());
    let (severity, subject, page) = (rule.severity, rule.check.subject(), rule.page());
    let page = page.replace("\n## ", "\n### ");
    format!("## `{id}`\n\n**{title}** ({severity}, judges {subject})\n\n{page}\n")
}

/// All pages, with a table of contents.
pub fn catalogue() -> String {
    let mut text = String::from(
        "# Rules\n\nMade from the rules by `UPDATE=1 cargo test -p lineward-rules`; edit the rules.\n\n\
         | rule | severity | fault |\n|---|---|---|\n",
    );
    for rule in rules() {
        let (id, severity, title) = (rule.id, rule.severity, rule.title());
        // Writing to a string can't fail.
        let _ = writeln!(text, "| [`{id}`](#{id}) | {severity} | {title} |");
    }
    for rule in rules() {
        text.push('\n');
        text.push_str(&page(rule));
    }
    text
}
