//! PNG pictures: a landscape in the colours of the SVG pictures, for callers that cannot draw SVG.

use std::io::{self, Write as _};

use fastrand::Rng;
use flate2::{Compression, Crc, write::ZlibEncoder};

/// Size in pixels: half of the width and of the height of the SVG pictures.
const WIDTH: u32 = 175;
const HEIGHT: u32 = 250;

/// Number of shades of the sky. Three further colours follow them in the palette.
const SHADES: u32 = 61;
const MOON: u32 = SHADES;
const FAR_HILLS: u32 = SHADES + 1;
const NEAR_HILLS: u32 = SHADES + 2;

/// First bytes of every PNG file.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Returns the picture with this hue, whose shapes are chosen by `rng`.
pub(super) fn landscape(rng: &mut Rng, hue: u32) -> io::Result<Vec<u8>> {
    let moon = (rng.u32(30..WIDTH - 30), rng.u32(35..HEIGHT / 2), rng.u32(15..30));
    let far = Hills { base: 60, height: rng.u32(20..50), period: rng.u32(50..90), phase: rng.u32(..90) };
    let near = Hills { base: 30, height: rng.u32(15..40), period: rng.u32(40..120), phase: rng.u32(..120) };
    let pixel = |x, y| match (near.cover(x, y), far.cover(x, y), is_in_circle(moon, x, y)) {
        (true, _, _) => NEAR_HILLS,
        (_, true, _) => FAR_HILLS,
        (_, _, true) => MOON,
        _ => (x * HEIGHT + y * WIDTH) * SHADES / (2 * WIDTH * HEIGHT),
    };

    let mut palette: Vec<u8> = Vec::new();
    for shade in 0..SHADES {
        palette.extend(rgb(hue + 70 * shade / SHADES, 67, 45 - 25 * shade / SHADES));
    }
    palette.extend([rgb(hue, 60, 90), rgb(hue + 70, 50, 24), rgb(hue + 70, 50, 11)].concat());

    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..HEIGHT {
        // Each row begins with the number of its filter: none.
        let row = (0..WIDTH).map(|x| u8::try_from(pixel(x, y)).unwrap_or_default());
        rows.write_all(&[0].into_iter().chain(row).collect::<Vec<_>>())?;
    }

    let mut file = SIGNATURE.to_vec();
    // Eight bits a pixel, colours from a palette, and the only methods of compression, filtering and interlacing.
    let header = [&WIDTH.to_be_bytes()[..], &HEIGHT.to_be_bytes(), &[8, 3, 0, 0, 0]].concat();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"PLTE", &palette);
    chunk(&mut file, *b"IDAT", &rows.finish()?);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

/// Hills of equal height along the lower edge.
struct Hills {
    base: u32,
    height: u32,
    period: u32,
    phase: u32,
}

impl Hills {
    fn cover(&self, x: u32, y: u32) -> bool {
        let place = (x + self.phase) % self.period;
        let slope = place.min(self.period - place);
        y + self.base + 2 * self.height * slope / self.period >= HEIGHT
    }
}

fn is_in_circle((center_x, center_y, radius): (u32, u32, u32), x: u32, y: u32) -> bool {
    x.abs_diff(center_x).pow(2) + y.abs_diff(center_y).pow(2) <= radius.pow(2)
}

/// Returns a colour of hue (in degrees), saturation and lightness (both in percent) as red, green and blue.
fn rgb(hue: u32, saturation: u32, lightness: u32) -> [u8; 3] {
    let chroma = (100 - (2 * lightness).abs_diff(100)) * saturation / 100;
    let second = chroma * (60 - (hue % 120).abs_diff(60)) / 60;
    let [red, green, blue] = match hue % 360 / 60 {
        0 => [chroma, second, 0],
        1 => [second, chroma, 0],
        2 => [0, chroma, second],
        3 => [0, second, chroma],
        4 => [second, 0, chroma],
        _ => [chroma, 0, second],
    };
    let darkest = lightness - chroma / 2;
    [red, green, blue].map(|value| u8::try_from((value + darkest) * 255 / 100).unwrap_or(u8::MAX))
}

/// Appends a chunk: length, name, data, checksum of name and data.
fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let mut checksum = Crc::new();
    checksum.update(&name);
    checksum.update(data);
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(checksum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_those_of_their_hue() {
        assert_eq!(rgb(0, 100, 50), [255, 0, 0]);
        assert_eq!(rgb(60, 100, 50), [255, 255, 0]);
        assert_eq!(rgb(480, 100, 50), [0, 255, 0]);
        assert_eq!(rgb(240, 100, 50), [0, 0, 255]);
        assert_eq!(rgb(200, 0, 100), [255, 255, 255]);
        assert_eq!(rgb(200, 100, 0), [0, 0, 0]);
    }

    #[test]
    fn pictures_are_small_files() {
        for seed in 0..20 {
            let mut rng = Rng::with_seed(seed);
            let hue = rng.u32(..360);
            let file = landscape(&mut rng, hue).unwrap();

            assert!(file.starts_with(&SIGNATURE) && file.len() < 8192, "{}", file.len());
        }
    }
}
