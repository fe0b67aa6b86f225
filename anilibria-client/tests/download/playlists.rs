//! Playlists in forms that hosts really serve: each one is downloaded correctly, or refused by an error that names the tag.

use aes::{
    Aes128,
    cipher::{
        BlockModeEncrypt, KeyIvInit,
        block_padding::{NoPadding, Pkcs7},
    },
};
use anilibria_client::download::DownloadError;
use mockito::{Matcher, Mock, Server, ServerGuard};

use super::support::{Directory, download_from, read, serve};

/// A host with the segments `seg/NAME` that the playlists below refer to.
struct Host {
    server: ServerGuard,
    mocks: Vec<Mock>,
}

impl Host {
    async fn new() -> Self {
        let mut host = Self { server: Server::new_async().await, mocks: Vec::new() };
        for name in ["init1", "init2", "a1", "a2"] {
            host.add(&format!("/seg/{name}"), segment(name)).await;
        }
        host
    }

    async fn add(&mut self, path: &str, body: impl AsRef<[u8]>) {
        let mock = serve(&mut self.server, path, body).await;
        self.mocks.push(mock);
    }

    /// Answers `path` with a redirect to `to`.
    async fn redirect(&mut self, path: &str, to: &str) {
        let mock = self.server.mock("GET", path).with_status(302).with_header("location", to);
        self.mocks.push(mock.create_async().await);
    }

    /// Downloads the stream at `path` and returns the content of the file. No file may be left after an error.
    async fn download(&self, path: &str) -> Result<Vec<u8>, DownloadError> {
        let directory = Directory::new();
        let file = directory.file("episode.ts");
        let result = download_from(&self.server, path).to_file(&file).await;
        assert_eq!(result.is_ok(), file.exists());
        result.map(|_| read(&file))
    }

    /// Downloads a playlist with this body.
    async fn download_text(&mut self, body: &str) -> Result<Vec<u8>, DownloadError> {
        let list = serve(&mut self.server, "/list.m3u8", body).await;
        let result = self.download("/list.m3u8").await;
        list.remove_async().await;
        result
    }

    /// Returns the error of a playlist that must not be downloaded.
    async fn refusal(&mut self, body: &str) -> String {
        match self.download_text(body).await {
            Err(error @ (DownloadError::Unsupported { .. } | DownloadError::Playlist { .. })) => {
                error.to_string()
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

fn segment(name: &str) -> String {
    format!("{name}\n").repeat(20)
}

fn segments(names: &[&str]) -> Vec<u8> {
    names.iter().map(|name| segment(name)).collect::<String>().into_bytes()
}

const TWO_SEGMENTS: &str = "#EXTM3U\n#EXTINF:10.000,\ns1.ts\n#EXTINF:10.000,\ns2.ts\n#EXT-X-ENDLIST\n";
const AES_KEY: [u8; 16] = [7; 16];

fn encrypt(plain: &[u8], iv: u128) -> Vec<u8> {
    let cipher = cbc::Encryptor::<Aes128>::new(&AES_KEY.into(), &iv.to_be_bytes().into());
    cipher.encrypt_padded_vec::<Pkcs7>(plain)
}

#[tokio::test]
async fn relative_addresses_resolve_against_the_address_after_redirects() {
    let mut host = Host::new().await;
    host.add("/deep/path/list.m3u8", TWO_SEGMENTS).await;
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720\nlist.m3u8\n";
    host.add("/deep/path/master.m3u8", master).await;
    host.add("/deep/path/s1.ts", "one\n").await;
    host.add("/deep/path/s2.ts", "two\n").await;
    host.redirect("/stream.php?id=list", "/deep/path/list.m3u8").await;
    host.redirect("/stream.php?id=master", "/deep/path/master.m3u8").await;

    for path in ["/deep/path/list.m3u8", "/stream.php?id=list", "/stream.php?id=master"] {
        assert_eq!(host.download(path).await.unwrap(), b"one\ntwo\n", "{path}");
    }
}

#[tokio::test]
async fn keys_maps_and_segments_are_found_beside_a_redirected_playlist() {
    let mut host = Host::new().await;
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x1\n#EXT-X-MAP:URI=\"init\"\n\
        #EXTINF:6,\nmoved\n#EXT-X-ENDLIST\n";
    host.add("/deep/list.m3u8", list).await;
    host.add("/deep/key", AES_KEY).await;
    host.add("/deep/init", encrypt(b"init ", 1)).await;
    host.add("/other/segment", encrypt(b"segment", 1)).await;
    host.redirect("/list", "/deep/list.m3u8").await;
    host.redirect("/deep/moved", "/other/segment").await;

    assert_eq!(host.download("/list").await.unwrap(), b"init segment");
}

#[tokio::test]
async fn media_is_redirected_to_another_host_without_referer_and_cookies() {
    let mut host = Host::new().await;
    let mut cdn = Server::new_async().await;
    let served = cdn.mock("GET", "/s1.ts").match_header("referer", Matcher::Missing);
    let served =
        served.match_header("cookie", Matcher::Missing).match_header("authorization", Matcher::Missing);
    let served = served.with_body("one").expect(1).create_async().await;
    host.add("/list.m3u8", "#EXTM3U\n#EXTINF:6,\na?viewer=secret\n#EXT-X-ENDLIST\n").await;
    host.redirect("/a?viewer=secret", &format!("{}/s1.ts", cdn.url())).await;

    assert_eq!(host.download("/list.m3u8").await.unwrap(), b"one");
    served.assert_async().await;
}

#[tokio::test]
async fn stray_spaces_and_missing_commas_are_accepted() {
    let mut host = Host::new().await;
    for body in [
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF: 4.000,\nseg/a1\n#EXTINF: 1.042,\nseg/a2\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE: 0\n#EXTINF:4.000 , title\nseg/a1\n#EXTINF:4,\nseg/a2\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:10.000\nseg/a1\n#EXTINF:10\nseg/a2\n#EXT-X-ENDLIST\n",
        "#EXTM3U \r\n\r\n#EXTINF:10,\r\n  seg/a1 \r\n#EXTINF:10,a, \"b\r\nseg/a2\r\n#EXT-X-ENDLIST \r\n",
        "#EXTM3U\n#EXT-X-MAP: URI = \"seg/a1\" , BYTERANGE=\"60@0\",\n#EXTINF:4,\nseg/a2\n#EXT-X-ENDLIST\n",
    ] {
        let part = host.server.mock("GET", "/seg/a1").match_header("range", "bytes=0-59").with_status(206);
        let part = part.with_body(segment("a1")).create_async().await;
        assert_eq!(host.download_text(body).await.unwrap(), segments(&["a1", "a2"]), "{body}");
        part.remove_async().await;
    }
}

#[tokio::test]
async fn attribute_lists_may_have_spaces_empty_values_and_a_trailing_comma() {
    let mut host = Host::new().await;
    host.add("/list15.m3u8", "#EXTM3U\n#EXTINF:10\nseg/a1\n#EXT-X-ENDLIST\n").await;
    host.add("/list15.m3u8?cdn=a,b&x=1", "#EXTM3U\n#EXTINF:10\nseg/a1\n#EXT-X-ENDLIST\n").await;
    for lines in [
        "#EXT-X-STREAM-INF:PROGRAM-ID=1, BANDWIDTH=10000000\nlist15.m3u8?cdn=a,b&x=1",
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720,\nlist15.m3u8",
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"\",LANGUAGE=\"\",URI=\"s.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720,CODECS=\"\",SUBTITLES=\"subs\"\nlist15.m3u8",
    ] {
        let body = format!("#EXTM3U\n{lines}\n");
        assert_eq!(host.download_text(&body).await.unwrap(), segments(&["a1"]), "{lines}");
    }
}

#[tokio::test]
async fn variables_are_replaced_by_their_values() {
    let mut host = Host::new().await;
    host.add("/seg/a1?t=1%2023", segment("a1")).await;
    host.add("/seg/a2?t=1%2023", segment("a2")).await;
    let list = "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME=\"path\",VALUE=\"seg/\"\n\
        #EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:6,\n{$path}a1?t={$token}\n#EXTINF:6,\n{$path}a2?t={$token}\n\
        #EXT-X-ENDLIST\n";
    host.add("/h4.m3u8?token=1%2023", list).await;

    assert_eq!(host.download("/h4.m3u8?token=1%2023").await.unwrap(), segments(&["a1", "a2"]));
}

#[tokio::test]
async fn variables_are_imported_from_the_master_playlist() {
    let mut host = Host::new().await;
    let media = "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"folder\"\n#EXT-X-MAP:URI=\"{$folder}/init1\"\n\
        #EXTINF:6,\n{$folder}/a1\n#EXT-X-ENDLIST\n";
    host.add("/media.m3u8", media).await;
    let master =
        "#EXTM3U\n#EXT-X-DEFINE:NAME=\"folder\",VALUE=\"seg\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmedia.m3u8\n";

    assert_eq!(host.download_text(master).await.unwrap(), segments(&["init1", "a1"]));
    let without_master = host.download("/media.m3u8").await.unwrap_err().to_string();
    assert!(without_master.contains("EXT-X-DEFINE") && without_master.contains("folder"), "{without_master}");
}

#[tokio::test]
async fn undefined_variable_is_an_error_that_names_the_tag_and_no_segment_is_fetched() {
    let mut host = Host::new().await;
    for lines in [
        "#EXTINF:6,\n{$path}a1",
        "#EXT-X-DEFINE:NAME=\"other\",VALUE=\"seg/\"\n#EXTINF:6,\n{$path}a1",
        "#EXT-X-DEFINE:QUERYPARAM=\"path\"\n#EXTINF:6,\n{$path}a1",
        "#EXT-X-DEFINE:NAME=\"path\"\n#EXTINF:6,\n{$path}a1",
    ] {
        let error = host.refusal(&format!("#EXTM3U\n{lines}\n#EXT-X-ENDLIST\n")).await;

        assert!(error.contains("#EXT-X-DEFINE") && error.contains("path"), "{error}");
    }
}

#[tokio::test]
async fn unencrypted_map_before_encrypted_segments_is_kept_as_it_is() {
    let mut host = Host::new().await;
    host.add("/init.mp4", "INIT").await;
    host.add("/key", AES_KEY).await;
    host.add("/m1.mp4", encrypt(&b"mp4 one ".repeat(5), 0)).await;
    host.add("/m2.mp4", encrypt(&b"mp4 two ".repeat(5), 1)).await;
    let list = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n\
        #EXTINF:6,\nm1.mp4\n#EXTINF:6,\nm2.mp4\n#EXT-X-ENDLIST\n";

    let file = host.download_text(list).await.unwrap();

    assert_eq!(file, [&b"INIT"[..], &b"mp4 one ".repeat(5), &b"mp4 two ".repeat(5)].concat());
}

#[tokio::test]
async fn encrypted_map_without_start_value_is_refused() {
    let mut host = Host::new().await;
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXT-X-MAP:URI=\"init\"\n#EXTINF:6,\na\n#EXT-X-ENDLIST\n";

    let error = host.refusal(list).await;

    assert!(error.contains("#EXT-X-MAP") && error.contains("IV"), "{error}");
}

#[tokio::test]
async fn repeated_map_is_written_once_and_a_different_one_is_refused() {
    let mut host = Host::new().await;
    let list = |second: &str| {
        format!(
            "#EXTM3U\n#EXT-X-MAP:URI=\"seg/init1\"\n#EXTINF:6,\nseg/a1\n#EXT-X-DISCONTINUITY\n\
             #EXT-X-MAP:URI=\"seg/{second}\"\n#EXTINF:6,\nseg/a2\n#EXT-X-ENDLIST\n"
        )
    };

    assert_eq!(host.download_text(&list("init1")).await.unwrap(), segments(&["init1", "a1", "a2"]));
    let error = host.refusal(&list("init2")).await;
    assert!(error.contains("#EXT-X-MAP"), "{error}");
}

#[tokio::test]
async fn discontinuity_between_transport_streams_is_no_obstacle() {
    let mut host = Host::new().await;
    let list = "#EXTM3U\n#EXTINF:6,\nseg/a1\n#EXT-X-DISCONTINUITY\n#EXTINF:6,\nseg/a2\n#EXT-X-ENDLIST\n";

    assert_eq!(host.download_text(list).await.unwrap(), segments(&["a1", "a2"]));
}

#[tokio::test]
async fn encrypted_segment_without_padding_is_an_error_that_does_not_blame_the_key() {
    let mut host = Host::new().await;
    let cipher = cbc::Encryptor::<Aes128>::new(&AES_KEY.into(), &1_u128.to_be_bytes().into());
    host.add("/np.ts", cipher.encrypt_padded_vec::<NoPadding>(&[0x47; 752])).await;
    host.add("/key", AES_KEY).await;
    let list = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:6,\nnp.ts\n#EXT-X-ENDLIST\n";

    let error = host.download_text(list).await.unwrap_err();

    assert!(matches!(&error, DownloadError::Decrypt { path, .. } if path == "/np.ts"), "{error:?}");
    assert!(error.to_string().contains("no valid PKCS#7 padding"), "{error}");
}

#[tokio::test]
async fn byte_ranges_of_one_file_are_joined_and_a_host_that_ignores_them_is_an_error() {
    let mut host = Host::new().await;
    let all = [vec![b'I'; 100], vec![b'A'; 200], vec![b'B'; 300], vec![b'C'; 50]].concat();
    for (first, last) in [(0, 99), (100, 299), (300, 599), (600, 649)] {
        let part =
            host.server.mock("GET", "/all.mp4").match_header("range", &*format!("bytes={first}-{last}"));
        let part = part.with_status(206).with_header("content-range", &format!("bytes {first}-{last}/650"));
        host.mocks.push(part.with_body(&all[first..=last]).create_async().await);
    }
    host.add("/norange/all.mp4", &all).await;
    let list = "#EXTM3U\n#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"100@0\"\n#EXTINF:6,\n#EXT-X-BYTERANGE:200@100\nall.mp4\n\
        #EXTINF:6,\n#EXT-X-BYTERANGE: 300\nall.mp4\n#EXT-X-BYTERANGE:50\n#EXTINF:6,\nall.mp4\n#EXT-X-ENDLIST\n";
    host.add("/norange/list.m3u8", list).await;

    assert_eq!(host.download_text(list).await.unwrap(), all);
    let error = host.download("/norange/list.m3u8").await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("byte ranges are not served"), "{source}");
}

#[tokio::test]
async fn other_bytes_than_those_that_were_requested_are_an_error() {
    let mut host = Host::new().await;
    let wrong = host.server.mock("GET", "/all.mp4").match_header("range", "bytes=100-102").with_status(206);
    let wrong = wrong.with_header("content-range", "bytes 0-2/650").with_body("III").create_async().await;
    let part = host.server.mock("GET", "/part.ts").with_status(206).with_body("III").create_async().await;
    host.mocks.extend([wrong, part]);

    let ranged = "#EXTM3U\n#EXTINF:6,\n#EXT-X-BYTERANGE:3@100\nall.mp4\n#EXT-X-ENDLIST\n";
    assert!(matches!(host.download_text(ranged).await, Err(DownloadError::Fetch { .. })));
    let whole = "#EXTM3U\n#EXTINF:6,\npart.ts\n#EXT-X-ENDLIST\n";
    assert!(matches!(host.download_text(whole).await, Err(DownloadError::Fetch { .. })));
}

#[tokio::test]
async fn web_page_with_the_type_of_a_video_is_a_block() {
    let mut host = Host::new().await;
    let page = host.server.mock("GET", "/page.ts").with_header("content-type", "video/mp2t");
    let page = page.with_body("\n<!DOCTYPE html><html>Just a moment…</html>").create_async().await;
    host.mocks.push(page);

    let error = host.download_text("#EXTM3U\n#EXTINF:6,\npage.ts\n#EXT-X-ENDLIST\n").await.unwrap_err();

    assert!(std::error::Error::source(&error).unwrap().to_string().contains("block"), "{error:?}");
}

#[tokio::test]
async fn streams_with_missing_segments_are_refused_by_tag() {
    let mut host = Host::new().await;
    for (lines, tag) in [
        ("#EXTINF:6,\nseg/a1\n#EXT-X-GAP\n#EXTINF:6,\nseg/a2", "#EXT-X-GAP"),
        ("#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:6,\nseg/a1", "#EXT-X-SKIP"),
        ("#EXTINF:6,\nseg/a1\n#EXTINF:6,", "#EXTINF"),
        ("#EXTINF:6,\nseg/a1\n#EXTINF:6,\n#EXTINF:6,\nseg/a2", "#EXTINF"),
        ("#EXTINF:6,\nseg/a1\nseg/a2", "#EXTINF"),
    ] {
        let error = host.refusal(&format!("#EXTM3U\n{lines}\n#EXT-X-ENDLIST\n")).await;

        assert!(error.contains(tag), "{lines}: {error}");
    }
}

#[tokio::test]
async fn audio_only_variants_are_never_taken_for_a_video_quality() {
    let mut host = Host::new().await;
    host.add("/video.m3u8", "#EXTM3U\n#EXTINF:6,\nseg/a1\n#EXT-X-ENDLIST\n").await;
    let audio = "#EXT-X-STREAM-INF:BANDWIDTH=9000000,CODECS=\"mp4a.40.2\"\naudio.m3u8\n";
    let video = "#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS=\"avc1.64001f,mp4a.40.2\"\nvideo.m3u8\n";

    assert_eq!(host.download_text(&format!("#EXTM3U\n{audio}{video}")).await.unwrap(), segments(&["a1"]));
    let error = host.refusal(&format!("#EXTM3U\n{audio}")).await;
    assert!(error.contains("#EXT-X-STREAM-INF") && error.contains("audio"), "{error}");
}

#[tokio::test]
async fn alternate_audio_is_refused_unless_the_variant_has_its_own() {
    let mut host = Host::new().await;
    host.add("/video.m3u8", "#EXTM3U\n#EXTINF:6,\nseg/a1\n#EXT-X-ENDLIST\n").await;
    let variant = "#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"g\"\nvideo.m3u8\n";
    let separate = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"ja\",URI=\"ja.m3u8\"\n";
    let own = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"ru\",DEFAULT=YES\n";

    let error = host.refusal(&format!("#EXTM3U\n{separate}{variant}")).await;
    assert!(error.contains("#EXT-X-MEDIA"), "{error}");
    let muxed = host.download_text(&format!("#EXTM3U\n{own}{separate}{variant}")).await.unwrap();
    assert_eq!(muxed, segments(&["a1"]));
}

#[tokio::test]
async fn identity_key_is_chosen_among_several_formats() {
    let mut host = Host::new().await;
    host.add("/key", AES_KEY).await;
    host.add("/a", encrypt(b"plain", 0)).await;
    let identity = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"";
    let widevine = "#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"data:text/plain;base64,AAAA\",\
        KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\",KEYFORMATVERSIONS=\"1\"";
    let apple = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://key\",KEYFORMAT=\"com.apple.streamingkeydelivery\"";
    let list = |keys: &[&str]| format!("#EXTM3U\n{}\n#EXTINF:6,\na\n#EXT-X-ENDLIST\n", keys.join("\n"));

    for keys in [[identity, widevine, apple], [apple, widevine, identity]] {
        assert_eq!(host.download_text(&list(&keys)).await.unwrap(), b"plain");
    }
    let error = host.refusal(&list(&[widevine, apple])).await;
    for part in ["#EXT-X-KEY", "com.apple.streamingkeydelivery", "urn:uuid:edef8ba9"] {
        assert!(error.contains(part), "{error}");
    }
    let error = host.refusal(&list(&["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"key\""])).await;
    assert!(error.contains("#EXT-X-KEY") && error.contains("SAMPLE-AES"), "{error}");
}
