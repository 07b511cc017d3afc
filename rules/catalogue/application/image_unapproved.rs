use crate::finding::Fault;
use crate::remedy::drop_images;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// A custom image is not approved
    ///
    /// Flags applications with a custom image, of all workers or of a worker type, that no `[[image]]` of the
    /// configuration covers.
    ///
    /// ## Why it matters
    /// An image may bring another Spark, another agent or none, and a configuration of its own. None of it
    /// can be read from outside.
    ///
    /// ## How to fix
    /// Go back to the release's own image, or have the image approved: add its URI, and what it holds, as
    /// `[[image]]` to `lineward.toml`.
    ///
    /// Source: EMR Serverless User Guide, "Customizing an image".
    "application-image-unapproved", Medium, Application { check }
}

/// The remedy goes back to the release's own image. To have the image approved is the other way.
fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut images = judged.application.images();
    let unapproved = images.find(|image| cx.policy.approved_image(image).is_none());
    let faults = unapproved.into_iter().map(|image| {
        let evidence = format!("no `[[image]]` approves `{image}`");
        Fault::fail(evidence).mended_by(drop_images(judged.application))
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::finding::Verdict;
    use crate::settings::{ApprovedImage, Policy};
    use crate::subject::application::bench::judged;
    use crate::subject::application::bench::judged_under;

    #[test]
    fn every_image_must_be_approved() {
        assert_eq!(judged(check, &Application::example()), Verdict::Pass);
        let mut application = Application::example();
        application.image = Some("1.dkr.ecr/platform/spark:7.1".into());
        assert!(matches!(judged(check, &application), Verdict::Fail(_)));
        let mut policy = Policy::default();
        policy.images.push(ApprovedImage {
            uri: "*/platform/*".into(),
            holds: None,
        });
        assert_eq!(judged_under(check, &application, &policy), Verdict::Pass);
        let other = "1.dkr.ecr/mine:1".to_owned();
        application.worker_images.insert("Executor".into(), other);
        assert!(matches!(
            judged_under(check, &application, &policy),
            Verdict::Fail(_)
        ));
    }
}
