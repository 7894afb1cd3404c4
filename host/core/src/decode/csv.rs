//! The CSV dialect of Exchange logs: commas, cells in quotes when they must be
//! (and sometimes when they need not), quotes inside doubled.

use memchr::{memchr, memchr2};

use super::Damage;
use crate::event::{Escape, Value};

/// One row, cell by cell. A quoted cell may hold line breaks, so the row decides
/// where it ends: at the first line break outside quotes.
pub(super) struct Row<'c> {
    bytes: &'c [u8],
    at: usize,
    done: bool,
}

impl<'c> Row<'c> {
    pub(super) fn new(bytes: &'c [u8]) -> Self {
        Self { bytes, at: 0, done: false }
    }

    /// Where the row ended: behind its line break, or at the end of the bytes.
    pub(super) fn end(&self) -> usize {
        self.at
    }

    /// The next cell; `None` when the row is over.
    #[inline]
    pub(super) fn next_cell(&mut self) -> Option<Result<Value<'c>, Damage>> {
        if self.done {
            return None;
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        Some(match rest.strip_prefix(b"\"") {
            Some(inside) => self.quoted(inside),
            None => Ok(self.plain(rest)),
        })
    }

    #[inline]
    fn plain(&mut self, rest: &'c [u8]) -> Value<'c> {
        let end = memchr2(b',', b'\n', rest).unwrap_or(rest.len());
        let (cell, tail) = rest.split_at_checked(end).unwrap_or((rest, b""));
        self.pass(end, tail.first().copied());
        let cell = if tail.first() == Some(&b',') { cell } else { crate::bytes::without_cr(cell) };
        Value::plain(cell)
    }

    fn quoted(&mut self, inside: &'c [u8]) -> Result<Value<'c>, Damage> {
        let mut end = 0;
        let mut has_quotes = false;
        loop {
            let Some(quote) = memchr(b'"', inside.get(end..).unwrap_or_default()) else {
                self.done = true;
                return Err(Damage { reason: "a quoted cell is cut off", at: self.at });
            };
            end += quote;
            if inside.get(end + 1) != Some(&b'"') {
                break;
            }
            has_quotes = true;
            end += 2;
        }
        let cell = inside.get(..end).unwrap_or_default();
        // What follows the closing quote up to the next comma belongs to nobody;
        // writers leave at most a carriage return there.
        let tail = inside.get(end + 1..).unwrap_or_default();
        let skipped = memchr2(b',', b'\n', tail).unwrap_or(tail.len());
        let stray = crate::bytes::without_cr(tail.get(..skipped).unwrap_or_default());
        if !stray.is_empty() {
            self.done = true;
            return Err(Damage { reason: "text follows a quoted cell", at: self.at + end + 2 });
        }
        self.pass(end + 2 + skipped, tail.get(skipped).copied());
        Ok(Value::new(cell, if has_quotes { Escape::Csv } else { Escape::None }))
    }

    /// Goes over a cell of `length` bytes and its delimiter.
    #[inline]
    fn pass(&mut self, length: usize, delimiter: Option<u8>) {
        self.done = delimiter != Some(b',');
        self.at += length + usize::from(delimiter.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bumpalo::Bump;
    use proptest::prelude::*;

    /// Cells of the first row, and how many bytes it took.
    fn read(text: &[u8]) -> Result<(Vec<Vec<u8>>, usize), Damage> {
        let arena = Bump::new();
        let mut row = Row::new(text);
        let mut cells = Vec::new();
        while let Some(cell) = row.next_cell() {
            cells.push(cell?.text(&arena).to_vec());
        }
        Ok((cells, row.end()))
    }

    fn texts(text: &str) -> Vec<String> {
        let (cells, _) = read(text.as_bytes()).unwrap();
        cells.into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect()
    }

    /// Scenario: rows as Exchange writes them.
    /// Guarantees: quotes, doubled quotes and line breaks inside are understood;
    /// what is cut off is damage.
    #[test]
    fn rows_are_read() {
        assert_eq!(texts("a,,\"b, c\",\r\nnext"), ["a", "", "b, c", ""]);
        assert_eq!(texts("\"R=\"\"a2 NO\"\"\",x"), ["R=\"a2 NO\"", "x"]);
        assert_eq!(texts("\"two\nlines\",x"), ["two\nlines", "x"]);
        assert_eq!(texts("a\"b,c"), ["a\"b", "c"]);
        assert_eq!(texts(""), [""]);
        assert!(read(b"a,\"open").is_err() && read(b"\"a\"b,c").is_err());
        assert_eq!(read(b"a,b\r\nrest").unwrap().1, 5);
    }

    proptest! {
        /// Scenario: any cells, written by another library, which quotes those that need
        /// it or all.
        /// Guarantees: the same cells are read.
        #[test]
        fn agrees_with_a_library(
            cells in proptest::collection::vec("[a\", \r\n\t;\u{e9}]{0,12}", 2..6),
            quotes_all: bool,
        ) {
            // A lone carriage return is a row's end for the library and a byte for us.
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('\r', "")).collect();
            let style = if quotes_all { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
            let mut writer = ::csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let text = writer.into_inner().unwrap();
            let (read, end) = read(&text).unwrap();
            let expected: Vec<Vec<u8>> = cells.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(read, expected);
            prop_assert_eq!(end, text.len());
        }

        /// Scenario: any text.
        /// Guarantees: no panic, and a row goes forward.
        #[test]
        fn any_text_can_be_read(text in "[a\",\r\n]{1,24}") {
            let mut row = Row::new(text.as_bytes());
            while row.next_cell().is_some_and(|cell| cell.is_ok()) {}
            prop_assert!(row.end() <= text.len());
        }
    }
}
