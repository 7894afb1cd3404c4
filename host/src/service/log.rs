//! The service's own log, on stderr.

use crate::config::LogForm;

/// Starts it. A program that has one already keeps that.
pub(super) fn start(form: LogForm) {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    // An error says that there is one already.
    drop(match form {
        LogForm::Text => log.with_ansi(false).try_init(),
        LogForm::Json => log.json().flatten_event(true).try_init(),
    });
}
