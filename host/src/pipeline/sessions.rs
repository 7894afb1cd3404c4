//! Sessions: where the rows around a candidate are looked for.

use std::path::Path;
use std::rc::Rc;

use bumpalo::Bump;
use logwasp_core::event::Event;
use logwasp_core::session::{Candidate, Facts, Gatherer};
use logwasp_core::stream::Place;

use super::texts::FolderTexts;
use crate::source::{Input, expand};

/// The texts in which a file's sessions stand.
pub(crate) struct Sessions {
    texts: FolderTexts,
    /// The place of the file among them.
    file: usize,
    gatherer: Gatherer,
}

impl Sessions {
    /// Sessions of the `file`th of these texts, which are as they are.
    pub(super) fn new(texts: FolderTexts, file: usize) -> Self {
        Self { texts, file, gatherer: Gatherer::default() }
    }

    /// Sessions of a file among the others of its folder; when they are `live` only
    /// what stands before a candidate counts.
    pub(crate) fn around(path: &Path, is_live: bool) -> Self {
        let parent = path.parent().map(Path::to_owned);
        let (inputs, _) = expand(&parent.into_iter().collect::<Vec<_>>());
        let is_beside =
            |input: &Input| matches!(input, Input::File(other) if other.parent() == path.parent());
        let mut inputs: Vec<Input> = inputs.into_iter().filter(is_beside).collect();
        let own = Input::File(path.to_owned());
        let file = inputs.iter().position(|input| *input == own).unwrap_or_else(|| {
            inputs = vec![own];
            0
        });
        if !is_live {
            return Self::new(FolderTexts::new(inputs), file);
        }
        Self { texts: FolderTexts::live(inputs), file, gatherer: Gatherer::only_before() }
    }

    /// What the session of a candidate row says.
    pub(crate) fn facts<'c>(
        &mut self,
        row: &Event<'c>,
        place: Place,
        arena: &'c Bump,
    ) -> Rc<Facts> {
        let cell = |name: &[u8]| row.field(name).map(|v| v.text(arena)).unwrap_or_default();
        let candidate = Candidate {
            file: self.file,
            offset: place.text_offset,
            time: row.time,
            session_id: cell(b"session-id"),
            connector: cell(b"connector-id"),
        };
        self.gatherer.gather(&mut self.texts, &candidate)
    }
}
