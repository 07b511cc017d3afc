//! Statements of a role's policies, parsed once and shared by all roles whose policies say the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::graph::edges::LocatedStatement;

/// Statements that many roles may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statements(Arc<[LocatedStatement]>);

/// The statements met so far.
#[derive(Debug, Default)]
pub struct Pool(BTreeSet<Statements>);

impl Statements {
    /// Each of them.
    pub fn as_slice(&self) -> &[LocatedStatement] {
        &self.0
    }
}

impl From<Vec<LocatedStatement>> for Statements {
    fn from(list: Vec<LocatedStatement>) -> Self {
        Self(list.into())
    }
}

impl Pool {
    /// Puts the equal statements that were met before in the place of these.
    pub fn share(&mut self, statements: &mut Statements) {
        if let Some(known) = self.0.get(statements) {
            *statements = known.clone();
        } else {
            self.0.insert(statements.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Source;
    use crate::iam::Document;

    fn statements(principal: &str) -> Statements {
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}}}}}"#
        );
        let list = Document::parse(&text).unwrap().statements.into_iter();
        let kept = list.map(|statement| LocatedStatement {
            source: Source::Trust,
            statement,
        });
        kept.collect::<Vec<_>>().into()
    }

    #[test]
    fn equal_statements_are_held_once() {
        let mut pool = Pool::default();
        let mut lists = ["111122223333", "111122223333", "444455556666"].map(statements);
        for list in &mut lists {
            pool.share(list);
        }
        let [one, same, other] = &lists;
        assert!(Arc::ptr_eq(&one.0, &same.0));
        assert!(!Arc::ptr_eq(&one.0, &other.0));
        assert_ne!(one, other);
    }
}
