//! Tables: aligned and as wide as the terminal, or separated by tabs for programs.

use super::{STRONG, text};

/// Minimum width of a flexible column. Columns after it are left out before it becomes narrower.
const MIN_FLEXIBLE: usize = 14;
/// Spaces between two columns.
const GAP: usize = 2;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Left,
    Right,
    Flexible,
}

impl Column {
    /// A column of words.
    pub(crate) const fn left(title: &'static str) -> Self {
        Self { title, kind: Kind::Left }
    }

    /// A column of numbers.
    pub(crate) const fn right(title: &'static str) -> Self {
        Self { title, kind: Kind::Right }
    }

    /// A column of texts that are shortened on a narrow terminal.
    pub(crate) const fn flexible(title: &'static str) -> Self {
        Self { title, kind: Kind::Flexible }
    }
}

/// A table of texts in one line each.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Appends a row for each item.
    pub(crate) fn rows<T, const N: usize>(
        mut self,
        items: impl IntoIterator<Item = T>,
        row: impl Fn(T) -> [String; N],
    ) -> Self {
        let row = |item| row(item).iter().map(|cell| text::line(cell)).collect();
        self.rows.extend(items.into_iter().map(row));
        self
    }

    /// Returns the lines for a terminal of `width` columns, with a heading, or those for programs: without a heading,
    /// whole, separated by tabs.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let Some(width) = width else { return self.rows.iter().map(|row| row.join("\t")).collect() };
        let widths = self.fit(width);
        let titles: Vec<_> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let heading = format!("{STRONG}{}{STRONG:#}", self.aligned(&titles, &widths));
        std::iter::once(heading).chain(self.rows.iter().map(|row| self.aligned(row, &widths))).collect()
    }

    /// Returns the widths of the first columns, as many as fit in `width`. The last columns are left out first.
    fn fit(&self, width: usize) -> Vec<usize> {
        let natural: Vec<_> = (0..self.columns.len()).map(|place| self.natural(place)).collect();
        let flexible = self.columns.iter().position(|column| column.kind == Kind::Flexible);
        for count in (1..=natural.len()).rev() {
            let mut widths = natural[..count].to_vec();
            let used = widths.iter().sum::<usize>() + GAP * (count - 1);
            let excess = used.saturating_sub(width);
            if excess == 0 {
                return widths;
            }
            // The last attempt: the flexible column is the last one left, and takes what there is.
            let is_last = flexible.is_none_or(|place| place + 1 == count);
            let flexible = flexible.and_then(|place| widths.get_mut(place));
            if let Some(flexible) = flexible.filter(|flexible| is_last || **flexible >= excess + MIN_FLEXIBLE)
            {
                *flexible = flexible.saturating_sub(excess).max(1);
                return widths;
            }
        }
        vec![width]
    }

    /// Returns the width of the widest cell of a column.
    fn natural(&self, place: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(place)).map(|cell| text::width(cell));
        let title = self.columns.get(place).map_or(0, |column| text::width(column.title));
        cells.chain([title]).max().unwrap_or_default()
    }

    /// Returns the cells in columns of these widths, without spaces at the end.
    fn aligned(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = text::shorten(cell, *width);
            let padding = " ".repeat(width.saturating_sub(text::width(&cell)));
            match column.kind {
                Kind::Right => line.extend([padding, cell]),
                Kind::Left | Kind::Flexible => line.extend([cell, padding]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = [Column::right("ID"), Column::flexible("NAME"), Column::left("YEAR")];
        let rows = [("7", "進撃の巨人 and a long name", "2013"), ("1234", "b\tc", "")];
        Table::new(columns).rows(rows, |(id, name, year)| [id, name, year].map(str::to_owned))
    }

    #[test]
    fn wide_terminal_shows_everything_aligned() {
        let lines = table().lines(Some(80));

        assert_eq!(lines[1], "   7  進撃の巨人 and a long name  2013");
        assert_eq!(lines[2], "1234  b c");
    }

    #[test]
    fn narrow_terminal_shortens_the_name_and_then_leaves_out_columns() {
        let table = table();

        assert_eq!(table.lines(Some(28))[1], "   7  進撃の巨人 and…   2013");
        assert_eq!(table.lines(Some(24))[1], "   7  進撃の巨人 and a…");
        for width in 1..60 {
            for line in table.lines(Some(width)).iter().skip(1) {
                assert!(text::width(line) <= width.max(7), "{line:?} in {width}");
            }
        }
    }

    #[test]
    fn output_for_programs_is_whole_and_separated_by_tabs() {
        assert_eq!(table().lines(None), ["7\t進撃の巨人 and a long name\t2013", "1234\tb c\t"]);
    }
}
