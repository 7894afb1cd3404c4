//! Detectors that fail when somebody wants them to.

use std::sync::{Arc, Mutex};

use crate::alert::{Alert, Severity};
use crate::checkpoint::power_cut::guard;
use crate::pipeline::detectors::Loaded;
use crate::sandbox::{Batch, Fault, Guest};

/// Who is to fail, and after how many calls.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct Saboteur {
    wish: Arc<Mutex<Option<(&'static str, u32)>>>,
}

impl Saboteur {
    pub(super) fn wish(&self, wish: Option<(&'static str, u32)>) {
        *guard(&self.wish) = wish;
    }

    /// Stands between the host and these detectors.
    pub(in crate::service) fn beset(&self, loaded: Vec<Loaded>) -> Vec<Loaded> {
        let beset = |loaded: Loaded| {
            let (saboteur, name, guest) = (self.clone(), loaded.name.clone(), loaded.guest);
            Loaded { guest: Box::new(Beset { saboteur, name, guest }), ..loaded }
        };
        loaded.into_iter().map(beset).collect()
    }

    fn strike(&self, name: &str) -> Result<(), Fault> {
        let mut wish = guard(&self.wish);
        match wish.as_mut() {
            Some((wanted, 0)) if *wanted == name => {
                *wish = None;
                Err(Fault::Trap("on purpose".to_owned()))
            }
            Some((wanted, calls)) if *wanted == name => {
                *calls -= 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

struct Beset {
    saboteur: Saboteur,
    name: String,
    guest: Box<dyn Guest>,
}

impl Guest for Beset {
    fn process(&mut self, batch: &Batch) -> Result<Vec<Alert>, Fault> {
        self.saboteur.strike(&self.name)?;
        self.guest.process(batch)
    }

    fn advance(&mut self, watermark: i64) -> Result<Vec<Alert>, Fault> {
        self.saboteur.strike(&self.name)?;
        self.guest.advance(watermark)
    }

    fn finish(&mut self) -> Result<Vec<Alert>, Fault> {
        self.guest.finish()
    }

    fn snapshot(&mut self) -> Result<Vec<u8>, Fault> {
        self.saboteur.strike(&self.name)?;
        self.guest.snapshot()
    }

    fn take_log(&mut self) -> Vec<(Severity, String)> {
        self.guest.take_log()
    }
}
