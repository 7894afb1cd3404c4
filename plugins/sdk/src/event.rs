//! One event as a detector sees it: a view into the columns of a batch.

use crate::abi::Rows;
use crate::time::Timestamp;

/// Opaque reference to a record; the host resolves it to source and position.
pub type RecordRef = u64;

/// A cell. `None` is absent; `Some("")` is present and empty; both differ from
/// `Some("-")`.
pub type Cell<'a> = Option<&'a str>;

/// How far an event's time can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeQuality {
    /// Written in the record, with year and zone.
    Exact,
    /// The record names no year.
    YearInferred,
    /// The record names no zone.
    ZoneAssumed,
    /// Taken from an earlier record of the same stream.
    Inherited,
    /// The moment of receipt.
    Receipt,
    /// No time is known.
    None,
}

impl TimeQuality {
    /// Reads the contract's number; what a newer host may add counts as unknown.
    pub fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Exact,
            1 => Self::YearInferred,
            2 => Self::ZoneAssumed,
            3 => Self::Inherited,
            4 => Self::Receipt,
            _ => Self::None,
        }
    }
}

/// One row, on its way through [`crate::Detector::event`].
#[derive(Clone, Copy)]
pub struct Event<'a> {
    rows: &'a Rows,
    index: usize,
    tag: u32,
}

impl<'a> Event<'a> {
    pub(crate) fn new(rows: &'a Rows, index: usize, tag: u32) -> Self {
        Self { rows, index, tag }
    }

    /// Event time.
    pub fn time(&self) -> Timestamp {
        self.rows.times.get(self.index).copied().unwrap_or_default()
    }

    /// How far [`Event::time`] can be trusted.
    pub fn time_quality(&self) -> TimeQuality {
        TimeQuality::from_u8(self.rows.time_quality.get(self.index).copied().unwrap_or(u8::MAX))
    }

    /// True when the row arrived behind the watermark: it may add evidence to an
    /// open incident, and must not start one.
    pub fn is_late(&self) -> bool {
        self.rows.late.get(self.index).is_some_and(|late| *late != 0)
    }

    /// The record, for evidence.
    pub fn record(&self) -> RecordRef {
        self.rows.records.get(self.index).copied().unwrap_or_default()
    }

    /// The cell of the subscription's column `column`.
    pub fn cell(&self, column: usize) -> Cell<'a> {
        self.rows.columns.get(column)?.cell(self.index)
    }

    /// Which variant of the detector's `rows!` the subscription reads.
    pub fn tag(&self) -> u32 {
        self.tag
    }
}

/// The typed rows of a detector; implemented by [`crate::rows!`].
pub trait ReadRow<'a>: Sized {
    /// Reads an event into the variant its subscription was made for.
    fn read(event: &Event<'a>) -> Option<Self>;
}

/// Declares what a detector reads: an enum with one struct variant per kind of
/// row. Misspelt columns are compile errors where they are used, and each
/// variant makes its own subscriptions.
///
/// ```
/// logwasp_sdk::rows! {
///     /// What the detector reads.
///     pub enum Row<'a> {
///         /// 4740: an account was locked out.
///         Locked on "windows-event" { user: "TargetUserName", host: "@host" }
///         /// An HTTP request that failed to authenticate.
///         Http on "iis" { user: "cs-username", status: "sc-status" }
///     }
/// }
/// use logwasp_sdk::{any_of, equals};
///
/// let subscriptions = vec![
///     Locked::subscribe([equals("@event_id", "4740")]),
///     Http::subscribe([any_of("sc-status", ["401", "403"])]),
/// ];
/// assert_eq!(subscriptions[1].columns(), ["cs-username", "sc-status"]);
/// ```
#[macro_export]
macro_rules! rows {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident<$lt:lifetime> {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident on $kind:literal { $($field:ident: $column:literal),+ $(,)? }
            )+
        }
    ) => {
        $(
            $(#[$variant_meta])*
            #[derive(Debug, Clone, Copy)]
            $vis struct $variant<$lt> {
                $(
                    #[doc = concat!("Column `", $column, "`.")]
                    pub $field: $crate::Cell<$lt>,
                )+
            }

            impl<$lt> $variant<$lt> {
                /// The columns, in the order of the fields.
                pub const COLUMNS: &'static [&'static str] = &[$($column),+];

                #[allow(unused_assignments, reason = "the last step of a counter")]
                fn read(event: &$crate::Event<$lt>) -> Self {
                    let mut column = 0;
                    $(
                        let $field = event.cell(column);
                        column += 1;
                    )+
                    Self { $($field),+ }
                }
            }
        )+

        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis enum $name<$lt> {
            $($(#[$variant_meta])* $variant($variant<$lt>),)+
        }

        $crate::__rows_impl! { $name<$lt> 0u32; $($variant on $kind;)+ }
    };
}

/// Expands the variants of [`rows!`] with their running number.
#[doc(hidden)]
#[macro_export]
macro_rules! __rows_impl {
    ($name:ident<$lt:lifetime> $start:expr; $($variant:ident on $kind:literal;)+) => {
        $crate::__paste_tags! { $name<$lt> [$start] $($variant on $kind;)+ }

        impl<$lt> $crate::ReadRow<$lt> for $name<$lt> {
            fn read(event: &$crate::Event<$lt>) -> Option<Self> {
                $(
                    if event.tag() == $variant::TAG {
                        return Some(Self::$variant($variant::read(event)));
                    }
                )+
                None
            }
        }
    };
}

/// Numbers the variants of [`rows!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __paste_tags {
    ($name:ident<$lt:lifetime> [$tag:expr]) => {};
    ($name:ident<$lt:lifetime> [$tag:expr] $variant:ident on $kind:literal; $($rest:tt)*) => {
        impl $variant<'_> {
            /// Number of this variant, carried by its subscriptions.
            pub const TAG: u32 = $tag;

            /// Subscribes to events of this row's kind that satisfy every condition.
            pub fn subscribe(
                all_of: impl IntoIterator<Item = $crate::Condition>,
            ) -> $crate::Subscription {
                $crate::Subscription::new($kind, Self::TAG, all_of, Self::COLUMNS)
            }
        }
        $crate::__paste_tags! { $name<$lt> [$tag + 1] $($rest)* }
    };
}
