//! Control: what the operator wants, by signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::problem::Problem;

/// What was asked for so far.
#[derive(Debug, Default)]
pub(super) struct Control {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Control {
    /// Listens: SIGTERM and SIGINT stop, a second one at once; SIGHUP reads the
    /// config again.
    pub(super) fn listen() -> Result<Self, Problem> {
        let control = Self::default();
        let register = || {
            for signal in [SIGTERM, SIGINT] {
                // In this order: the first signal finds the flag still down. The
                // store is consistent at any moment.
                flag::register_conditional_shutdown(signal, 1, Arc::clone(&control.stop))?;
                flag::register(signal, Arc::clone(&control.stop))?;
            }
            flag::register(SIGHUP, Arc::clone(&control.reload))
        };
        register().map_err(|error| Problem::new(format!("signals cannot be handled: {error}")))?;
        Ok(control)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// True once for each wish.
    pub(super) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }
}
