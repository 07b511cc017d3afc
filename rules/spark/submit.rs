//! `sparkSubmitParameters`, read and written as Spark's launcher does.
//!
//! Source: `CommandBuilderUtils.parseOptionString`, `SparkSubmitOptionParser` and
//! `SparkSubmitArguments` of Apache Spark 3.5. What EMR Serverless does with the text before it comes to
//! Spark is not documented.

use std::fmt;

/// Options that take no value: `--load-spark-defaults` is of Spark 4, the others of any.
const SWITCHES: [&str; 8] = [
    "-h",
    "-v",
    "--help",
    "--load-spark-defaults",
    "--supervise",
    "--usage-error",
    "--verbose",
    "--version",
];

/// Options and the property that each sets, whatever `--conf` says of it.
const OPTIONS: [(&str, &str); 30] = [
    ("--archives", "spark.archives"),
    ("--class", ""),
    ("--deploy-mode", "spark.submit.deployMode"),
    ("--driver-class-path", "spark.driver.extraClassPath"),
    ("--driver-cores", "spark.driver.cores"),
    (
        "--driver-default-class-path",
        "spark.driver.defaultExtraClassPath",
    ),
    ("--driver-java-options", "spark.driver.extraJavaOptions"),
    ("--driver-library-path", "spark.driver.extraLibraryPath"),
    ("--driver-memory", "spark.driver.memory"),
    ("--exclude-packages", "spark.jars.excludes"),
    ("--executor-cores", "spark.executor.cores"),
    ("--executor-memory", "spark.executor.memory"),
    ("--files", "spark.files"),
    ("--jars", "spark.jars"),
    ("--keytab", "spark.kerberos.keytab"),
    ("--kill", ""),
    ("--master", "spark.master"),
    ("--name", "spark.app.name"),
    ("--num-executors", "spark.executor.instances"),
    ("--packages", "spark.jars.packages"),
    ("--principal", "spark.kerberos.principal"),
    ("--properties-file", ""),
    ("--proxy-user", ""),
    ("--py-files", "spark.submit.pyFiles"),
    ("--queue", "spark.yarn.queue"),
    ("--remote", "spark.remote"),
    ("--repositories", "spark.jars.repositories"),
    ("--status", ""),
    ("--total-executor-cores", "spark.cores.max"),
    ("--conf", ""),
];

/// What a job gave to `spark-submit`, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submit(pub Vec<Parameter>);

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `--conf key=value`, or `-c key=value`.
    Conf {
        /// The property.
        key: String,
        /// Its value, which may be empty.
        value: String,
    },
    /// An option with a value, such as `--jars`.
    Option {
        /// The option, with its dashes.
        name: String,
        /// Its value.
        value: String,
    },
    /// An option without a value, such as `--verbose`.
    Switch(String),
}

/// Why the parameters can't be read. Spark doesn't start either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// A quote or a backslash has no end.
    #[error("a quote or a backslash is left open")]
    Open,
    /// An option that needs a value stands last.
    #[error("`{0}` has no value")]
    NoValue(String),
    /// `--conf` without `=`.
    #[error("`--conf {0}` has no `=`")]
    NoAssignment(String),
    /// Something that Spark doesn't know, or that ends its options.
    #[error("`{0}` is not an option of spark-submit")]
    Unknown(String),
}

impl Submit {
    /// Reads the parameters.
    pub fn parse(text: &str) -> Result<Self, SubmitError> {
        let mut words = words(text)?.into_iter();
        let mut parameters = Vec::new();
        while let Some(word) = words.next() {
            if SWITCHES.contains(&word.as_str()) {
                parameters.push(Parameter::Switch(word));
                continue;
            }
            let (name, given) = match word.split_once('=') {
                // The launcher's pattern `(--[^=]+)=(.+)` needs something on both sides.
                Some((name, value)) if name.len() > 2 && !value.is_empty() => {
                    (name.to_owned(), Some(value.to_owned()))
                }
                _ => (word, None),
            };
            let name = if name == "-c" {
                "--conf".to_owned()
            } else {
                name
            };
            if !OPTIONS.iter().any(|(option, _)| *option == name) {
                return Err(SubmitError::Unknown(name));
            }
            let Some(value) = given.or_else(|| words.next()) else {
                return Err(SubmitError::NoValue(name));
            };
            parameters.push(parameter(name, value)?);
        }
        Ok(Self(parameters))
    }

    /// The properties that are set, in the order in which the last one wins: `--conf` as given, then the
    /// options, which outrank it.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let confs = self.0.iter().filter_map(|parameter| match parameter {
            Parameter::Conf { key, value } => Some((key.as_str(), value.as_str(), "--conf")),
            Parameter::Option { .. } | Parameter::Switch(_) => None,
        });
        let options = self.0.iter().filter_map(|parameter| match parameter {
            Parameter::Option { name, value } => {
                let (option, key) = OPTIONS.iter().find(|(option, _)| option == name)?;
                (!key.is_empty()).then_some((*key, value.as_str(), *option))
            }
            Parameter::Conf { .. } | Parameter::Switch(_) => None,
        });
        confs.chain(options)
    }

    /// The file that properties are read from in the place of the defaults, if one is named.
    pub fn properties_file(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|parameter| match parameter {
            Parameter::Option { name, value } if name == "--properties-file" => {
                Some(value.as_str())
            }
            Parameter::Option { .. } | Parameter::Conf { .. } | Parameter::Switch(_) => None,
        })
    }

    /// Sets a property where it is set already, or as another `--conf`.
    pub fn set(&mut self, key: &str, value: &str) {
        let mut parameters = self.0.iter_mut().rev();
        let option = parameters.find_map(|parameter| parameter.option_value(key));
        if let Some(held) = option {
            value.clone_into(held);
            return;
        }
        let conf = self
            .0
            .iter_mut()
            .rev()
            .find_map(|parameter| match parameter {
                Parameter::Conf { key: set, value } if set == key => Some(value),
                Parameter::Conf { .. } | Parameter::Option { .. } | Parameter::Switch(_) => None,
            });
        match conf {
            Some(held) => value.clone_into(held),
            None => self.0.push(Parameter::Conf {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
        }
    }

    /// Takes away whatever sets a property.
    pub fn remove(&mut self, key: &str) {
        self.0.retain_mut(|parameter| {
            let is_conf = matches!(parameter, Parameter::Conf { key: set, .. } if set == key);
            !is_conf && parameter.option_value(key).is_none()
        });
    }
}

impl Parameter {
    /// The value of an option that sets this property.
    fn option_value(&mut self, key: &str) -> Option<&mut String> {
        match self {
            Self::Option { name, value } if OPTIONS.contains(&(name.as_str(), key)) => Some(value),
            Self::Option { .. } | Self::Conf { .. } | Self::Switch(_) => None,
        }
    }
}

fn parameter(name: String, value: String) -> Result<Parameter, SubmitError> {
    if name != "--conf" {
        return Ok(Parameter::Option { name, value });
    }
    match value.split_once('=') {
        Some((key, value)) => Ok(Parameter::Conf {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        None => Err(SubmitError::NoAssignment(value)),
    }
}

/// Splits a text into words: blanks part them, quotes hold them together, a backslash takes the next
/// character as it is, but for within single quotes.
fn words(text: &str) -> Result<Vec<String>, SubmitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => {
                let next = letters.next().ok_or(SubmitError::Open)?;
                word.get_or_insert_default().push(next);
            }
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, Some(open)) if open == letter => quote = None,
            (_, None) if is_blank(letter) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err(SubmitError::Open);
    }
    words.extend(word);
    Ok(words)
}

/// What Java's `Character.isWhitespace` says: a no-break space is none.
fn is_blank(letter: char) -> bool {
    let no_break = matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}');
    (letter.is_whitespace() && !no_break) || matches!(letter, '\u{1c}'..='\u{1f}')
}

impl fmt::Display for Submit {
    /// Writes text that [`Submit::parse`] reads back as the same parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().flat_map(|parameter| match parameter {
            Parameter::Conf { key, value } => vec!["--conf".into(), format!("{key}={value}")],
            Parameter::Option { name, value } => vec![name.clone(), value.clone()],
            Parameter::Switch(name) => vec![name.clone()],
        });
        let words: Vec<_> = words.map(|word| quoted(&word)).collect();
        f.write_str(&words.join(" "))
    }
}

fn quoted(word: &str) -> String {
    let special = |letter: char| is_blank(letter) || matches!(letter, '\'' | '"' | '\\');
    if !word.is_empty() && !word.contains(special) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn properties(text: &str) -> Vec<(String, String)> {
        let submit = Submit::parse(text).unwrap();
        let properties = submit.properties();
        properties
            .map(|(key, value, _)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = expected.iter();
        pairs
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn each_way_of_writing_is_read() {
        let cases: [(&str, &[(&str, &str)]); 10] = [
            ("", &[]),
            ("--conf a=b", &[("a", "b")]),
            ("--conf=a=b=c", &[("a", "b=c")]),
            ("-c a=b", &[("a", "b")]),
            ("--conf 'a=b c'", &[("a", "b c")]),
            (r#"--conf "a=b \"c\" d""#, &[("a", r#"b "c" d"#)]),
            ("--conf a=", &[("a", "")]),
            ("--conf a=1 \n\t--conf a=2", &[("a", "1"), ("a", "2")]),
            ("--jars a.jar,b.jar", &[("spark.jars", "a.jar,b.jar")]),
            (
                "-v --packages=g:a:1 --class x.Main --verbose -h",
                &[("spark.jars.packages", "g:a:1")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(properties(text), pairs(expected), "{text}");
        }
    }

    #[test]
    fn an_option_outranks_the_property_wherever_it_stands() {
        let text = "--jars mine.jar --conf spark.jars=theirs.jar";
        let expected = [("spark.jars", "theirs.jar"), ("spark.jars", "mine.jar")];
        assert_eq!(properties(text), pairs(&expected));
    }

    #[test]
    fn what_spark_refuses_is_an_error() {
        for (text, expected) in [
            ("--conf 'a=b", SubmitError::Open),
            ("--conf a\\", SubmitError::Open),
            ("--jars", SubmitError::NoValue("--jars".into())),
            ("--conf a", SubmitError::NoAssignment("a".into())),
            ("app.jar --jars x", SubmitError::Unknown("app.jar".into())),
            ("--jar x", SubmitError::Unknown("--jar".into())),
        ] {
            assert_eq!(Submit::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_value_is_changed_where_it_is_set() {
        let mut submit = Submit::parse("--conf spark.jars=a --jars b --conf x=1").unwrap();
        submit.set("spark.jars", "b,c");
        submit.set("x", "2");
        submit.set("y", "3 4");
        let text = "--conf spark.jars=a --jars b,c --conf x=2 --conf \"y=3 4\"";
        assert_eq!(submit.to_string(), text);
        submit.remove("spark.jars");
        assert_eq!(submit.to_string(), "--conf x=2 --conf \"y=3 4\"");
    }

    fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
        let conf = ("[a-z.]{1,9}", any::<String>())
            .prop_map(|(key, value)| Parameter::Conf { key, value });
        let jars = any::<String>().prop_map(|value| Parameter::Option {
            name: "--jars".into(),
            value,
        });
        let switch = Just(Parameter::Switch("--verbose".into()));
        proptest::collection::vec(prop_oneof![conf, jars, switch], 0..6)
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text: String) {
            let _ = Submit::parse(&text);
        }

        #[test]
        fn almost_any_parameters_are_read_or_refused(
            text in r#"(--conf|--jars|--packages|-c|=|a|'|"|\\| |,){0,20}"#
        ) {
            if let Ok(submit) = Submit::parse(&text) {
                prop_assert_eq!(Submit::parse(&submit.to_string()), Ok(submit));
            }
        }

        #[test]
        fn what_is_written_is_read_back(parameters in parameters()) {
            let submit = Submit(parameters);
            prop_assert_eq!(Submit::parse(&submit.to_string()), Ok(submit));
        }
    }
}
