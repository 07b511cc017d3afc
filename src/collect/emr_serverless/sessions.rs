//! Interactive sessions of one application.

use std::collections::BTreeSet;

use aws_sdk_emrserverless::types::{self as sdk, SessionState, SessionSummary};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lineward_rules::estate::{Application, Arn, Gap, Session};

use super::Place;
use super::activity::Activity;
use crate::collect::convert;
use crate::collect::gap::malformed;
use crate::collect::pages::{self, List, Page, Rest, Tokens};

/// How many sessions of one application are read at once; it may have 25 open.
const SESSIONS_AT_ONCE: usize = 4;

/// The states of a session that is not over.
const OPEN: [SessionState; 6] = [
    SessionState::Submitted,
    SessionState::Starting,
    SessionState::Started,
    SessionState::Idle,
    SessionState::Busy,
    SessionState::Terminating,
];

/// Reads the sessions of an application that began since `since` or are open, if it can have any.
///
/// An endpoint that doesn't know sessions, as older ones do, has none.
pub(super) async fn read(
    place: &Place,
    application: &Application,
    since: Timestamp,
    activity: &mut Activity,
) {
    if !application.interactive.session {
        return;
    }
    let mut ids = BTreeSet::new();
    for states in [None, Some(&OPEN[..])] {
        let list = list(place, application, since, states).await;
        // What was refused once is not asked for again.
        let is_refused = list.is_refused();
        activity.gaps.extend(list.gap());
        if is_refused {
            return;
        }
        ids.extend(list.items.into_iter().map(|session| session.session_id));
    }
    let sessions: Vec<_> = ids
        .into_iter()
        .map(|id| session(place, application, id))
        .collect();
    let sessions: Vec<_> = stream::iter(sessions)
        .buffer_unordered(SESSIONS_AT_ONCE)
        .collect()
        .await;
    for session in sessions {
        match session {
            Ok(session) => activity.sessions.extend(session),
            Err(gap) => activity.gaps.push(gap),
        }
    }
}

/// Lists the sessions of some states, whenever they began, or all since `since`.
async fn list(
    place: &Place,
    application: &Application,
    since: Timestamp,
    states: Option<&[SessionState]>,
) -> List<SessionSummary> {
    const LIST: &str = "ListSessions";
    let below = Arn::from(format!("{}/sessions", application.arn));
    let since = states.is_none().then(|| convert::date_time(since));
    let ask = |token| async {
        let call = place.client.list_sessions().application_id(&application.id);
        let call = call.set_created_at_after(since);
        let call = call.set_states(states.map(<[_]>::to_vec)).max_results(50);
        let call = call.set_next_token(token).send();
        match place.patience.ask(LIST, Some(&below), call).await {
            Ok(answer) => Ok(Page {
                items: answer.sessions,
                rest: Rest::of(answer.next_token),
            }),
            Err(failure) if failure.is_not_found || failure.is_unknown_operation => Ok(Page {
                items: Vec::new(),
                rest: Rest::Nothing,
            }),
            Err(failure) => Err(failure),
        }
    };
    pages::read(Tokens::new(LIST, Some(below.clone())), usize::MAX, ask).await
}

async fn session(
    place: &Place,
    application: &Application,
    id: String,
) -> Result<Option<Session>, Gap> {
    const GET: &str = "GetSession";
    let arn = Arn::from(format!("{}/sessions/{id}", application.arn));
    let call = place.client.get_session();
    let call = call.application_id(&application.id).session_id(&id).send();
    match place.patience.ask(GET, Some(&arn), call).await {
        Ok(answer) => {
            // Where an answer holds no session, the SDK makes up an empty one.
            let is_it = |session: &sdk::Session| {
                session.session_id == id && Arn::from(session.arn()).is_within(&application.arn)
            };
            let session = answer.session.filter(is_it);
            let session = session.ok_or_else(|| malformed(GET, &arn))?;
            Ok(Some(convert::session(session, application.region.clone())))
        }
        Err(failure) if failure.is_not_found => Ok(None),
        Err(failure) => Err(failure.gap),
    }
}
