//! Tests that parse rendered feeds and compare their contents.

use feed_rs::{
    model::FeedType,
    parser::{self, Parser},
};
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

/// Returns a feed of one item.
fn feed() -> Feed {
    Feed {
        title: "АниЛибрия".to_owned(),
        description: "Раздачи & релизы".to_owned(),
        link: "https://site.example/".to_owned(),
        self_link: "https://site.example/v3/torrent/rss?limit=5&since=1".to_owned(),
        generator: "API v3.0.14".to_owned(),
        items: vec![FeedItem {
            torrent_id: 123,
            title: "Имя <1> / Name & \"Co\" | 1-12 [WEBRip 1080p]".to_owned(),
            link: "https://site.example/release/name.html".to_owned(),
            published: datetime!(2023-11-15 01:13:20 +3),
            description: Some("Первая строка\nВторая <b> & ]]> третья".to_owned()),
            enclosure_url: "https://site.example/public/torrent/download.php?id=123&session=x".to_owned(),
            enclosure_length: 4_801_286_259,
        }],
    }
}

/// Renders the feed to text.
fn rendered(feed: &Feed, format: FeedFormat) -> String {
    String::from_utf8(feed.render(format).unwrap()).unwrap()
}

#[test]
fn rss_has_the_elements_that_readers_and_torrent_clients_need() {
    let xml = rendered(&feed(), FeedFormat::Rss);

    for part in [
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>",
        "<language>ru</language><generator>API v3.0.14</generator>",
        "<lastBuildDate>Tue, 14 Nov 2023 22:13:20 +0000</lastBuildDate>",
        "<atom:link href=\"https://site.example/v3/torrent/rss?limit=5&amp;since=1\" rel=\"self\" type=\"application/rss+xml\"/>",
        "<title><![CDATA[Имя <1> / Name & \"Co\" | 1-12 [WEBRip 1080p]]]></title>",
        "<guid isPermaLink=\"false\">123</guid><pubDate>Tue, 14 Nov 2023 22:13:20 +0000</pubDate>",
        "<description><![CDATA[Первая строка<br>Вторая &lt;b&gt; &amp; ]]&gt; третья]]></description>",
        "<enclosure url=\"https://site.example/public/torrent/download.php?id=123&amp;session=x\" length=\"4801286259\" \
         type=\"application/x-bittorrent\"/></item></channel></rss>",
    ] {
        assert!(xml.contains(part), "{part}\nis not in\n{xml}");
    }
}

#[test]
fn feed_reader_parses_rss() {
    let read = parser::parse(rendered(&feed(), FeedFormat::Rss).as_bytes()).unwrap();

    assert_eq!(read.feed_type, FeedType::RSS2);
    assert_eq!(read.title.unwrap().content, feed().title);
    assert_eq!(read.description.unwrap().content, feed().description);
    assert_eq!(read.language.as_deref(), Some("ru"));
    let [entry] = &read.entries[..] else { panic!("{} entries", read.entries.len()) };
    assert_eq!(entry.id, "123");
    assert_eq!(entry.title.as_ref().unwrap().content, feed().items[0].title);
    assert_eq!(entry.published.unwrap().timestamp(), feed().items[0].published.unix_timestamp());
    assert_eq!(entry.links[0].href, feed().items[0].link);
    let file = &entry.media[0].content[0];
    assert_eq!(file.url.as_ref().unwrap().as_str(), feed().items[0].enclosure_url);
    assert_eq!(file.size, Some(4_801_286_259));
    assert_eq!(file.content_type.as_ref().unwrap().to_string(), TORRENT);
}

#[test]
fn feed_reader_parses_atom() {
    let read = parser::parse(rendered(&feed(), FeedFormat::Atom).as_bytes()).unwrap();

    assert_eq!(read.feed_type, FeedType::Atom);
    assert_eq!(read.id, "tag:anilibria.tv,2022:torrents");
    assert_eq!(read.authors[0].name, Some(feed().title));
    assert_eq!(read.generator.unwrap().content, "API v3.0.14");
    assert_eq!(read.updated.unwrap().timestamp(), feed().items[0].published.unix_timestamp());
    let links: Vec<_> = read.links.iter().map(|link| (link.rel.as_deref(), link.href.as_str())).collect();
    assert_eq!(links, [(Some("self"), feed().self_link.as_str()), (Some("alternate"), &feed().link)]);
    let [entry] = &read.entries[..] else { panic!("{} entries", read.entries.len()) };
    assert_eq!(entry.id, "tag:anilibria.tv,2022:torrents/123");
    assert_eq!(entry.title.as_ref().unwrap().content, feed().items[0].title);
    assert_eq!(entry.summary.as_ref().unwrap().content, *feed().items[0].description.as_ref().unwrap());
    assert_eq!(entry.published, entry.updated);
    let file = entry.links.iter().find(|link| link.rel.as_deref() == Some("enclosure")).unwrap();
    assert_eq!(
        (file.href.as_str(), file.length),
        (feed().items[0].enclosure_url.as_str(), Some(4_801_286_259))
    );
    assert_eq!(file.media_type.as_deref(), Some(TORRENT));
}

#[test]
fn feed_reader_parses_json() {
    let text = rendered(&feed(), FeedFormat::Json);
    let read = parser::parse(text.as_bytes()).unwrap();

    assert_eq!(read.feed_type, FeedType::JSON);
    assert!(text.starts_with(r#"{"version":"https://jsonfeed.org/version/1.1","#), "{text}");
    assert_eq!(read.title.unwrap().content, feed().title);
    let [entry] = &read.entries[..] else { panic!("{} entries", read.entries.len()) };
    assert_eq!(entry.id, "123");
    assert_eq!(entry.title.as_ref().unwrap().content, feed().items[0].title);
    assert_eq!(entry.published.unwrap().timestamp(), feed().items[0].published.unix_timestamp());
    assert_eq!(entry.content.as_ref().unwrap().body, feed().items[0].description);
    assert!(text.contains(r#""mime_type":"application/x-bittorrent","size_in_bytes":4801286259"#), "{text}");
}

#[test]
fn feed_without_items_is_valid() {
    for (format, kind) in [
        (FeedFormat::Rss, FeedType::RSS2),
        (FeedFormat::Atom, FeedType::Atom),
        (FeedFormat::Json, FeedType::JSON),
    ] {
        let read = parser::parse(rendered(&Feed { items: Vec::new(), ..feed() }, format).as_bytes()).unwrap();

        assert_eq!((read.feed_type, read.entries.len()), (kind, 0));
    }
}

#[test]
fn title_is_the_content_of_an_item_without_a_description() {
    let item = FeedItem { description: None, ..feed().items[0].clone() };
    let feed = Feed { items: vec![item], ..feed() };

    assert!(rendered(&feed, FeedFormat::Json).contains(r#""content_text":"Имя <1>"#));
    assert_eq!(rendered(&feed, FeedFormat::Rss).matches("<description>").count(), 1);
    assert!(!rendered(&feed, FeedFormat::Atom).contains("<summary>"));
}

#[test]
fn time_that_the_format_cannot_represent_is_left_out() {
    let item = FeedItem { published: datetime!(1800-01-01 0:00 UTC), ..feed().items[0].clone() };
    let feed = Feed { items: vec![item], ..feed() };

    assert!(!rendered(&feed, FeedFormat::Rss).contains("<pubDate>"));
    assert!(rendered(&feed, FeedFormat::Atom).contains("<published>1800-01-01T00:00:00Z</published>"));
}

#[test]
fn characters_that_xml_cannot_represent_are_left_out() {
    let text = "a\u{0}\u{8}\t\u{b}\u{c}\r\n\u{1f}\u{fffe}\u{ffff}b\u{1F600}";
    let item = FeedItem {
        title: text.to_owned(),
        description: Some(text.to_owned()),
        enclosure_url: text.to_owned(),
        ..feed().items[0].clone()
    };
    let feed = Feed { title: text.to_owned(), items: vec![item], ..feed() };

    for format in [FeedFormat::Rss, FeedFormat::Atom] {
        let written = rendered(&feed, format);

        let wrong = |c: char| (c < ' ' && !"\t\r\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
        assert!(!written.contains(wrong) && written.contains('\u{1F600}'), "{written:?}");
    }
}

#[test]
fn unknown_parts_of_an_item_title_are_left_out() {
    assert_eq!(
        item_title("Имя", Some("Name"), Some("1-12"), Some("WEBRip 1080p")),
        "Имя / Name | 1-12 [WEBRip 1080p]"
    );
    assert_eq!(item_title("Имя", None, Some(" "), Some("WEBRip 1080p")), "Имя [WEBRip 1080p]");
    assert_eq!(item_title(" Имя ", Some(""), None, None), "Имя");
}

#[test]
fn formats_are_parsed_from_their_names() {
    let types = ["rss", "atom", "json"].map(|name| FeedFormat::from_name(name).unwrap().content_type());

    assert!(types[0].starts_with("application/rss+xml") && types[1].starts_with("application/atom+xml"));
    assert!(types[2].starts_with("application/feed+json"));
    assert_eq!(FeedFormat::from_name("RSS"), None);
}

/// Parses the rendered feed without sanitizing its texts.
fn reread(feed: &Feed, format: FeedFormat) -> feed_rs::model::Feed {
    let parser: Parser = parser::Builder::new().build();
    parser.parse(rendered(feed, format).as_bytes()).unwrap()
}

proptest! {
    #[test]
    fn texts_cannot_inject_elements(title: String, description: String, address: String) {
        let item = FeedItem {
            title: title.clone(), description: Some(description), enclosure_url: address.clone(), ..feed().items[0].clone()
        };
        let feed = Feed { title, self_link: address, items: vec![item], ..feed() };

        for format in [FeedFormat::Rss, FeedFormat::Atom, FeedFormat::Json] {
            prop_assert_eq!(reread(&feed, format).entries.len(), 1);
        }
    }

    #[test]
    fn feed_reader_reads_the_title_unchanged(title in "[a-z]([ -~а-я]|\\]\\]>|<!\\[CDATA\\[|&amp;){0,20}[a-z]") {
        let item = FeedItem { title: title.clone(), ..feed().items[0].clone() };
        let feed = Feed { items: vec![item], ..feed() };

        for format in [FeedFormat::Rss, FeedFormat::Atom, FeedFormat::Json] {
            let read = reread(&feed, format).entries.remove(0).title.unwrap().content;

            prop_assert_eq!(&read, &title);
        }
    }
}
