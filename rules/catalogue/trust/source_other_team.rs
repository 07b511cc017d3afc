use crate::estate::ReadScope;
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
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

fn check(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
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
