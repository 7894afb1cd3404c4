//! Cast: the detectors of a config, compiled once, started as often as needed.

use logwasp_core::interest::Interest;
use logwasp_core::scan::Plan;

use super::blob::{Blob, Saved};
use super::entry::{Laid, Layout, columns_of};
use crate::alert::Incidents;
use crate::config::Config;
use crate::pipeline::detectors::{Detectors, Loaded, Prepared, Wanted, prepare};
use crate::problem::Problem;
use crate::sandbox::{Instance, Started};

/// The detectors of a config.
pub(super) struct Cast {
    members: Vec<Member>,
    plan: Plan,
    #[cfg(test)]
    pub(super) saboteur: super::engine::sim::Saboteur,
}

struct Member {
    prepared: Prepared,
    fingerprint: String,
}

/// All detectors, started.
pub(super) struct Ready {
    pub(super) layout: Layout,
    pub(super) first: Vec<Loaded>,
    pub(super) second: Vec<Loaded>,
    pub(super) second_interest: Interest,
}

impl Cast {
    /// Compiles all detectors that the config wants, and starts each once, to see
    /// that it does.
    pub(super) fn load(config: &Config) -> Result<Self, Problem> {
        let mut members = Vec::new();
        let mut all = Detectors::none();
        prepare(config, &Wanted::All, false, |prepared| {
            let started =
                prepared.start(None).map_err(|fault| prepared.no_start(config, &fault))?;
            let fingerprint = prepared.fingerprint(&started.subscriptions);
            all.add(&prepared.name, started, prepared.may_amend)?;
            members.push(Member { prepared, fingerprint });
            Ok(())
        })?;
        Ok(Self {
            members,
            plan: Plan::new(all.into_interest(), true),
            #[cfg(test)]
            saboteur: super::engine::sim::Saboteur::default(),
        })
    }

    /// What they want to see of records, and how it is found.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Starts all, each from what is known of it.
    pub(super) fn start(&self, blob: Option<&Blob>) -> Result<Ready, Problem> {
        let mut all = Detectors::none();
        for Member { prepared, .. } in &self.members {
            let saved = blob.and_then(|blob| blob.detector(&prepared.name));
            let started = start(prepared, saved)?;
            all.add(&prepared.name, started, prepared.may_amend)?;
        }
        let (first, second) = all.stages();
        let (first_interest, mut first) = first.split();
        let (second_interest, mut second) = second.split();
        for loaded in first.iter_mut().chain(&mut second) {
            let saved = blob.and_then(|blob| blob.detector(&loaded.name));
            if let Some(saved) = saved {
                loaded.incidents = Incidents::restored(&loaded.name, saved.incidents.clone());
            }
        }
        #[cfg(test)]
        let (first, second) = (self.saboteur.beset(first), self.saboteur.beset(second));
        let layout = self.layout(&first, &first_interest);
        Ok(Ready { layout, first, second, second_interest })
    }

    fn layout(&self, first: &[Loaded], interest: &Interest) -> Layout {
        let mut from = 0;
        let laid = |loaded: &Loaded| {
            let range = from..from + loaded.columns.len();
            from = range.end;
            Laid {
                name: loaded.name.clone(),
                fingerprint: self.fingerprint(&loaded.name),
                columns: columns_of(interest, range),
            }
        };
        Layout { detectors: first.iter().map(laid).collect() }
    }

    fn fingerprint(&self, name: &str) -> String {
        let member = self.members.iter().find(|member| member.prepared.name == name);
        member.map(|member| member.fingerprint.clone()).unwrap_or_default()
    }
}

/// A detector with its state; without, when it does not understand it: another
/// version or other options may have written it.
fn start(prepared: &Prepared, saved: Option<&Saved>) -> Result<Started<Instance>, Problem> {
    let name = &prepared.name;
    if let Some(state) = saved.and_then(|saved| saved.state.as_deref()) {
        match prepared.start(Some(state)) {
            Ok(started) => return Ok(started),
            Err(fault) => tracing::error!(
                detector = name,
                %fault,
                "it does not start from its saved state, and begins anew"
            ),
        }
    }
    let started = prepared.start(None);
    started.map_err(|fault| Problem::new(format!("detector `{name}` does not start: {fault}")))
}
