//! Template instances (MS-EVEN6 2.2.12): which definition, and which values.

use super::token::Cursor;
use super::{Broken, kind};

/// Bytes of a definition before its stream: link, GUID, length.
pub(super) const DEFINITION_HEAD_BYTES: usize = 24;

/// A template instance as it stands in a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instance<'c> {
    /// Where the chunk holds the definition.
    pub(super) definition: u32,
    /// Size, type and padding of each value.
    descriptors: &'c [[u8; 4]],
    /// Where the first value stands.
    values: usize,
}

/// A value of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) start: u32,
    pub(super) size: u16,
    pub(super) kind: u8,
}

impl Slot {
    pub(super) const fn end(self) -> usize {
        self.start as usize + self.size as usize
    }

    pub(super) fn bytes(self, chunk: &[u8]) -> &[u8] {
        chunk.get(self.start as usize..self.end()).unwrap_or_default()
    }

    /// True when there is no value: an element that depends on it is left out.
    pub(super) const fn is_null(self) -> bool {
        self.kind == kind::NULL || self.kind == kind::BIN_XML && self.size == 0
    }

    /// True when the value is BinXML.
    pub(super) const fn is_fragment(self) -> bool {
        self.kind == kind::BIN_XML && self.size > 0
    }
}

impl<'c> Instance<'c> {
    /// Reads the instance behind its token; the cursor goes to its end.
    pub(super) fn read(cursor: &mut Cursor<'c>) -> Result<Self, Broken> {
        let _version = cursor.u8()?;
        let _template_id = cursor.u32()?;
        let definition = cursor.u32()?;
        if cursor.at() == definition as usize {
            // The first instance in a chunk brings the definition along.
            let head = cursor.take(DEFINITION_HEAD_BYTES)?;
            let [.., a, b, c, d] = *head else { return Err(Broken("a template is cut off")) };
            cursor.take(u32::from_le_bytes([a, b, c, d]) as usize)?;
        }
        let count = cursor.u32()? as usize;
        let (descriptors, _) = cursor.take(count.saturating_mul(4))?.as_chunks::<4>();
        let values = cursor.at();
        let total = descriptors.iter().map(|[low, high, ..]| u16::from_le_bytes([*low, *high]));
        cursor
            .take(total.map(usize::from).sum())
            .map_err(|_| Broken("values run past the record"))?;
        Ok(Self { definition, descriptors, values })
    }

    /// The values, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<'c> {
        let mut at = self.values as u32;
        self.descriptors.iter().map(move |&[low, high, kind, _]| {
            let (start, size) = (at, u16::from_le_bytes([low, high]));
            at += u32::from(size);
            Slot { start, size, kind }
        })
    }
}
