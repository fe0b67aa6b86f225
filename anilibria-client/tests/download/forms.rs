//! Forms of streams: byte ranges, initialisation segments, keys.

use aes::{
    Aes128,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
};
use anilibria_client::download::DownloadError;
use mockito::{Server, ServerGuard};

use super::support::{Directory, download_from, read, serve};

/// Downloads a playlist with these lines and returns the file.
async fn download(server: &mut ServerGuard, lines: &str) -> Result<Vec<u8>, DownloadError> {
    let directory = Directory::new();
    let path = directory.file("episode.mp4");
    let body = format!("#EXTM3U\n{lines}\n#EXT-X-ENDLIST");
    let list = serve(server, "/list.m3u8", body).await;
    let downloaded = download_from(server, "/list.m3u8").to_file(&path).await;
    list.remove_async().await;
    downloaded.map(|_| read(&path))
}

#[tokio::test]
async fn byte_ranges_are_requested_and_joined() {
    let mut server = Server::new_async().await;
    let mut parts = Vec::new();
    for (range, body) in [("bytes=0-3", "head"), ("bytes=4-6", "one"), ("bytes=7-9", "two")] {
        let part = server.mock("GET", "/all.mp4").match_header("range", range).with_status(206);
        parts.push(part.with_body(body).expect(1).create_async().await);
    }
    let lines = "#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"4@0\"\n#EXTINF:6,\n#EXT-X-BYTERANGE:3@4\nall.mp4\n\
        #EXTINF:6,\n#EXT-X-BYTERANGE:3\nall.mp4";

    let file = download(&mut server, lines).await.unwrap();

    assert_eq!(file, b"headonetwo");
    for part in parts {
        part.assert_async().await;
    }
}

#[tokio::test]
async fn host_without_byte_ranges_is_an_error() {
    let mut server = Server::new_async().await;
    let _all = serve(&mut server, "/all.ts", "everything").await;

    let error = download(&mut server, "#EXTINF:6,\n#EXT-X-BYTERANGE:3@0\nall.ts").await.unwrap_err();

    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("byte ranges are not served"), "{source}");
}

#[tokio::test]
async fn keys_change_and_end_within_a_stream() {
    let mut server = Server::new_async().await;
    let encrypt = |plain: &[u8], key: u8, iv: u128| {
        let cipher = cbc::Encryptor::<Aes128>::new(&[key; 16].into(), &iv.to_be_bytes().into());
        cipher.encrypt_padded_vec::<Pkcs7>(plain)
    };
    let _served = [
        serve(&mut server, "/1.key", [1; 16]).await,
        serve(&mut server, "/2.key", [2; 16]).await,
        serve(&mut server, "/a", encrypt(b"first ", 1, 40)).await,
        serve(&mut server, "/b", encrypt(b"second ", 2, 0xabc)).await,
        serve(&mut server, "/c", "plain ").await,
        serve(&mut server, "/d", encrypt(b"last", 1, 43)).await,
    ];
    let lines = "#EXT-X-MEDIA-SEQUENCE:40\n#EXT-X-KEY:METHOD=AES-128,URI=\"1.key\"\n#EXTINF:6,\na\n\
        #EXT-X-KEY:METHOD=AES-128,URI=\"2.key\",IV=0xABC,KEYFORMAT=\"identity\"\n#EXTINF:6,\nb\n\
        #EXT-X-KEY:METHOD=NONE\n#EXTINF:6,\nc\n#EXT-X-KEY:METHOD=AES-128,URI=\"1.key\"\n#EXTINF:6,\nd";

    assert_eq!(download(&mut server, lines).await.unwrap(), b"first second plain last");
}

#[tokio::test]
async fn damaged_segment_and_short_key_are_different_errors() {
    let mut server = Server::new_async().await;
    let _served = [
        serve(&mut server, "/right.key", [1; 16]).await,
        serve(&mut server, "/short.key", [1; 15]).await,
        serve(&mut server, "/a", [7; 17]).await,
    ];
    let lines = |key: &str| format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{key}.key\"\n#EXTINF:6,\na");

    let odd = download(&mut server, &lines("right")).await.unwrap_err();
    let short = download(&mut server, &lines("short")).await.unwrap_err();

    assert!(matches!(&odd, DownloadError::Decrypt { path, .. } if path == "/a"), "{odd}");
    assert!(matches!(&short, DownloadError::Decrypt { path, .. } if path == "/short.key"), "{short}");
}
