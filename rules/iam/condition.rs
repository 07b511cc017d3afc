//! Conditions: operators on the context of a request.

mod value;

use std::fmt;

use crate::iam::context::{Context, Known};
use crate::iam::document::Version;
use crate::iam::truth::Truth;

/// One key under one operator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// How it compares.
    pub operator: Operator,
    /// The key, such as `iam:ResourceTag/Team`.
    pub key: String,
    /// What it is compared with: any of these.
    pub values: Vec<String>,
}

/// How a condition compares: `ForAllValues:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
    /// Over which of a key's several values.
    pub quantifier: Option<Quantifier>,
    /// The comparison.
    pub base: Base,
    /// Whether a request without the key passes.
    pub if_exists: bool,
}

/// Over which of a key's several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantifier {
    /// All, and none passes too.
    ForAllValues,
    /// At least one.
    ForAnyValue,
}

macro_rules! bases {
    ($($name:ident: $text:literal,)+) => {
        /// A comparison.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "IAM's own names")]
        pub enum Base { $($name,)+ }

        impl Base {
            /// Every comparison that IAM has.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

bases! {
    StringEquals: "StringEquals",
    StringNotEquals: "StringNotEquals",
    StringEqualsIgnoreCase: "StringEqualsIgnoreCase",
    StringNotEqualsIgnoreCase: "StringNotEqualsIgnoreCase",
    StringLike: "StringLike",
    StringNotLike: "StringNotLike",
    NumericEquals: "NumericEquals",
    NumericNotEquals: "NumericNotEquals",
    NumericLessThan: "NumericLessThan",
    NumericLessThanEquals: "NumericLessThanEquals",
    NumericGreaterThan: "NumericGreaterThan",
    NumericGreaterThanEquals: "NumericGreaterThanEquals",
    DateEquals: "DateEquals",
    DateNotEquals: "DateNotEquals",
    DateLessThan: "DateLessThan",
    DateLessThanEquals: "DateLessThanEquals",
    DateGreaterThan: "DateGreaterThan",
    DateGreaterThanEquals: "DateGreaterThanEquals",
    Bool: "Bool",
    BinaryEquals: "BinaryEquals",
    IpAddress: "IpAddress",
    NotIpAddress: "NotIpAddress",
    ArnEquals: "ArnEquals",
    ArnLike: "ArnLike",
    ArnNotEquals: "ArnNotEquals",
    ArnNotLike: "ArnNotLike",
    Null: "Null",
}

impl Base {
    /// Whether it passes what doesn't match.
    pub fn is_negated(self) -> bool {
        self.as_str().contains("Not")
    }

    /// Whether it passes texts that stand in a list.
    pub fn is_text_list(self) -> bool {
        matches!(
            self,
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike
        )
    }
}

impl Operator {
    /// Reads an operator; case doesn't count.
    pub fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Quantifier::ForAllValues), rest)
            }
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(Quantifier::ForAnyValue), rest)
            }
            Some(_) => return None,
        };
        let lower = rest.to_ascii_lowercase();
        let (name, if_exists) = match lower.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let mut bases = Base::ALL.iter().copied();
        let base = bases.find(|base| base.as_str().eq_ignore_ascii_case(name))?;
        Some(Self {
            quantifier,
            base,
            if_exists,
        })
    }

    /// `StringEquals`, of keys with one value.
    pub const STRING_EQUALS: Self = Self::plain(Base::StringEquals);

    /// `StringNotEquals`, of keys with one value.
    pub const STRING_NOT_EQUALS: Self = Self::plain(Base::StringNotEquals);

    /// A comparison of a key with one value.
    pub const fn plain(base: Base) -> Self {
        Self {
            quantifier: None,
            base,
            if_exists: false,
        }
    }

    /// Whether a request without the key passes.
    ///
    /// Of `ForAnyValue` together with `IfExists` the documentation doesn't say which of the two decides.
    pub fn passes_missing(self) -> Truth {
        match self.quantifier {
            Some(Quantifier::ForAnyValue) if self.if_exists => Truth::Unknown,
            Some(Quantifier::ForAnyValue) => Truth::False,
            Some(Quantifier::ForAllValues) => Truth::True,
            None => (self.if_exists || self.base.is_negated()).into(),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Some(Quantifier::ForAllValues) => "ForAllValues:",
            Some(Quantifier::ForAnyValue) => "ForAnyValue:",
            None => "",
        })?;
        f.write_str(self.base.as_str())?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

impl Condition {
    /// Whether it is met.
    pub fn holds(&self, version: Version, context: &Context<'_>) -> Truth {
        let known = context.get(&self.key);
        let values: Vec<&str> = match &*known {
            Known::Unknown => return Truth::Unknown,
            Known::Absent => Vec::new(),
            Known::One(value) => vec![value],
            Known::Many(values) => values.iter().map(String::as_str).collect(),
        };
        if self.operator.base == Base::Null {
            let missing = if values.is_empty() { "true" } else { "false" };
            let mut wanted = self.values.iter();
            return wanted
                .any(|value| value.eq_ignore_ascii_case(missing))
                .into();
        }
        if values.is_empty() {
            return self.operator.passes_missing();
        }
        let negated = self.operator.base.is_negated();
        let passes = |value: &&str| {
            let wanted = self.values.iter();
            let any =
                Truth::any(wanted.map(|wanted| {
                    value::matches(self.operator.base, wanted, value, version, context)
                }));
            if negated { !any } else { any }
        };
        match self.operator.quantifier {
            Some(Quantifier::ForAllValues) => Truth::all(values.iter().map(passes)),
            // Of several values AWS asks for a quantifier, and doesn't say what becomes of them without.
            None if values.len() > 1 => Truth::Unknown,
            Some(Quantifier::ForAnyValue) | None => Truth::any(values.iter().map(passes)),
        }
    }

    /// Whether a request without the key passes.
    pub fn passes_missing(&self) -> Truth {
        if self.operator.base == Base::Null {
            let mut values = self.values.iter();
            return values.any(|it| it.eq_ignore_ascii_case("true")).into();
        }
        self.operator.passes_missing()
    }

    /// Whether it is about a key; case doesn't count.
    pub fn is_on(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.join(", ");
        write!(f, "{} {} {values}", self.operator, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
        Condition {
            operator: Operator::parse(operator).unwrap(),
            key: key.into(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    fn context() -> Context<'static> {
        let mut context = Context::closed()
            .with("iam:ResourceTag/Team", "red")
            .with("aws:PrincipalTag/Team", "red")
            .unknown("aws:SourceIp");
        let keys = vec!["Team".to_owned(), "Owner".to_owned()];
        context.set("aws:TagKeys", Known::Many(keys));
        context
    }

    fn holds(operator: &str, key: &str, values: &[&str]) -> Truth {
        condition(operator, key, values).holds(Version::V2012, &context())
    }

    #[test]
    fn operators_are_read_and_written_in_any_form() {
        for base in Base::ALL {
            for (before, after) in [
                ("", ""),
                ("ForAllValues:", "IfExists"),
                ("ForAnyValue:", ""),
            ] {
                let text = format!("{before}{}{after}", base.as_str());
                assert_eq!(Operator::parse(&text).unwrap().to_string(), text);
                assert_eq!(
                    Operator::parse(&text.to_uppercase()).unwrap().to_string(),
                    text
                );
            }
        }
        for text in ["", "Equals", "ForSomeValues:StringEquals", "StringEqualsIf"] {
            assert_eq!(Operator::parse(text), None);
        }
    }

    #[test]
    fn a_missing_key_fails_open_or_shut_by_its_operator() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("StringNotLikeIfExists", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("NotIpAddress", true),
            ("Bool", false),
        ] {
            let truth = holds(operator, "iam:ResourceTag/None", &["true"]);
            assert_eq!(truth, expected.into(), "{operator}");
        }
        assert_eq!(
            holds("Null", "iam:ResourceTag/None", &["true"]),
            Truth::True
        );
        assert_eq!(
            holds("Null", "iam:ResourceTag/Team", &["true"]),
            Truth::False
        );
        assert_eq!(
            holds("Null", "iam:ResourceTag/Team", &["false"]),
            Truth::True
        );
    }

    #[test]
    fn several_values_are_quantified() {
        let keys = |operator, values: &[&str]| holds(operator, "aws:TagKeys", values);
        assert_eq!(
            keys("ForAllValues:StringEquals", &["Team", "Owner"]),
            Truth::True
        );
        assert_eq!(keys("ForAllValues:StringEquals", &["Team"]), Truth::False);
        assert_eq!(keys("ForAnyValue:StringEquals", &["Team"]), Truth::True);
        assert_eq!(
            keys("ForAllValues:StringNotEquals", &["Team"]),
            Truth::False
        );
        assert_eq!(keys("ForAnyValue:StringNotEquals", &["Team"]), Truth::True);
    }

    #[test]
    fn an_unknown_key_leaves_it_open() {
        assert_eq!(
            holds("IpAddress", "aws:SourceIp", &["10.0.0.0/8"]),
            Truth::Unknown
        );
        assert_eq!(
            holds("NotIpAddress", "aws:SourceIp", &["10.0.0.0/8"]),
            Truth::Unknown
        );
        assert_eq!(holds("Null", "aws:SourceIp", &["true"]), Truth::Unknown);
    }

    #[test]
    fn a_variable_compares_tags() {
        let own = "${aws:PrincipalTag/team}";
        assert_eq!(
            holds("StringEquals", "iam:ResourceTag/Team", &[own]),
            Truth::True
        );
        assert_eq!(
            holds("StringNotEquals", "iam:ResourceTag/Team", &[own]),
            Truth::False
        );
        let none = "${aws:PrincipalTag/None}";
        assert_eq!(
            holds("StringEquals", "iam:ResourceTag/Team", &[none]),
            Truth::False
        );
    }
}
