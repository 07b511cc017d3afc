//! Interactive sessions of one application.

use aws_sdk_emrserverless::Client;
use futures_util::stream::{self, StreamExt as _};
use lineward_rules::estate::{Application, Arn, Gap, Session};

use super::convert;
use super::emr_serverless::Activity;
use super::gap::{gap, is_not_found, is_unknown_operation};

/// How many sessions of one application are read at once; it may have 25 open.
const SESSIONS_AT_ONCE: usize = 4;

/// Reads the sessions of an application since `since`, if it can have any.
///
/// An endpoint that doesn't know sessions, as older ones do, has none.
pub(super) async fn read(
    client: &Client,
    application: &Application,
    since: jiff::Timestamp,
    activity: &mut Activity,
) {
    if !application.interactive.session {
        return;
    }
    let mut pages = client
        .list_sessions()
        .application_id(&application.id)
        .created_at_after(convert::date_time(since))
        .max_results(50)
        .into_paginator()
        .items()
        .send();
    let mut ids = Vec::new();
    while let Some(summary) = pages.next().await {
        match summary {
            Ok(summary) => ids.push(summary.session_id),
            Err(error) if is_not_found(&error) || is_unknown_operation(&error) => break,
            Err(error) => {
                let below = Arn::from(format!("{}/sessions", application.arn));
                activity.gaps.push(gap("ListSessions", Some(below), &error));
                break;
            }
        }
    }
    let sessions: Vec<_> = ids
        .into_iter()
        .map(|id| session(client, application, id))
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

async fn session(
    client: &Client,
    application: &Application,
    id: String,
) -> Result<Option<Session>, Gap> {
    let answer = client
        .get_session()
        .application_id(&application.id)
        .session_id(&id)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let region = application.region.clone();
            Ok(answer
                .session
                .map(|session| convert::session(session, region)))
        }
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => {
            let arn = Arn::from(format!("{}/sessions/{id}", application.arn));
            Err(gap("GetSession", Some(arn), &error))
        }
    }
}
