//! An error with what caused it.

use std::error::Error;

/// An error and its causes, the outermost first.
pub fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error and its causes in one line: no debug output, and nothing that was said before.
pub fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    for cause in chain(error).skip(1) {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        #[source]
        cause: Option<Box<Self>>,
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let texts = ["refused", "failed: refused", "timed out", "no answer"];
        let error = texts
            .into_iter()
            .fold(None, |cause: Option<Box<Link>>, text| {
                Some(Box::new(Link { text, cause }))
            });
        let error = error.unwrap();
        assert_eq!(
            in_one_line(&*error),
            "no answer: timed out: failed: refused"
        );
        assert_eq!(chain(&*error).count(), 4);
    }
}
