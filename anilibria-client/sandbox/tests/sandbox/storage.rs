//! Pictures below `/storage`.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::ask::{call, get, send};

#[tokio::test]
async fn a_poster_is_a_small_picture_with_the_name_of_its_release() {
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
async fn any_other_path_has_a_picture_too() {
    let path = "/storage/<script>&\"/x.webp".replace('<', "%3C").replace('"', "%22").replace('>', "%3E");

    let picture = call(&Sandbox::new(), "GET", &path, &Value::Null).await;

    assert_eq!(picture.status.as_u16(), 200);
    assert!(!std::str::from_utf8(&picture.body).unwrap().contains("script"));
}

#[tokio::test]
async fn programs_receive_png_and_browsers_svg() {
    let sandbox = Sandbox::new();
    let kinds = [
        ("*/*", "image/png"),
        ("image/webp,image/png", "image/png"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/svg+xml"),
        ("application/json", "image/svg+xml"),
    ];
    for (accept, expected) in kinds {
        let request = Request::get("/storage/releases/posters/7/a.webp").header("accept", accept);

        let picture = send(&sandbox, request.body(Bytes::new()).unwrap()).await;

        assert_eq!(picture.headers["content-type"], expected, "{accept}");
        assert_eq!(picture.headers["vary"], "Accept");
    }
}

#[tokio::test]
async fn each_path_has_a_png_of_its_own() {
    let sandbox = Sandbox::new();
    let picture = async |path: &str| {
        let request = Request::get(path).header("accept", "*/*").body(Bytes::new()).unwrap();
        send(&sandbox, request).await.body
    };

    let first = picture("/storage/releases/posters/1/a.webp").await;

    assert_eq!(first, picture("/storage/releases/posters/1/a.webp").await);
    assert_ne!(first, picture("/storage/releases/posters/2/a.webp").await);
    // Width and height are the first fields after signature, length and name of the first chunk.
    assert_eq!(first[16..24], [0, 0, 0, 175, 0, 0, 0, 250]);
}
