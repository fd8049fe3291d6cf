//! The charts of the README.

use crate::growth::{Curve, SIZES};
use crate::report::{Contender, Result};
use plotters::coord::ranged1d::{KeyPointHint, Ranged};
use plotters::prelude::*;
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

const FONT: &str = "sans-serif";
/// Colours that people who see few colours can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(90, 90, 90),
    RGBColor(160, 140, 20),
];

/// Ratios to the hand-written walker, a line for each operation.
///
/// # Errors
/// The file cannot be written.
pub fn ratios(path: &Path, results: &[Result], contenders: &[Contender]) -> std::result::Result<(), Failure> {
    let shown: Vec<&Contender> = contenders
        .iter()
        .filter(|c| c.package.is_some() || ["ptdsl", "ptdsl-x86", "ptdsl-live"].contains(&c.name))
        .collect();
    let rows: Vec<&Result> =
        results.iter().filter(|result| shown.iter().any(|c| result.ratio(c).is_some())).collect();
    let height = 150 + 30 * rows.len() as u32;
    let area = SVGBackend::new(path, (1040, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let lines = rows.len() as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption("Time of a page-table operation, as a multiple of a walker written by hand", (FONT, 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(340)
        .build_cartesian_2d((0.25_f64..1024.0).log_scale().base(2.0), Lines(lines))?;
    let titles: Vec<&str> = rows.iter().map(|result| result.rung.title).collect();
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc("times the hand-written walker (logarithmic; left is faster)")
        .x_label_formatter(&|x| if *x < 1.0 { format!("1/{:.0}", 1.0 / x) } else { format!("{x:.0}") })
        .x_labels(12)
        .y_labels(rows.len())
        .y_label_formatter(&|y| {
            // From the top down.
            let line = lines - 0.5 - y;
            titles.get(line.round() as usize).map_or_else(String::new, |title| (*title).to_owned())
        })
        .label_style((FONT, 13))
        .draw()?;
    chart.draw_series(std::iter::once(PathElement::new(
        vec![(1.0, 0.0), (1.0, lines)],
        BLACK.stroke_width(2),
    )))?;
    for (contender, colour) in shown.iter().zip(COLOURS) {
        let points = rows.iter().enumerate().filter_map(|(line, result)| {
            let ratio = result.ratio(contender)?;
            Some((ratio.clamp(0.25, 1024.0), lines - 0.5 - line as f64))
        });
        let ours = contender.package.is_none();
        let mark = move |at: (f64, f64)| {
            let empty = EmptyElement::at(at);
            let (full, open) = if ours { (5, 0) } else { (0, 5) };
            empty
                + Circle::new((0, 0), full, colour.filled())
                + Cross::new((0, 0), open, colour.stroke_width(2))
        };
        chart.draw_series(points.map(mark))?.label(contender.name).legend(move |(x, y)| {
            let (full, open) = if ours { (5, 0) } else { (0, 5) };
            EmptyElement::at((x + 10, y))
                + Circle::new((0, 0), full, colour.filled())
                + Cross::new((0, 0), open, colour.stroke_width(2))
        });
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.9))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 13))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Lines of text from the top down, with labels in their middle.
struct Lines(f64);

impl Ranged for Lines {
    type FormatOption = plotters::coord::ranged1d::NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (f64::from(limit.1 - limit.0) * value / self.0).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.0 as u32).map(|line| f64::from(line) + 0.5).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.0
    }
}

impl plotters::coord::ranged1d::ValueFormatter<f64> for Lines {}

/// Nanoseconds per page by size.
///
/// # Errors
/// The file cannot be written.
pub fn growth(path: &Path, curves: &[Curve]) -> std::result::Result<(), Failure> {
    let area = SVGBackend::new(path, (1040, 460)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Mapping pages of 4 KiB in one call: time per page by size of the mapping", (FONT, 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(20.0_f64..40.0, (0.125_f64..128.0).log_scale().base(2.0))?;
    let bytes = |log: f64| {
        let log = log.round() as u32;
        let unit = ["MiB", "GiB", "TiB"].get((log.saturating_sub(20) / 10) as usize).copied().unwrap_or("");
        format!("{} {unit}", 1_u32 << (log % 10))
    };
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_labels(11)
        .x_label_formatter(&|log| bytes(*log))
        .y_label_formatter(&|y| format!("{y}"))
        .y_desc("ns per page")
        .label_style((FONT, 13))
        .draw()?;
    for (curve, colour) in curves.iter().zip([
        RGBColor(90, 90, 90),
        RGBColor(0, 158, 115),
        RGBColor(0, 114, 178),
        RGBColor(86, 180, 233),
        RGBColor(213, 94, 0),
        RGBColor(230, 159, 0),
        RGBColor(204, 121, 167),
    ]) {
        let points: Vec<(f64, f64)> = SIZES
            .iter()
            .zip(&curve.points)
            .filter_map(|(&log, point)| Some((f64::from(log), point.median()?)))
            .collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(curve.contender)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|at| Circle::new(at, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.9))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 13))
        .draw()?;
    area.present()?;
    Ok(())
}
