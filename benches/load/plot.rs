//! Bars of the ratios as SVG.

use plotters::prelude::*;

use crate::report::Report;

const WIDTH: u32 = 900;
const BAR_HEIGHT: u32 = 22;
const HEADING_HEIGHT: u32 = 46;

/// Width of the names as a share of the longest bar.
const NAMES: f64 = 0.25;

/// Draws one bar for each server and path: responses per second as a ratio to the bare poem route.
pub(crate) fn bars(report: &Report) -> anyhow::Result<String> {
    let rows: usize = report.paths.iter().map(|path| path.series.len()).sum();
    let height = u32::try_from(rows)? * BAR_HEIGHT + u32::try_from(report.paths.len())? * HEADING_HEIGHT;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut rest = area;
        for path in &report.paths {
            let ratios = path.ratios();
            let (top, below) =
                rest.split_vertically(u32::try_from(ratios.len())? * BAR_HEIGHT + HEADING_HEIGHT);
            rest = below;
            let title = format!("GET {} ({} bytes), ratio to bare poem", path.path, path.body_bytes);
            let longest = ratios.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
            let rows = f64::from(u32::try_from(ratios.len())?);
            let mut chart = ChartBuilder::on(&top)
                .caption(title, ("sans-serif", 15))
                .margin_left(10)
                .build_cartesian_2d(-longest * NAMES..longest * 1.1, 0.0..rows)?;
            for (row, (name, ratio)) in (0_u32..).zip(ratios.iter().rev()) {
                let (low, high) = (f64::from(row) + 0.15, f64::from(row) + 0.85);
                let bar = Rectangle::new([(0.0, low), (*ratio, high)], RGBColor(70, 120, 180).filled());
                chart.draw_series([bar])?;
                let value = format!(" {ratio:.2}");
                for (text, x) in [((*name).to_owned(), -longest * NAMES), (value, *ratio)] {
                    // The position of a text is its upper left corner.
                    chart.draw_series([Text::new(text, (x, high - 0.1), ("sans-serif", 13))])?;
                }
            }
        }
        rest.present()?;
    }
    Ok(text)
}
