//! Decoding of posters, within limits.

use std::{fmt, io::Cursor, sync::Arc};

use image::{DynamicImage, ImageReader, ImageResult, Limits};

/// Maximum size of a poster file, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// Maximum width and height of a poster, in pixels.
const MAX_SIDE: u32 = 4096;

/// Maximum memory for decoding, in bytes.
const MAX_MEMORY: u64 = 96 << 20;

/// Width and height to which a larger poster is reduced. No terminal shows more.
const KEPT_SIDE: u32 = 1200;

/// A decoded poster. Clones share the pixels.
#[derive(Clone, PartialEq)]
pub(super) struct Picture(Arc<DynamicImage>);

impl Picture {
    /// Decodes a JPEG, PNG or WebP file. Fails if the file is damaged or has too many pixels.
    pub(super) fn decode(file: &[u8]) -> ImageResult<Self> {
        let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
        let mut limits = Limits::no_limits();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_MEMORY);
        reader.limits(limits);
        let image = reader.decode()?;
        let is_large = image.width().max(image.height()) > KEPT_SIDE;
        Ok(Self(Arc::new(if is_large { image.thumbnail(KEPT_SIDE, KEPT_SIDE) } else { image })))
    }

    /// Returns the pixels.
    pub(super) fn pixels(&self) -> &DynamicImage {
        &self.0
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Picture({} x {})", self.0.width(), self.0.height())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use image::{ImageFormat, Rgb, RgbImage};

    use super::*;

    /// Returns a PNG file of one colour.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb([200, 0, 0])).write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    /// Returns a red picture.
    pub(in crate::browser) fn picture(width: u32, height: u32) -> Picture {
        Picture::decode(&png(width, height)).unwrap()
    }

    #[test]
    fn large_picture_is_reduced_and_keeps_its_proportions() {
        assert_eq!(format!("{:?}", picture(35, 50)), "Picture(35 x 50)");
        assert_eq!(format!("{:?}", picture(2400, 1200)), "Picture(1200 x 600)");
    }

    #[test]
    fn damaged_and_oversized_files_are_refused() {
        let mut cut = png(35, 50);
        cut.truncate(60);

        assert!(Picture::decode(&cut).is_err());
        assert!(Picture::decode(b"<svg></svg>").is_err());
        assert!(Picture::decode(b"").is_err());
        assert!(Picture::decode(&png(MAX_SIDE + 1, 1)).is_err());
    }
}
