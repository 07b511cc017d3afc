//! IAM policies, read and evaluated as IAM does, with a third answer for what can't be known.

mod condition;
mod context;
mod document;
mod evaluate;
mod inventory;
mod issuer;
mod pass;
mod pattern;
mod principal;
mod scope;
mod submission;
mod table;
mod truth;

pub use condition::{Base, Condition, Operator, Quantifier};
pub use context::{Context, Known};
pub use document::{Choice, Document, DocumentError, Effect, Statement, Version, part};
pub use evaluate::{
    Access, Decision, MatchedStatement, Request, ask, ask_documents, assume_access, identity_access,
};
pub use inventory::{
    AttachedPolicy, EMR_SERVERLESS, Grant, Holder, Inventory, PolicyName, SUBMIT, Target, context,
    trusts_emr_serverless,
};
pub use issuer::Issuer;
pub use pass::{PASSED_TO, Tags};
pub use pattern::{Pattern, covers_resource, replace_variables};
pub use principal::{Caller, Named, Principal, Principals, role_of_session};
pub use scope::{in_scope, is_identity_center, is_service_linked};
pub use submission::{Submission, UnreadGrant};
pub use table::Table;
pub use truth::Truth;
