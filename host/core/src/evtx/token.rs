//! Tokens of BinXML (MS-EVEN6 2.2.12), read from left to right.
//!
//! Owns the layout of tokens and names and every bound of reading them. What the
//! tokens mean together is for `walk` and `tree` to say.

use super::Broken;

/// A place in a chunk, and how far reading may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'c> {
    chunk: &'c [u8],
    at: usize,
    end: usize,
}

/// One token. Names are UTF-16, without the NUL behind them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'c> {
    /// `<Name`, and the value that a template's element depends on.
    Open {
        name: &'c [u8],
        dependency: u16,
    },
    /// `>`
    CloseStart,
    /// `/>`
    CloseEmpty,
    /// `</Name>`
    Close,
    /// ` Name=`; its value follows as tokens.
    Attribute(&'c [u8]),
    /// A value in place. Strings come without their length.
    Value {
        kind: u8,
        bytes: &'c [u8],
    },
    /// A BinXML stream in place.
    Fragment {
        start: usize,
        end: usize,
    },
    CData(&'c [u8]),
    CharRef(u16),
    EntityRef(&'c [u8]),
    /// A part of a processing instruction: no text of the element.
    Instruction,
    /// A template instance; the cursor stands behind its token.
    Instance,
    /// A value of the instance.
    Substitution(u16),
    /// The header of a stream.
    Header,
    End,
}

/// The dependency of an element that depends on nothing.
pub(super) const INDEPENDENT: u16 = 0xFFFF;

/// The token of a template instance.
pub(super) const INSTANCE_TOKEN: u8 = 0x0C;

/// Bytes of a name's entry before its characters: link, hash, length.
const NAME_HEAD_BYTES: usize = 8;

const CUT: Broken = Broken("a token is cut off");

impl<'c> Cursor<'c> {
    /// Reads from `at` to `end`, offsets in the chunk.
    pub(super) fn new(chunk: &'c [u8], at: usize, end: usize) -> Self {
        Self { chunk, at, end: end.min(chunk.len()) }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'c [u8], Broken> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end).ok_or(CUT)?;
        let bytes = self.chunk.get(self.at..end).ok_or(CUT)?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| CUT)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Broken> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Broken> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next token. Only the elements of a template definition say what they
    /// depend on.
    pub(super) fn next(&mut self, in_definition: bool) -> Result<Token<'c>, Broken> {
        if self.at >= self.end {
            return Ok(Token::End);
        }
        // Bit 0x40 says that more of the same kind follows; only on an element does
        // it change the layout.
        Ok(match self.u8()? {
            0x00 => Token::End,
            0x01 => self.open(in_definition, false)?,
            0x41 => self.open(in_definition, true)?,
            0x02 => Token::CloseStart,
            0x03 => Token::CloseEmpty,
            0x04 => Token::Close,
            0x05 | 0x45 => self.value()?,
            0x06 | 0x46 => Token::Attribute(self.name()?),
            0x07 | 0x47 => Token::CData(self.string()?),
            0x08 | 0x48 => Token::CharRef(self.u16()?),
            0x09 | 0x49 => Token::EntityRef(self.name()?),
            0x0A => self.name().map(|_| Token::Instruction)?,
            0x0B => self.string().map(|_| Token::Instruction)?,
            INSTANCE_TOKEN => Token::Instance,
            0x0D | 0x0E => {
                let id = self.u16()?;
                self.u8()?;
                Token::Substitution(id)
            }
            0x0F => self.take(3).map(|_| Token::Header)?,
            _ => return Err(Broken("an unknown token")),
        })
    }

    fn open(&mut self, in_definition: bool, has_attributes: bool) -> Result<Token<'c>, Broken> {
        let dependency = if in_definition { self.u16()? } else { INDEPENDENT };
        let _element_bytes = self.u32()?;
        let name = self.name()?;
        if has_attributes {
            let _attribute_bytes = self.u32()?;
        }
        Ok(Token::Open { name, dependency })
    }

    /// Characters behind their count.
    fn string(&mut self) -> Result<&'c [u8], Broken> {
        let units = self.u16()?;
        self.take(usize::from(units) * 2)
    }

    /// A value in place. Types without a width of their own, and arrays, occur only
    /// as values of an instance, where a size is written beside them.
    fn value(&mut self) -> Result<Token<'c>, Broken> {
        let value = self.u8()?;
        let bytes = match value {
            0x00 => b"",
            0x01 => self.string()?,
            0x03 | 0x04 => self.take(1)?,
            0x05 | 0x06 => self.take(2)?,
            0x07 | 0x08 | 0x0B | 0x0D | 0x14 => self.take(4)?,
            0x09 | 0x0A | 0x0C | 0x11 | 0x15 => self.take(8)?,
            0x0F | 0x12 => self.take(16)?,
            0x13 => self.sid()?,
            0x21 => {
                let length = self.u16()?;
                let start = self.at;
                self.take(usize::from(length))?;
                return Ok(Token::Fragment { start, end: self.at });
            }
            _ => return Err(Broken("a value in place has a type without a width")),
        };
        Ok(Token::Value { kind: value, bytes })
    }

    fn sid(&mut self) -> Result<&'c [u8], Broken> {
        let count = self.chunk.get(self.at + 1).copied().ok_or(CUT)?;
        self.take(8 + usize::from(count) * 4)
    }

    /// The name that an offset refers to. Its entry may stand right here, then it is
    /// passed over.
    fn name(&mut self) -> Result<&'c [u8], Broken> {
        let offset = self.u32()? as usize;
        let name = name_at(self.chunk, offset)?;
        if offset == self.at {
            self.take(name_entry_bytes(name))?;
        }
        Ok(name)
    }
}

/// The name whose entry stands at `offset`. The links between entries are for those
/// who look names up, so a broken or cyclic link does no harm here.
pub(super) fn name_at(chunk: &[u8], offset: usize) -> Result<&[u8], Broken> {
    let entry = chunk.get(offset..).and_then(|rest| rest.split_first_chunk::<NAME_HEAD_BYTES>());
    let name = entry.and_then(|([.., low, high], rest)| {
        rest.get(..usize::from(u16::from_le_bytes([*low, *high])) * 2)
    });
    name.ok_or(Broken("a name lies outside of the chunk"))
}

/// Bytes of the entry of a name, with the NUL at its end.
pub(super) const fn name_entry_bytes(name: &[u8]) -> usize {
    NAME_HEAD_BYTES + name.len() + 2
}

/// What an entity reference stands for; one that XML does not define stays as it is.
pub(super) fn entity(name: &[u8]) -> Option<&'static [u8]> {
    Some(match name {
        b"lt" => b"<",
        b"gt" => b">",
        b"amp" => b"&",
        b"apos" => b"'",
        b"quot" => b"\"",
        _ => return None,
    })
}
