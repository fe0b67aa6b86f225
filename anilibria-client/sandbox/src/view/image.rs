//! Rendering of images: paths of JPEG files, and of WebP files below `optimized`.

use serde_json::{Value, json};

/// Paths of one image: full size and thumbnail, each as JPEG and as WebP.
struct Paths([String; 4]);

impl Paths {
    fn new(folder: &str, [preview, thumbnail, optimized, optimized_thumbnail]: &[String; 4]) -> Self {
        Self([
            format!("/storage/{folder}/{preview}.jpg"),
            format!("/storage/{folder}/{thumbnail}.jpg"),
            format!("/storage/{folder}/{optimized}.webp"),
            format!("/storage/{folder}/{optimized_thumbnail}.webp"),
        ])
    }
}

/// Renders an image with its smaller copies.
pub(super) fn image(folder: &str, names: &[String; 4]) -> Value {
    let Paths([preview, thumbnail, optimized, optimized_thumbnail]) = Paths::new(folder, names);
    json!({
        "preview": preview,
        "thumbnail": thumbnail,
        "optimized": {"preview": optimized, "thumbnail": optimized_thumbnail},
    })
}

/// Renders an image with the additional field `src`, which is the same as `preview`.
pub(super) fn image_with_src(folder: &str, names: &[String; 4]) -> Value {
    let Paths([preview, thumbnail, optimized, optimized_thumbnail]) = Paths::new(folder, names);
    json!({
        "src": preview,
        "preview": preview,
        "thumbnail": thumbnail,
        "optimized": {"src": optimized, "preview": optimized, "thumbnail": optimized_thumbnail},
    })
}

/// Renders an image without optimised copies.
pub(super) fn plain_image(folder: &str, names: &[String; 4]) -> Value {
    let Paths([preview, thumbnail, ..]) = Paths::new(folder, names);
    json!({"preview": preview, "thumbnail": thumbnail})
}
