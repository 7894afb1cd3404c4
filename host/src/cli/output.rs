//! stdout: for people on a terminal, for programs elsewhere.

use std::io::{BufWriter, IsTerminal, StdoutLock, Write};

use super::args::{AlertOutput, Output};

/// Where data goes.
pub(super) type Out = BufWriter<StdoutLock<'static>>;

pub(super) fn stdout() -> Out {
    BufWriter::with_capacity(64 * 1024, std::io::stdout().lock())
}

/// Pretty on a terminal, NDJSON elsewhere, unless the operator says.
pub(super) fn choose(asked: Option<Output>) -> Output {
    let default = if std::io::stdout().is_terminal() { Output::Pretty } else { Output::Ndjson };
    asked.unwrap_or(default)
}

/// The same for alerts.
pub(super) fn choose_for_alerts(asked: Option<AlertOutput>) -> AlertOutput {
    asked.unwrap_or_else(|| match choose(None) {
        Output::Pretty => AlertOutput::Pretty,
        Output::Ndjson => AlertOutput::Ndjson,
    })
}

/// True when stdout understands colours.
pub(super) fn has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Columns of the terminal; 100 elsewhere.
pub(super) fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| size.ws_col);
    columns.map_or(100, |columns| usize::from(columns).clamp(60, 120))
}

pub(super) fn line(out: &mut Out, text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}
