//! Signals: the first ends the walk, and what was read is reported; the second ends the program.

use lineward::collect::{Interrupt, interrupt};

use super::terminal;

/// What the first SIGINT or SIGTERM sets off. Without handlers it is never set off, and a signal ends the
/// program, as it does by default.
pub(super) fn listen() -> Interrupt {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!("signals end the program at once: {error}");
            return Interrupt::default();
        }
    };
    let (interrupter, interrupt) = interrupt();
    tokio::spawn(async move {
        signals.next().await;
        terminal::say("interrupted: what was read is reported; once more ends it at once");
        interrupter.interrupt();
        let code = signals.next().await;
        end(code);
    });
    interrupt
}

#[expect(clippy::exit, reason = "nothing is to be done any more")]
fn end(code: i32) {
    std::process::exit(code);
}

/// Both signals.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next, and gives the exit code of a program that it ends.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 128 + 2,
            _ = self.terminate.recv() => 128 + 15,
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        128 + 2
    }
}
