//! The XML of MyAnimeList.
//!
//! Only the elements of the format are read. A document type is refused, so that there are no entities but the five of XML
//! and numbers of characters, and nothing expands.

use std::{borrow::Cow, collections::HashMap, str::FromStr};

use quick_xml::{Reader, events::Event};

use super::{
    super::{
        document::ListEntry,
        error::{FilePosition, ReadError, from_one, newlines},
        status,
    },
    foreign, non_empty, score,
};
use crate::model::ReleaseKind;

/// Deepest nesting of elements. The format has three levels.
const MAX_DEPTH: usize = 16;

/// Elements of an `anime` that are read.
const FIELDS: [&str; 11] = [
    "series_animedb_id",
    "series_title",
    "series_type",
    "series_episodes",
    "my_watched_episodes",
    "my_score",
    "my_status",
    "shiki_status",
    "my_times_watched",
    "my_rewatching",
    "my_comments",
];

/// Reads the entries of a file.
pub(super) fn read(file: &str, max_entries: usize) -> Result<Vec<ListEntry>, ReadError> {
    let mut parser = Parser {
        file,
        max_entries,
        line: 1,
        counted: 0,
        depth: 0,
        has_root: false,
        field: None,
        element: None,
        entries: Vec::new(),
    };
    let mut reader = Reader::from_str(file);
    reader.config_mut().expand_empty_elements = true;
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|error| {
            let offset = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            parser.syntax(offset, error.to_string())
        })?;
        match event {
            Event::Start(tag) => parser.open(tag.name().as_ref(), start)?,
            Event::End(_) => parser.close()?,
            Event::Text(text) => parser.text(&text.xml10_content()),
            Event::CData(text) => parser.text(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let text = reference(&name).map_err(|reason| parser.syntax(start, reason))?;
                parser.text(&text);
            }
            Event::DocType(_) => return Err(parser.syntax(start, "a document type is not allowed")),
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return parser.finish(),
        }
    }
}

/// Returns the text of a reference: a number of a character, or one of the five entities of XML.
fn reference(name: &quick_xml::events::BytesRef<'_>) -> Result<Cow<'static, str>, String> {
    if name.is_char_ref() {
        let character = name.resolve_char_ref().map_err(|error| error.to_string())?;
        return Ok(character.map(String::from).unwrap_or_default().into());
    }
    let known = match name.as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        other => return Err(format!("unknown entity `&{other};`")),
    };
    Ok(known.into())
}

/// State of the reading of a file.
struct Parser<'t> {
    file: &'t str,
    max_entries: usize,
    /// Line of the byte `counted`.
    line: u32,
    counted: usize,
    depth: usize,
    has_root: bool,
    /// Element of the open entry whose text is read.
    field: Option<&'static str>,
    element: Option<AnimeElement<'t>>,
    entries: Vec<ListEntry>,
}

impl Parser<'_> {
    fn open(&mut self, name: &str, offset: usize) -> Result<(), ReadError> {
        match (self.depth, name) {
            (0, "myanimelist") if !self.has_root => self.has_root = true,
            (0, _) if self.has_root => return Err(self.syntax(offset, "a second root element")),
            (0, other) => {
                let found = format!("XML of another program, with the root `<{}>`", shortened(other));
                return Err(ReadError::Foreign { found });
            }
            (1, "anime") => {
                if self.entries.len() >= self.max_entries {
                    return Err(ReadError::TooManyEntries { limit: self.max_entries });
                }
                let number = from_one(self.entries.len());
                let line = self.line_of(offset);
                self.element =
                    Some(AnimeElement { file: self.file, offset, number, line, fields: HashMap::new() });
            }
            (1, "manga") => return Err(foreign("a list of manga")),
            (2, name) if self.element.is_some() => {
                self.field = FIELDS.iter().find(|field| **field == name).copied();
            }
            (MAX_DEPTH.., _) => return Err(self.syntax(offset, "elements are nested too deeply")),
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        self.depth = self.depth.saturating_sub(1);
        match self.depth {
            1 => {
                let element = self.element.take();
                self.entries.extend(element.map(AnimeElement::entry).transpose()?);
            }
            2 => self.field = None,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let (3, Some(field), Some(element)) = (self.depth, self.field, &mut self.element) {
            element.fields.entry(field).or_default().push_str(text);
        }
    }

    fn finish(self) -> Result<Vec<ListEntry>, ReadError> {
        if self.depth > 0 {
            return Err(self.syntax(usize::MAX, "the file ends before its last element is closed"));
        }
        if !self.has_root {
            return Err(foreign("XML without an element"));
        }
        Ok(self.entries)
    }

    /// Returns the line of `offset`. Offsets come in order, so that no part of the file is counted twice.
    fn line_of(&mut self, offset: usize) -> u32 {
        let passed = newlines(self.file.get(self.counted..offset).unwrap_or_default());
        self.line = self.line.saturating_add(from_one(passed) - 1);
        self.counted = offset;
        self.line
    }

    fn syntax(&self, offset: usize, reason: impl Into<String>) -> ReadError {
        ReadError::Syntax { position: FilePosition::at(self.file, offset), reason: reason.into() }
    }
}

/// An `anime` element.
struct AnimeElement<'t> {
    file: &'t str,
    offset: usize,
    number: u32,
    line: u32,
    fields: HashMap<&'static str, String>,
}

impl AnimeElement<'_> {
    fn entry(mut self) -> Result<ListEntry, ReadError> {
        let mal_id = self.number("series_animedb_id")?;
        let mal_id = mal_id.filter(|id| *id > 0).ok_or_else(|| self.error("series_animedb_id", "missing"))?;
        let word = self.take("my_status").or_else(|| self.take("shiki_status"));
        let word = word.ok_or_else(|| self.error("my_status", "missing"))?;
        let unknown_status = || self.error("my_status", format!("unknown status `{}`", shortened(&word)));
        let status = status::of_mal(&word).ok_or_else(unknown_status)?;
        let is_rewatching = status.is_rewatching || self.number::<u8>("my_rewatching")? == Some(1);
        let points = self.number("my_score")?.unwrap_or_default();
        Ok(ListEntry {
            line: Some(self.line),
            english: self.take("series_title"),
            kind: self.take("series_type").and_then(|kind| kind_of(&kind)),
            episodes_total: self.number("series_episodes")?.filter(|total| *total > 0),
            mal_id: Some(mal_id),
            collection: Some(status.collection.clone()),
            is_rewatching,
            episodes_watched: self.number("my_watched_episodes")?.unwrap_or_default(),
            rewatches: self.number("my_times_watched")?.unwrap_or_default(),
            score: score(points).map_err(|reason| self.error("my_score", reason))?,
            comment: self.take("my_comments"),
            ..ListEntry::default()
        })
    }

    /// Returns the text of a field without surrounding spaces; `None` if it is empty.
    fn take(&mut self, field: &'static str) -> Option<String> {
        self.fields.remove(field).map(|text| text.trim().to_owned()).and_then(non_empty)
    }

    fn number<N: FromStr>(&mut self, field: &'static str) -> Result<Option<N>, ReadError> {
        let Some(text) = self.take(field) else { return Ok(None) };
        let invalid = |_| self.error(field, format!("`{}` is no number of this field", shortened(&text)));
        text.parse().map(Some).map_err(invalid)
    }

    fn error(&self, field: &str, reason: impl Into<String>) -> ReadError {
        let position = FilePosition::at(self.file, self.offset);
        ReadError::Entry { entry: self.number, position, field: field.to_owned(), reason: reason.into() }
    }
}

/// Returns the first characters of a text from the file, for a message.
fn shortened(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(40).collect()
}

/// Returns the kind that both services know; `None` for kinds such as music videos.
fn kind_of(word: &str) -> Option<ReleaseKind> {
    let kinds = ReleaseKind::KNOWN.iter();
    kinds.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word)).cloned()
}
