//! Columns of text.

/// Which side a column's cells lean to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Lines of `rows` under `head`, each column as wide as its widest cell. The last column is not padded.
pub fn render<const N: usize>(head: [(&str, Align); N], rows: &[[String; N]]) -> Vec<String> {
    let widths: Vec<usize> = (0..N)
        .map(|column| width(head[column].0, rows, column))
        .collect();
    let titles = head.map(|(title, _)| title.to_owned());
    let aligns = head.map(|(_, align)| align);
    std::iter::once(&titles)
        .chain(rows)
        .map(|row| line(row, &widths, &aligns))
        .collect()
}

fn width<const N: usize>(title: &str, rows: &[[String; N]], column: usize) -> usize {
    rows.iter()
        .map(|row| row[column].chars().count())
        .chain([title.len()])
        .max()
        .unwrap_or(0)
}

fn line(cells: &[String], widths: &[usize], aligns: &[Align]) -> String {
    let cells = cells
        .iter()
        .zip(widths)
        .zip(aligns)
        .map(|((cell, width), align)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let head = [
            ("NAME", Align::Left),
            ("PID", Align::Right),
            ("WHAT", Align::Left),
        ];
        let rows = [["hid", "7", "ok"], ["capture", "1234", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(
            render(head, &rows),
            ["NAME      PID  WHAT", "hid         7  ok", "capture  1234"]
        );
    }
}
