//! A walk that is told to end.

use tokio::sync::watch;

/// Tells a walk to end, once it was asked to.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<bool>);

/// Whether a walk is to end; by default it never is.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Option<watch::Receiver<bool>>);

/// An interrupt, and what sets it off.
pub fn interrupt() -> (Interrupter, Interrupt) {
    let (sender, receiver) = watch::channel(false);
    (Interrupter(sender), Interrupt(Some(receiver)))
}

impl Interrupter {
    /// Tells the walk to end.
    pub fn interrupt(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
    /// Whether the walk is to end.
    pub(super) fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|receiver| *receiver.borrow())
    }

    /// Waits until the walk is to end.
    pub(super) async fn wait(&self) {
        if let Some(receiver) = &self.0
            && receiver.clone().wait_for(|is_set| *is_set).await.is_ok()
        {
            return;
        }
        // Nobody can set it any more.
        std::future::pending::<()>().await;
    }
}
