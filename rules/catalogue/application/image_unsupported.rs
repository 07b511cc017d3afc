use crate::finding::Fault;
use crate::remedy::drop_images;
use crate::settings::Context;
use crate::spark::release::numbers;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// The release takes no custom images
    ///
    /// Flags applications with a custom image on a release before emr-6.9.0. A label of a form that isn't
    /// known is `unknown`.
    ///
    /// ## Why it matters
    /// Custom images came with emr-6.9.0. Before, what such an application runs is not what its image says.
    ///
    /// ## How to fix
    /// Raise the release label to emr-6.9.0 or newer, together with the image's base, or drop the image.
    ///
    /// Source: EMR Serverless User Guide, "Customizing an image".
    "application-image-unsupported", Medium, Application { check }
}

/// The remedy goes back to the release's own image. To raise the release is the other way.
fn check(judged: &ApplicationSubject<'_>, _: &Context<'_>) -> Vec<Fault> {
    let application = judged.application;
    let Some(image) = application.images().next() else {
        return Vec::new();
    };
    let label = &application.release_label;
    match numbers(label) {
        Some(version) if version >= (6, 9) => Vec::new(),
        Some(_) => {
            let evidence = format!("`{label}` takes no custom image, yet `{image}` is set");
            vec![Fault::fail(evidence).mended_by(drop_images(application))]
        }
        None => {
            let reason = format!("whether `{label}` takes custom images is not known");
            vec![Fault::unknown(reason)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::finding::Verdict;
    use crate::subject::application::bench::judged;

    fn verdict(label: &str) -> Verdict {
        let application = Application {
            release_label: label.into(),
            image: Some("1.dkr.ecr/x".into()),
            ..Application::example()
        };
        judged(check, &application)
    }

    #[test]
    fn images_came_with_6_9() {
        assert_eq!(judged(check, &Application::example()), Verdict::Pass);
        for label in [
            "emr-6.9.0",
            "emr-6.10.0",
            "emr-7.0.0",
            "emr-spark-8.0-preview",
        ] {
            assert_eq!(verdict(label), Verdict::Pass, "{label}");
        }
        assert!(matches!(verdict("emr-6.8.0"), Verdict::Fail(_)));
        assert!(matches!(verdict("latest"), Verdict::Unknown(_)));
    }
}
