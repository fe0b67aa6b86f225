//! Bars of the ratios as SVG.

use plotters::prelude::*;

use crate::report::Report;

const WIDTH: u32 = 900;
const BAR_HEIGHT: u32 = 22;
const HEADING_HEIGHT: u32 = 46;

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
            let highest = ratios.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
            let mut chart = ChartBuilder::on(&top)
                .caption(title, ("sans-serif", 15))
                .set_label_area_size(LabelAreaPosition::Left, 150)
                .build_cartesian_2d(0.0..highest * 1.1, 0.0..f64::from(u32::try_from(ratios.len())?))?;
            let names: Vec<&str> = ratios.iter().rev().map(|(name, _)| *name).collect();
            for (row, (_, ratio)) in (0_u32..).zip(ratios.iter().rev()) {
                let (bottom, middle) = (f64::from(row) + 0.15, f64::from(row) + 0.5);
                let bar =
                    Rectangle::new([(0.0, bottom), (*ratio, bottom + 0.7)], RGBColor(70, 120, 180).filled());
                let label = Text::new(format!("{ratio:.2}"), (*ratio, middle), ("sans-serif", 12));
                chart.draw_series([bar])?;
                chart.draw_series([label])?;
            }
            chart
                .configure_mesh()
                .disable_mesh()
                .disable_x_axis()
                .y_labels(names.len())
                .y_label_formatter(&|position| label(&names, *position))
                .draw()?;
        }
        rest.present()?;
    }
    Ok(text)
}

/// Returns the name of the bar at `position`. Names are drawn at whole positions, the lower ends of their bars.
fn label(names: &[&str], position: f64) -> String {
    let index = (0_u32..).zip(names).find(|(row, _)| (f64::from(*row) - position).abs() < 0.01);
    index.map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}
