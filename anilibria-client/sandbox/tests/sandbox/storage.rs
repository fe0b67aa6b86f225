//! Pictures below `/storage`.

use anilibria_sandbox::Sandbox;
use serde_json::Value;

use crate::ask::{call, get};

#[tokio::test]
async fn poster_is_a_small_picture_with_the_name_of_its_release() {
    let sandbox = Sandbox::new();
    let release = get(&sandbox, "/anime/releases/7").await;
    let first_word = release["name"]["main"].as_str().unwrap().split(' ').next().unwrap();

    let poster = call(&sandbox, "GET", release["poster"]["src"].as_str().unwrap(), &Value::Null).await;

    let text = std::str::from_utf8(&poster.body).unwrap();
    assert_eq!(poster.headers["content-type"], "image/svg+xml");
    assert!(text.starts_with("<svg") && text.contains("#7<") && text.contains(first_word));
    assert!(text.len() < 2048);
}

#[tokio::test]
async fn other_paths_have_a_picture_as_well() {
    let path = "/storage/<script>&\"/x.webp".replace('<', "%3C").replace('"', "%22").replace('>', "%3E");

    let picture = call(&Sandbox::new(), "GET", &path, &Value::Null).await;

    assert_eq!(picture.status.as_u16(), 200);
    assert!(!std::str::from_utf8(&picture.body).unwrap().contains("script"));
}
