//! Endpoints: where the board can be looked at, as the config wants it.

use std::net::SocketAddr;
use std::sync::Arc;

use super::board::Board;
use crate::admin::Admin;
use crate::config::Config;
use crate::problem::Problem;

/// The endpoints, open or not.
pub(super) struct Endpoints {
    board: Arc<Board>,
    /// The service ends soon by itself: it listens only where it was told to.
    once: bool,
    open: Option<(SocketAddr, Admin)>,
}

impl Endpoints {
    pub(super) fn new(board: Arc<Board>, once: bool) -> Self {
        Self { board, once, open: None }
    }

    /// Opens, moves or closes them. That the default address is in use is only told.
    pub(super) fn follow(&mut self, config: &Config) -> Result<(), Problem> {
        self.board.set_stalled_after(config.admin.stalled_after);
        let is_chosen = config.admin.is_chosen;
        let Some(address) = config.admin.listen.filter(|_| is_chosen || !self.once) else {
            self.open = None;
            return Ok(());
        };
        if self.open.as_ref().is_some_and(|(open, _)| *open == address) {
            return Ok(());
        }
        match Admin::start(address, Arc::clone(&self.board) as _) {
            Ok(admin) => {
                tell(admin.address());
                self.open = Some((address, admin));
            }
            Err(error) if is_chosen => {
                let what = format!("the admin endpoints cannot be opened at {address}: {error}");
                return Err(config
                    .problem_at(&["admin", "listen"], what)
                    .hint("choose another address, or \"none\" to do without metrics and health"));
            }
            Err(error) => {
                self.open = None;
                tracing::warn!(
                    %address,
                    %error,
                    "there are no metrics and no health: the default address cannot be used; \
                     choose another with `[admin] listen`, or \"none\""
                );
            }
        }
        Ok(())
    }
}

fn tell(address: SocketAddr) {
    tracing::info!(%address, "the admin endpoints are open");
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "other machines may read them: there is no authentication");
    }
}
