//! References to records: what a guest holds, and what a person reads.

/// Bits of a reference that hold the position; the rest names the source.
const POSITION_BITS: u32 = 40;
const POSITION_MAX: u64 = (1 << POSITION_BITS) - 1;

/// Sources of one run at most; a reference has 24 bits for them.
pub const SOURCES_MAX: usize = (1 << 24) - 1;

/// The reference to a record of a source. 0 refers to nothing: a position that does
/// not fit (1 TiB) gets no reference, for two records never share one.
pub fn reference(source: u32, position: u64) -> u64 {
    if position > POSITION_MAX {
        return 0;
    }
    (u64::from(source) + 1) << POSITION_BITS | position
}

/// The names behind references.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    names: Vec<String>,
}

impl Sources {
    /// Names, in the order of the sources' numbers.
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// Names a source; numbers that were left out have the name `expired`.
    pub fn set(&mut self, source: u32, name: &str) {
        let source = source as usize;
        if self.names.len() <= source {
            self.names.resize(source + 1, "expired".to_owned());
        }
        if let Some(known) = self.names.get_mut(source) {
            name.clone_into(known);
        }
    }

    /// The names, in the order of the sources' numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the source and the position in it; `None` for a reference that a
    /// guest made up.
    pub fn place(&self, reference: u64) -> Option<(usize, u64)> {
        let source = usize::try_from((reference >> POSITION_BITS).checked_sub(1)?).ok()?;
        (source < self.names.len()).then_some((source, reference & POSITION_MAX))
    }

    /// `path@offset`, or `unknown` for a reference that a guest made up.
    pub fn resolve(&self, reference: u64) -> String {
        let place = self.place(reference);
        let named = place.and_then(|(source, at)| Some((self.names.get(source)?, at)));
        named.map_or_else(|| "unknown".to_owned(), |(name, at)| format!("{name}@{at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: references of ours, and numbers a guest made up.
    /// Guarantees: ours are resolved, the others are unknown.
    #[test]
    fn references_are_resolved() {
        let sources = Sources::new(vec!["a.log".into(), "b.log".into()]);
        assert_eq!(sources.resolve(reference(1, 42)), "b.log@42");
        assert_eq!(sources.resolve(reference(0, 0)), "a.log@0");
        assert_eq!(sources.resolve(reference(1, POSITION_MAX)), "b.log@1099511627775");
        for made_up in [0, 7, reference(2, 0), u64::MAX, reference(1, POSITION_MAX + 1)] {
            assert_eq!(sources.resolve(made_up), "unknown");
        }
    }
}
