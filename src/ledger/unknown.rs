//! What a later minor version has written into a ledger and this one doesn't know: it is kept as it is.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields that this version doesn't know, below those that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Such a field, as it was written.
    Field(Value),
    /// A field that is known, with such fields in it.
    Within(BTreeMap<String, Self>),
}

impl Default for Unknown {
    fn default() -> Self {
        Self::Within(BTreeMap::new())
    }
}

impl Unknown {
    /// What was `written` and is not in what was understood of it.
    pub(super) fn of(written: &Value, understood: &Value) -> Self {
        let (Some(written), Some(understood)) = (written.as_object(), understood.as_object())
        else {
            return Self::default();
        };
        let fields = written.iter().filter_map(|(key, value)| {
            let unknown = match understood.get(key) {
                None => Self::Field(value.clone()),
                Some(known) => Self::of(value, known),
            };
            (unknown != Self::default()).then(|| (key.clone(), unknown))
        });
        Self::Within(fields.collect())
    }

    /// Lays it over a ledger. What it stood in may be gone by now.
    pub(super) fn lay_over(&self, ledger: &mut Value) {
        let (Self::Within(fields), Some(ledger)) = (self, ledger.as_object_mut()) else {
            return;
        };
        for (key, unknown) in fields {
            match (unknown, ledger.get_mut(key)) {
                (Self::Field(value), None) => drop(ledger.insert(key.clone(), value.clone())),
                (Self::Within(_), Some(known)) => unknown.lay_over(known),
                (Self::Field(_), Some(_)) | (Self::Within(_), None) => {}
            }
        }
    }
}
