use super::{reader::MAX_SEGMENTS, *};

fn url() -> Url {
    Url::parse("https://cdn.example/videos/1/list.m3u8?viewer=1").unwrap()
}

fn read(lines: &str) -> Result<Playlist, DownloadError> {
    parse(&url(), format!("#EXTM3U\n{lines}").as_bytes(), None)
}

fn media(lines: &str) -> Media {
    match read(&format!("{lines}\n#EXT-X-ENDLIST\n")) {
        Ok(Playlist::Media(media)) => media,
        other => panic!("{other:?}"),
    }
}

fn master(lines: &str) -> Master {
    match read(lines) {
        Ok(Playlist::Master(master)) => master,
        other => panic!("{other:?}"),
    }
}

#[test]
fn broken_playlists_are_refused() {
    let long = "9".repeat(400);
    let many = "#EXTINF:6,\na.ts\n".repeat(MAX_SEGMENTS + 1);
    let bad = [
        String::new(),
        "#EXT-X-ENDLIST".to_owned(),
        "#EXTINF:-6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        format!("#EXTINF:{long},\na.ts\n#EXT-X-ENDLIST"),
        format!("#EXT-X-MEDIA-SEQUENCE:{long}\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST"),
        "#EXTINF:6,\n#EXT-X-BYTERANGE:0@5\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXTINF:6,\n#EXT-X-BYTERANGE:5\na.ts\n#EXT-X-ENDLIST".to_owned(),
        format!("#EXTINF:6,\n#EXT-X-BYTERANGE:{}@{}\na.ts\n#EXT-X-ENDLIST", u64::MAX, u64::MAX),
        "#EXTINF:6,\nfile:///etc/passwd\n#EXT-X-ENDLIST".to_owned(),
        "#EXTINF:6,\nhttp://[::1\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-KEY:METHOD=AES-128\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0xZZ\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-KEY:URI=\"k\"\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXTINF:6,\na.ts\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-MAP:URI=\"\"\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-STREAM-INF:BANDWIDTH=1".to_owned(),
        "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=big\nlow.m3u8".to_owned(),
        "#EXT-X-STREAM-INF:RESOLUTION=1x1\nlow.m3u8".to_owned(),
        "#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\nmore.m3u8".to_owned(),
        many,
    ];
    for lines in bad {
        let result = read(&lines);

        let shown: String = lines.chars().take(60).collect();
        assert!(matches!(result, Err(DownloadError::Playlist { .. })), "{shown}: {:?}", result.err());
    }
    for body in ["", "<html><body>Just a moment…</body></html>", "{\"message\":\"no\"}", "#EXTM3U8\na.ts"] {
        assert!(
            matches!(parse(&url(), body.as_bytes(), None), Err(DownloadError::Playlist { .. })),
            "{body}"
        );
    }
    assert!(parse(&url(), b"#EXTM3U\n\xff\xfe\n", None).is_err());
}

#[test]
fn unsupported_streams_are_refused_by_tag() {
    let cases = [
        ("#EXTINF:6,\na.ts", "live"),
        (
            "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST",
            "#EXT-X-KEY with METHOD \"SAMPLE-AES\"",
        ),
        ("#EXT-X-KEY:METHOD=ROT-13,URI=\"k\"\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST", "ROT-13"),
        (
            "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",KEYFORMAT=\"com.drm\"\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST",
            "KEYFORMAT \"com.drm\"",
        ),
        (
            "#EXT-X-MAP:URI=\"i\"\n#EXTINF:6,\na\n#EXT-X-MAP:URI=\"j\"\n#EXTINF:6,\nb\n#EXT-X-ENDLIST",
            "changes its #EXT-X-MAP",
        ),
        ("#EXT-X-I-FRAMES-ONLY\n#EXTINF:6,\na\n#EXT-X-ENDLIST", "#EXT-X-I-FRAMES-ONLY"),
    ];
    for (lines, expected) in cases {
        match read(lines) {
            Err(DownloadError::Unsupported { feature, path }) => {
                assert!(feature.contains(expected), "{feature}");
                assert_eq!(path, "/videos/1/list.m3u8");
            }
            other => panic!("{lines}: {other:?}"),
        }
    }
}

#[test]
fn addresses_are_relative_to_the_playlist() {
    let media = media("#EXTINF:6,\na.ts?x=1\n#EXTINF:6,\n/b.ts\n#EXTINF:6,\nhttps://other.example/c.ts");

    let urls: Vec<_> = media.pieces.iter().map(|piece| piece.url.as_str()).collect();
    assert_eq!(
        urls,
        ["https://cdn.example/videos/1/a.ts?x=1", "https://cdn.example/b.ts", "https://other.example/c.ts"]
    );
}

#[test]
fn initialisation_vectors_come_from_the_playlist_or_from_the_segment_number() {
    let media = media(&format!(
        "#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:6,\na\n#EXTINF:6,\nb\n\
         #EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x10\n#EXTINF:6,\nc\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:6,\nd",
        u64::MAX
    ));

    let ivs: Vec<_> =
        media.pieces.iter().map(|piece| piece.cipher.as_ref().map(|cipher| cipher.iv)).collect();
    let iv = |number: u128| Some(number.to_be_bytes());
    assert_eq!(ivs, [iv(u64::MAX.into()), iv(u128::from(u64::MAX) + 1), iv(16), None]);
    assert_eq!(media.keys.len(), 1);
}

#[test]
fn best_stream_within_the_height_is_chosen() {
    let master = master(
        "#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=854x480\n480.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720\n720.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=3,RESOLUTION=1280x720\n720-rich.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=4,RESOLUTION=1920x1080\n1080.m3u8\n",
    );
    let chosen = |height| master.choose(&url(), height).unwrap().path().to_owned();

    assert_eq!(chosen(1080), "/videos/1/1080.m3u8");
    assert_eq!(chosen(720), "/videos/1/720-rich.m3u8");
    assert_eq!(chosen(100), "/videos/1/480.m3u8");
}

#[test]
fn variant_with_separate_audio_is_refused() {
    let master = master(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"ru\",NAME=\"ru\",URI=\"ru.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"ru\"\nvideo.m3u8\n",
    );

    assert!(matches!(master.choose(&url(), 1080), Err(DownloadError::Unsupported { .. })));
}

#[test]
fn stream_with_its_own_audio_is_preferred_at_the_same_height() {
    let master = master(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"ru\",NAME=\"ru\",URI=\"ru.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=1280x720,AUDIO=\"ru\"\nsilent.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720\nwhole.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=99\naudio.m3u8\n",
    );

    for height in [480, 720] {
        assert_eq!(master.choose(&url(), height).unwrap().path(), "/videos/1/whole.m3u8");
    }
}

#[test]
fn errors_do_not_show_the_query_of_the_playlist() {
    for lines in [
        "#EXT-X-DEFINE:QUERYPARAM=\"viewer\"\n#EXTINF:6,\n{$viewer}://[::1\n#EXT-X-ENDLIST",
        "#EXT-X-DEFINE:QUERYPARAM=\"viewer\"\n#EXTINF:6,\nhttp://[{$viewer}\n#EXT-X-ENDLIST",
    ] {
        let url = Url::parse("https://cdn.example/list.m3u8?viewer=private").unwrap();

        let error = parse(&url, format!("#EXTM3U\n{lines}").as_bytes(), None).unwrap_err();

        assert!(!format!("{error} {error:?}").contains("private"), "{error:?}");
    }
}
