//! One row of a protocol log, as far as its session is concerned.

use bumpalo::Bump;

use super::facts::Row;
use crate::decode::exchange_csv::{self, State};
use crate::event::Value;

/// The columns of a file, and which of them matter.
#[derive(Debug)]
pub(super) struct Columns {
    state: State,
    /// For each column the cell that it fills.
    cells: Vec<Option<Cell>>,
}

/// The cells of a row that sessions are made of.
#[derive(Debug, Clone, Copy)]
enum Cell {
    SessionId,
    SequenceNumber,
    Connector,
    LocalEndpoint,
    RemoteEndpoint,
    Event,
    Data,
    Context,
}

impl Cell {
    const COUNT: usize = 8;

    fn of(column: &[u8]) -> Option<Self> {
        Some(match column {
            b"session-id" => Self::SessionId,
            b"sequence-number" => Self::SequenceNumber,
            b"connector-id" => Self::Connector,
            b"local-endpoint" => Self::LocalEndpoint,
            b"remote-endpoint" => Self::RemoteEndpoint,
            b"event" => Self::Event,
            b"data" => Self::Data,
            b"context" => Self::Context,
            _ => return None,
        })
    }
}

/// The cells of one row.
pub(super) struct Cells<'r> {
    texts: [&'r [u8]; Cell::COUNT],
    direction: &'static str,
}

impl Columns {
    /// The columns of a file that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Self {
        let mut state = State::with_default_columns();
        let directives = head.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"#"));
        for line in directives {
            state.directive(line);
        }
        let cells = state.names().map(Cell::of).collect();
        Self { state, cells }
    }

    /// The cells of a row, if it can be read; what must be unescaped goes to `arena`.
    pub(super) fn read<'r>(&self, row: &'r [u8], arena: &'r Bump) -> Option<Cells<'r>> {
        let mut texts = [b"".as_slice(); Cell::COUNT];
        exchange_csv::smtp_cells(row, &self.state, |column, value: Value<'r>| {
            let cell = self.cells.get(column).copied().flatten();
            if let Some(text) = cell.and_then(|cell| texts.get_mut(cell as usize)) {
                *text = value.text(arena);
            }
        })?;
        let mut cells = Cells { texts, direction: "" };
        cells.direction = self.state.direction_of(cells.get(Cell::Connector)).name();
        Some(cells)
    }
}

impl<'r> Cells<'r> {
    fn get(&self, cell: Cell) -> &'r [u8] {
        self.texts.get(cell as usize).copied().unwrap_or_default()
    }

    pub(super) fn session_id(&self) -> &'r [u8] {
        self.get(Cell::SessionId)
    }

    pub(super) fn connector(&self) -> &'r [u8] {
        self.get(Cell::Connector)
    }

    /// True for the first row of a session.
    pub(super) fn opens(&self) -> bool {
        self.get(Cell::Event) == b"+" || self.get(Cell::SequenceNumber) == b"0"
    }

    /// True for its last row.
    pub(super) fn closes(&self) -> bool {
        self.get(Cell::Event) == b"-"
    }

    /// The row as text; what is none is replaced, in `arena`.
    pub(super) fn row(&self, arena: &'r Bump) -> Row<'r> {
        let text = |cell| match str::from_utf8(self.get(cell)) {
            Ok(text) => text,
            Err(_) => &*arena.alloc_str(&String::from_utf8_lossy(self.get(cell))),
        };
        Row {
            connector: text(Cell::Connector),
            local_endpoint: text(Cell::LocalEndpoint),
            remote_endpoint: text(Cell::RemoteEndpoint),
            event: text(Cell::Event),
            data: text(Cell::Data),
            context: text(Cell::Context),
            direction: self.direction,
        }
    }
}
