//! A peer that gets alerts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::script::Mood;
use crate::checkpoint::power_cut::guard;
use crate::sink::{Delivery, Message, Pace, Transport, Verdict};

/// A peer. Its clones are the same one.
#[derive(Clone)]
pub(super) struct Peer {
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    got: BTreeMap<(String, u64), (u64, Value)>,
}

impl Peer {
    pub(super) fn new() -> Self {
        let state = State { mood: Mood::Well, got: BTreeMap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        guard(&self.state).mood = mood;
    }

    /// What it got, by id and revision.
    pub(super) fn got(&self) -> BTreeMap<(String, u64), Value> {
        let got = guard(&self.state).got.clone();
        got.into_iter().map(|(key, (_, alert))| (key, alert)).collect()
    }
}

impl State {
    /// A repeat is the same entry of the outbox: there is but one of each revision.
    fn take(&mut self, message: &Message) {
        let key = (message.told.id.clone(), message.told.revision);
        let new = (message.seq, alert(&message.text));
        let before = self.got.insert(key, new.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before == new),
            "twice in the outbox: {before:?} and {new:?}"
        );
    }
}

/// An alert; of the places of its evidence only the offsets: names change when files
/// are rotated.
fn alert(text: &str) -> Value {
    let mut alert: Value = serde_json::from_str(text).expect("one object");
    for evidence in alert["evidence"].as_array_mut().into_iter().flatten() {
        let source = evidence["source"].as_str().unwrap_or_default();
        evidence["source"] = source.rsplit('@').next().unwrap_or_default().into();
    }
    alert
}

impl Transport for Peer {
    fn deliver(&mut self, batch: &[Message], _: &dyn Pace) -> Delivery {
        let mut state = guard(&self.state);
        let retry = |why: &str| Verdict::Retry(why.to_owned());
        let verdicts = match state.mood {
            Mood::Failing => vec![retry("it fails"); batch.len()],
            Mood::Well | Mood::Silent => {
                for message in batch {
                    state.take(message);
                }
                let is_well = state.mood == Mood::Well;
                vec![if is_well { Verdict::Delivered } else { retry("no answer") }; batch.len()]
            }
            Mood::Half => {
                let verdict = |(index, message): (usize, &Message)| match index % 2 {
                    0 => {
                        state.take(message);
                        Verdict::Delivered
                    }
                    _ => retry("not this one"),
                };
                batch.iter().enumerate().map(verdict).collect()
            }
        };
        Delivery { verdicts, retry_after: None }
    }
}

/// Nobody waits inside an exchange.
pub(super) struct NoPace;

impl Pace for NoPace {
    fn pause(&self, _: Duration) -> bool {
        true
    }
}
