//! What policies make of a request: a deny anywhere, then the allow that each side must give.

use crate::iam::context::Context;
use crate::iam::document::{Document, Effect, Statement};
use crate::iam::principal::{Caller, Named, Principal, Principals};
use crate::iam::truth::Truth;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Such as `sts:AssumeRole`.
    pub action: &'a str,
    /// The ARN of what it is asked of, or `*`.
    pub resource: &'a str,
    /// Who asks.
    pub caller: Caller<'a>,
    /// Its condition keys.
    pub context: Context<'a>,
}

/// What one set of policies says of a request.
#[derive(Clone, Debug)]
pub struct Decision<'a, P> {
    /// Whether a statement allows it.
    pub allow: Truth,
    /// Whether a statement denies it.
    pub deny: Truth,
    /// The first statement that allows it for certain, or else that may.
    pub allowed_by: Option<MatchedStatement<'a, P>>,
    /// The first statement that denies it for certain, or else that may.
    pub denied_by: Option<MatchedStatement<'a, P>>,
    /// The strongest way in which a statement that may allow it names the caller.
    pub named: Option<Named>,
    /// Whether a statement allows it that names the caller in a way.
    allow_by: [(Named, Truth); 5],
}

/// A statement, and the policy that it stands in.
#[derive(Clone, Copy, Debug)]
pub struct MatchedStatement<'a, P> {
    /// The policy.
    pub policy: P,
    /// The statement.
    pub statement: &'a Statement,
}

/// Whether a request is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// A statement denies it.
    Denied,
    /// Nothing allows it.
    NotAllowed,
    /// It hangs on what the inventory can't know.
    Conditional,
    /// It is granted.
    Allowed,
}

impl Access {
    /// Whether it may be granted.
    pub fn may(self) -> bool {
        self >= Self::Conditional
    }

    fn of(allow: Truth, deny: Truth) -> Self {
        match (deny, allow) {
            (Truth::True, _) => Self::Denied,
            (_, Truth::False) => Self::NotAllowed,
            (Truth::False, Truth::True) => Self::Allowed,
            // A deny that hangs on what isn't known is no protection, and its absence no proof.
            (Truth::Unknown, _) | (_, Truth::Unknown) => Self::Conditional,
        }
    }
}

impl Statement {
    /// Whether it speaks of the request, but for whom it names.
    pub fn matches(&self, request: &Request<'_>) -> Truth {
        if !self.is_about(request.action) {
            return Truth::False;
        }
        let covers = self.covers(request.resource, &request.context);
        if covers == Truth::False {
            return Truth::False;
        }
        covers.and(self.applies(&request.context))
    }
}

impl<P> Decision<'_, P> {
    /// What was said, without where it stands.
    pub fn without_places(self) -> Decision<'static, P> {
        Decision {
            allow: self.allow,
            deny: self.deny,
            allowed_by: None,
            denied_by: None,
            named: self.named,
            allow_by: self.allow_by,
        }
    }
}

/// Asks statements, each with the policy that it stands in.
pub fn ask<'a, P: Copy>(
    statements: impl IntoIterator<Item = (P, &'a Statement)>,
    request: &Request<'_>,
) -> Decision<'a, P> {
    let mut said = Decision {
        allow: Truth::False,
        deny: Truth::False,
        allowed_by: None,
        denied_by: None,
        named: None,
        allow_by: Named::ALL.map(|named| (named, Truth::False)),
    };
    let mut sessions = Sessions::default();
    for (policy, statement) in statements {
        let named = match &statement.principals {
            Some(principals) => match principals.names(request.caller) {
                Some(named) => Some(named),
                None => continue,
            },
            None => None,
        };
        let truth = statement.matches(request);
        if !truth.may() {
            continue;
        }
        if is_of_sessions(statement, request.caller) {
            sessions.put_off(policy, statement, truth);
            continue;
        }
        said.add(policy, statement, named, truth);
    }
    for (because, truth) in sessions.left(request.caller) {
        said.add(
            because.policy,
            because.statement,
            Some(Named::Session),
            truth,
        );
    }
    said
}

impl<'a, P: Copy> Decision<'a, P> {
    fn add(&mut self, policy: P, statement: &'a Statement, named: Option<Named>, truth: Truth) {
        let because = Some(MatchedStatement { policy, statement });
        match statement.effect {
            Effect::Allow => {
                self.named = self.named.max(named);
                for (by, allow) in &mut self.allow_by {
                    if Some(*by) == named {
                        *allow = allow.or(truth);
                    }
                }
                let best = self.allowed_by.as_ref();
                // Of two that say the same of a request, never the order in which they stand decides.
                if truth > self.allow
                    || (truth == self.allow && best.is_some_and(|best| statement < best.statement))
                {
                    (self.allow, self.allowed_by) = (truth, because);
                }
            }
            Effect::Deny if truth > self.deny => (self.deny, self.denied_by) = (truth, because),
            Effect::Deny => {}
        }
    }
}

/// The statements that name the caller by sessions of it alone: they speak of those sessions and of no other.
struct Sessions<'a, P> {
    allowing: Vec<(MatchedStatement<'a, P>, Truth)>,
    /// The sessions that are denied for certain.
    denied: Vec<&'a Principal>,
}

impl<P> Default for Sessions<'_, P> {
    fn default() -> Self {
        Self {
            allowing: Vec::new(),
            denied: Vec::new(),
        }
    }
}

impl<'a, P> Sessions<'a, P> {
    fn put_off(&mut self, policy: P, statement: &'a Statement, truth: Truth) {
        match statement.effect {
            Effect::Allow => self
                .allowing
                .push((MatchedStatement { policy, statement }, truth)),
            Effect::Deny if truth == Truth::True => self.denied.extend(statement.named()),
            Effect::Deny => {}
        }
    }

    /// What allows a session that isn't denied. Whoever is denied as one session opens another that is allowed.
    fn left(self, caller: Caller<'_>) -> impl Iterator<Item = (MatchedStatement<'a, P>, Truth)> {
        let denied = self.denied;
        self.allowing.into_iter().filter(move |(because, _)| {
            let names = because.statement.named().iter();
            let mut sessions = names.filter(|it| it.names(caller).is_some());
            sessions.any(|it| !denied.contains(&it))
        })
    }
}

/// Whether a statement names the caller by sessions of it alone.
fn is_of_sessions(statement: &Statement, caller: Caller<'_>) -> bool {
    let Some(Principals::Only(list)) = &statement.principals else {
        return false;
    };
    let mut named = list.iter().filter_map(|it| it.names(caller));
    named.all(|it| it == Named::Session)
}

/// Asks documents.
pub fn ask_documents<'a, P: Copy>(
    documents: impl IntoIterator<Item = (P, &'a Document)>,
    request: &Request<'_>,
) -> Decision<'a, P> {
    let statements = documents.into_iter().flat_map(|(policy, document)| {
        let statements = document.statements.iter();
        statements.map(move |statement| (policy, statement))
    });
    ask(statements, request)
}

/// What a caller's own policies make of it: any of them must allow, the boundary too, none may deny.
pub fn identity_access<P>(
    identity: &Decision<'_, P>,
    boundary: Option<&Decision<'_, P>>,
) -> Access {
    let (mut allow, mut deny) = (identity.allow, identity.deny);
    if let Some(boundary) = boundary {
        allow = allow.and(boundary.allow);
        deny = deny.or(boundary.deny);
    }
    Access::of(allow, deny)
}

/// What the two sides of `sts:AssumeRole` make of it.
///
/// The trust policy must always allow. Between accounts the caller's own policies must as well; in one
/// account they need not where the trust policy names the caller itself, yet the caller's boundary still
/// limits what names its role, and not what names a session of it or everybody.
pub fn assume_access<P>(
    identity: &Decision<'_, P>,
    boundary: Option<&Decision<'_, P>>,
    trust: &Decision<'_, P>,
    same_account: bool,
) -> Access {
    let boundary_deny = boundary.map_or(Truth::False, |it| it.deny);
    let deny = identity.deny.or(boundary_deny).or(trust.deny);
    let bounded = boundary.map_or(Truth::True, |it| it.allow);
    let own = identity.allow.and(bounded);
    let allow = trust.allow_by.iter().map(|(named, allow)| {
        let needed = match named {
            Named::Session | Named::Anyone if same_account => Truth::True,
            Named::Role if same_account => bounded,
            Named::Session | Named::Anyone | Named::Role | Named::Account | Named::Service => own,
        };
        allow.and(needed)
    });
    Access::of(Truth::any(allow), deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111111111111:role/red-exec";
    const DATA: &str = "arn:aws:iam::222222222222:role/red-data";

    fn document(statements: &str) -> Document {
        Document::parse(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        ))
        .unwrap()
    }

    fn request<'a>(resource: &'a str, context: Context<'a>) -> Request<'a> {
        Request {
            action: "sts:AssumeRole",
            resource,
            caller: Caller::Role { arn: ROLE },
            context,
        }
    }

    fn access(identity: &str, boundary: Option<&str>, trust: &str, resource: &str) -> Access {
        let request = request(resource, Context::open());
        let (identity, trust) = (document(identity), document(trust));
        let boundary = boundary.map(document);
        let said = |document| ask_documents([((), document)], &request);
        let same = resource.contains("::111111111111:");
        let bounded = boundary.as_ref().map(said);
        assume_access(&said(&identity), bounded.as_ref(), &said(&trust), same)
    }

    const MAY: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
    const TRUSTS_ROLE: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111111111111:role/red-exec"}}"#;
    const TRUSTS_ROOT: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111111111111:root"}}"#;
    const NOTHING: &str = r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#;

    #[test]
    fn between_accounts_both_sides_must_allow() {
        assert_eq!(access(MAY, None, TRUSTS_ROLE, DATA), Access::Allowed);
        assert_eq!(access(NOTHING, None, TRUSTS_ROLE, DATA), Access::NotAllowed);
        assert_eq!(access(MAY, None, NOTHING, DATA), Access::NotAllowed);
    }

    #[test]
    fn in_one_account_a_trust_that_names_the_role_is_enough() {
        let here = "arn:aws:iam::111111111111:role/other";
        assert_eq!(access(NOTHING, None, TRUSTS_ROLE, here), Access::Allowed);
        assert_eq!(access(NOTHING, None, TRUSTS_ROOT, here), Access::NotAllowed);
        assert_eq!(access(MAY, None, TRUSTS_ROOT, here), Access::Allowed);
        let narrow = access(NOTHING, Some(NOTHING), TRUSTS_ROLE, here);
        assert_eq!(narrow, Access::NotAllowed);
    }

    #[test]
    fn a_deny_wins_anywhere_if_it_is_sure() {
        let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
        let both = format!("{MAY},{deny}");
        assert_eq!(access(&both, None, TRUSTS_ROLE, DATA), Access::Denied);
        let boundary = format!("{MAY},{deny}");
        let bounded = access(MAY, Some(&boundary), TRUSTS_ROLE, DATA);
        assert_eq!(bounded, Access::Denied);
        let unsure = r#"{"Effect":"Deny","Action":"*","Resource":"*",
            "Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}"#;
        let both = format!("{MAY},{unsure}");
        assert_eq!(access(&both, None, TRUSTS_ROLE, DATA), Access::Conditional);
    }

    #[test]
    fn an_unsure_allow_lends_its_principal_to_no_other() {
        let here = "arn:aws:iam::111111111111:role/other";
        let unsure = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"AWS":"arn:aws:iam::111111111111:role/red-exec"},
            "Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#;
        let both = format!("{unsure},{TRUSTS_ROOT}");
        assert_eq!(access(NOTHING, None, &both, here), Access::Conditional);
    }

    #[test]
    fn whoever_is_denied_as_one_session_opens_another() {
        let denied = r#"{"Effect":"Deny","Action":"sts:AssumeRole",
            "Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/red-exec/s"}}"#;
        let both = format!("{TRUSTS_ROLE},{denied}");
        assert_eq!(access(MAY, None, &both, DATA), Access::Allowed);
        let allowed = denied.replace("Deny", "Allow");
        let same = format!("{allowed},{denied}");
        assert_eq!(access(MAY, None, &same, DATA), Access::NotAllowed);
        let other = format!("{},{denied}", allowed.replace("red-exec/s", "red-exec/t"));
        assert_eq!(access(MAY, None, &other, DATA), Access::Allowed);
        let account = denied.replace(r#""arn:aws:sts"#, r#"["111111111111","arn:aws:sts"#);
        let account = account.replace(r#"/s"}"#, r#"/s"]}"#);
        let both = format!("{TRUSTS_ROLE},{account}");
        assert_eq!(access(MAY, None, &both, DATA), Access::Denied);
    }

    #[test]
    fn an_allow_that_hangs_on_an_unknown_key_is_conditional() {
        let external = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"AWS":"111111111111"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#;
        assert_eq!(access(MAY, None, external, DATA), Access::Conditional);
    }
}
