//! The books: messages and where they have been, loops and how many messages they hold.

use logwasp_sdk::state::{BoundedMap, Cases, Keep, Ring, Spans, Weigh, Weight};
use logwasp_sdk::text::fingerprint;
use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Alerts, Confidence, Event, Hosts, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::places::{Places, names};
use crate::rows::Visit;
use crate::sighting::{Identity, Sighting, plain_id};
use crate::text;
use crate::visits::Visits;
use crate::why;

/// So many messages of one loop within the span flood the queues.
const FLOOD_MESSAGES_MIN: usize = 20;
const FLOOD_NANOS: i64 = 10 * MINUTE;
/// A message is forgotten when nothing was heard of it for so long.
const MESSAGE_NANOS: i64 = 60 * MINUTE;
const SWEEP_NANOS: i64 = 10 * MINUTE;

#[derive(Serialize, Deserialize)]
pub(crate) struct Book {
    messages: BoundedMap<u64, Message>,
    loops: BoundedMap<String, Loop>,
    cases: Cases,
    swept: Timestamp,
}

/// One message.
#[derive(Default, Serialize, Deserialize)]
struct Message {
    visits: Visits,
    /// The incident it belongs to: further records of it go there.
    group: Option<String>,
    /// Which opening of that incident has counted it.
    counted_in: Option<Timestamp>,
    has_reply: bool,
    has_marks: bool,
}

/// One loop: who takes part, and the recipients' domain.
#[derive(Serialize, Deserialize)]
struct Loop {
    opened: Timestamp,
    /// Messages counted, per kind of identity.
    kinds: [Kind; 3],
    first_bounce: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Kind {
    total: u64,
    newest: Ring<Timestamp>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            messages: BoundedMap::new(0),
            loops: BoundedMap::new(0),
            cases: Cases::default(),
            swept: 0,
        }
    }
}

impl Book {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.messages.set_bytes_max(bytes_max / 2);
        self.loops.set_bytes_max(bytes_max / 4);
        self.cases.set_bytes_max(bytes_max / 4);
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.cases.deadline()
    }

    pub(crate) fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        self.cases.timer(now, alerts);
    }

    pub(crate) fn finish(&mut self, alerts: &mut Alerts) {
        self.cases.finish(alerts);
    }

    /// Forgets old messages, now and then.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if now.saturating_sub(self.swept) >= SWEEP_NANOS {
            self.swept = now;
            self.messages.expire(now.saturating_sub(MESSAGE_NANOS));
        }
    }

    /// Notes that a message came or went; a sighting when it goes in circles.
    pub(crate) fn visit(
        &mut self,
        row: &Visit<'_>,
        event: &Event<'_>,
        places: &Places,
        learned: &Hosts,
        config: &Config,
    ) -> Option<Sighting> {
        let key = fingerprint(&[row.message_id.and_then(plain_id)?]);
        let visit = |message: &mut Message| {
            message.visits.add(row, event, config);
            message.visits.judge(row, key, places, learned, config)
        };
        self.messages.touch(key, event.time(), Message::default, visit).0
    }

    /// Takes a sighting into the incident of its message, or of its loop.
    pub(crate) fn enter(
        &mut self,
        mut sighting: Sighting,
        event: &Event<'_>,
        site: &Context<'_>,
        alerts: &mut Alerts,
    ) {
        self.join_visits(&mut sighting, site);
        let mut group = group(&sighting);
        let mut counted_in = None;
        if let Identity::Message(key) = sighting.identity {
            let note = |message: &mut Message| {
                message.has_reply |= sighting.rule == "L1";
                message.has_marks |= sighting.has_marks;
                let group = message.group.get_or_insert_with(|| group.clone()).clone();
                (group, message.counted_in, message.has_reply && message.has_marks)
            };
            let (told, counted, is_sure) =
                self.messages.touch(key, event.time(), Message::default, note).0;
            (group, counted_in) = (told, counted);
            if is_sure {
                (sighting.severity, sighting.confidence) =
                    (sighting.severity.max(Severity::High), Confidence::High);
            }
        }
        self.report(sighting, Membership { group, counted_in }, event, site, alerts);
    }

    /// A reply names one or two of those who take part; the visits know the others.
    fn join_visits(&self, sighting: &mut Sighting, site: &Context<'_>) {
        if let Identity::Message(key) = sighting.identity
            && let Some(message) = self.messages.get(&key)
        {
            sighting.places.extend(message.visits.places(site.places, site.learned));
            sighting.passes = sighting.passes.max(message.visits.receives_most() as u64);
        }
    }

    fn report(
        &mut self,
        mut sighting: Sighting,
        Membership { group, counted_in }: Membership,
        event: &Event<'_>,
        Context { places, config, .. }: &Context<'_>,
        alerts: &mut Alerts,
    ) {
        let is_open = self.cases.open(&group).is_some();
        if event.is_late() && !is_open {
            why::late(sighting.rule, &group);
            return;
        }
        let now = alerts.now();
        let count = |found: &mut Loop| {
            if !is_open {
                found.begin(now);
            }
            let is_counted = counted_in == Some(found.opened);
            let more = if is_counted { 0 } else { found.count(sighting.identity, event.time()) };
            if sighting.is_bounce {
                found.first_bounce.get_or_insert(event.time());
            }
            (more, found.is_flood(), found.opened, found.first_bounce)
        };
        let (more, is_flood, opened, first_bounce) =
            self.loops.touch(group.clone(), now, || Loop::new(now), count).0;
        if is_flood {
            sighting.severity = Severity::Critical;
        }
        if let Identity::Message(key) = sighting.identity
            && let Some(message) = self.messages.get_mut(&key)
        {
            message.counted_in = Some(opened);
        }
        let weight = if event.is_late() { Weight::Late(more) } else { Weight::Count(more) };
        let spans = Spans { cooldown: config.cooldown, update_interval: config.update_interval };
        let alert = text::alert(sighting, group, first_bounce, event, places);
        self.cases.report(alert, weight, spans, alerts);
    }
}

/// What sightings are judged by.
pub(crate) struct Context<'a> {
    pub(crate) places: &'a Places,
    pub(crate) learned: &'a Hosts,
    pub(crate) config: &'a Config,
}

/// The incident of a message, and which opening of it has counted the message.
struct Membership {
    group: String,
    counted_in: Option<Timestamp>,
}

/// Who takes part, and the recipient's domain.
fn group(sighting: &Sighting) -> String {
    let domain = sighting.recipient_domain().unwrap_or_else(|| "-".to_owned());
    let mut who = names(&sighting.places).join("+");
    who.truncate(who.floor_char_boundary(240));
    format!("{who}|{domain}")
}

impl Loop {
    fn new(now: Timestamp) -> Self {
        let kind = || Kind { total: 0, newest: Ring::new(FLOOD_MESSAGES_MIN) };
        Self { opened: now, kinds: [kind(), kind(), kind()], first_bounce: None }
    }

    /// A new incident counts from the start.
    fn begin(&mut self, now: Timestamp) {
        self.opened = now;
        self.first_bounce = None;
        self.kinds.iter_mut().for_each(|kind| kind.total = 0);
    }

    /// Counts a message; returns by how much the incident grows.
    fn count(&mut self, identity: Identity, at: Timestamp) -> u64 {
        let before = self.total();
        let place = match identity {
            Identity::Message(_) => 0,
            Identity::Session(_) => 1,
            Identity::Record(_) => 2,
        };
        if let Some(kind) = self.kinds.get_mut(place) {
            kind.total += 1;
            kind.newest.push(at);
        }
        self.total() - before
    }

    fn total(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.total).max().unwrap_or(0)
    }

    fn is_flood(&self) -> bool {
        self.kinds.iter().any(|kind| {
            let span = kind.newest.newest().zip(kind.newest.oldest());
            kind.newest.len() == FLOOD_MESSAGES_MIN
                && span.is_some_and(|(newest, oldest)| newest - oldest <= FLOOD_NANOS)
        })
    }
}

impl Weigh for Message {
    fn heap_bytes(&self) -> usize {
        self.visits.heap_bytes() + self.group.as_ref().map_or(0, String::len)
    }

    fn keep(&self) -> Keep {
        match self.visits.receives_most() {
            _ if self.group.is_some() => Keep::Protected,
            0 | 1 => Keep::Once,
            _ => Keep::Several,
        }
    }
}

impl Weigh for Loop {
    fn heap_bytes(&self) -> usize {
        self.kinds.iter().map(|kind| kind.newest.heap_bytes()).sum()
    }

    fn keep(&self) -> Keep {
        if self.total() > 1 { Keep::Protected } else { Keep::Several }
    }
}
