//! The pure path of logwasp: bytes become events, events become matches.
//!
//! ```text
//!  bytes -> frame -> scan -> decode -> normalize -> match -> (visitor)
//!           Frame   hits    Event                  subscriptions
//! ```
//!
//! There is no I/O here, no clock, no WebAssembly, and no `unsafe`: the caller
//! owns the buffer and hands it to a [`stream::Stream`] in chunks of any size; the
//! stream tells a [`stream::Visitor`] what it found. The principal types, in the
//! order in which a byte meets them:
//!
//! * [`frame`]: where records begin and end, told from the bytes around alone;
//! * [`scan`]: a [`scan::Plan`] derives literals from all subscriptions, so that
//!   only records around their hits are decoded;
//! * [`decode`]: a frame becomes an [`event::Event`] that borrows it;
//! * [`interest`]: the exact test of each subscription;
//! * [`session`]: the rows around a refusal in an SMTP log;
//! * [`ledger`]: what came in is accounted for.
//!
//! Laws, each a property test: chunking is invisible; the scan only saves work;
//! damaged input is a value, and nothing good around it is lost; the ledger
//! balances.
//!
//! ```
//! use logwasp_core::decode::recognize;
//! use logwasp_core::event::Event;
//! use logwasp_core::interest::{ConditionSpec, Interest, Subscription, SubscriptionSpec};
//! use logwasp_core::probe::Probe;
//! use logwasp_core::scan::Plan;
//! use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Stream, Visitor};
//! use logwasp_core::time::Zones;
//!
//! struct Print<'p>(&'p Plan);
//!
//! impl Visitor for Print<'_> {
//!     fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c bumpalo::Bump) -> bool {
//!         let mut found = Vec::new();
//!         self.0.interest().matching(event, arena, &mut found);
//!         if !found.is_empty() {
//!             println!("{} at byte {}", event.kind.name(), place.position);
//!         }
//!         !found.is_empty()
//!     }
//!     fn probe(&mut self, _: &Probe) {}
//!     fn damaged(&mut self, damaged: &Damaged<'_>) {
//!         println!("{} at byte {}", damaged.reason, damaged.position);
//!     }
//! }
//!
//! let wanted = Subscription::compile(&SubscriptionSpec {
//!     kind: "windows-event".into(),
//!     all_of: vec![ConditionSpec {
//!         field: "@event_id".into(),
//!         op: "equals".into(),
//!         values: vec!["4740".into()],
//!         ignore_case: false,
//!         negate: false,
//!     }],
//!     columns: vec!["TargetUserName".into()],
//! })?;
//! let plan = Plan::new(Interest::new(vec![wanted]), true);
//! let log = b"<Event><System><EventID>4740</EventID></System><EventData/></Event>";
//! let origin = Origin {
//!     reference_nanos: 0,
//!     zones: Zones::all_in(jiff::tz::TimeZone::UTC),
//!     encoding: Encoding::Utf8,
//! };
//! let mut stream = Stream::new(&plan, recognize(log, None), origin);
//! let consumed = stream.feed(log, true, &mut Print(&plan));
//! assert_eq!((consumed, stream.ledger().events_matched), (log.len(), 1));
//! # Ok::<(), logwasp_core::interest::SubscriptionError>(())
//! ```

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(
        clippy::string_slice,
        clippy::format_collect,
        reason = "tests write their text themselves"
    )
)]

mod bytes;
pub mod decode;
pub mod event;
pub mod evtx;
pub mod format;
pub mod frame;
pub mod interest;
pub mod ledger;
pub mod limits;
mod normalize;
pub mod probe;
pub mod scan;
pub mod session;
pub mod stream;
pub mod time;
