//! Schema of the documents, from the specifications of Torznab 1.3 and Newznab, and validation of documents against it.
//!
//! An element that is not listed, a missing or unknown attribute, and a wrong number of children are errors.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// An element: its name, its attributes, and its children with the minimum and maximum number of each.
struct Element {
    name: &'static str,
    attributes: &'static [&'static str],
    children: &'static [(&'static str, usize, usize)],
}

const MANY: usize = usize::MAX;

const NONE: &[&str] = &[];

/// Elements with a text, which is not empty.
const TEXTS: [&str; 9] =
    ["title", "description", "link", "language", "guid", "comments", "pubDate", "size", "category"];

const fn element(
    name: &'static str,
    attributes: &'static [&'static str],
    children: &'static [(&'static str, usize, usize)],
) -> Element {
    Element { name, attributes, children }
}

/// The elements, by their paths.
const SCHEMA: &[Element] = &[
    element(
        "caps",
        NONE,
        &[
            ("server", 1, 1),
            ("limits", 1, 1),
            ("registration", 0, 1),
            ("searching", 1, 1),
            ("categories", 1, 1),
            ("tags", 0, 1),
        ],
    ),
    element("caps/server", &["version", "title"], &[]),
    element("caps/limits", &["default", "max"], &[]),
    element("caps/registration", &["available", "open"], &[]),
    element(
        "caps/searching",
        NONE,
        &[
            ("search", 1, 1),
            ("tv-search", 1, 1),
            ("movie-search", 1, 1),
            ("audio-search", 0, 1),
            ("book-search", 0, 1),
        ],
    ),
    element("caps/searching/search", &["available", "supportedParams"], &[]),
    element("caps/searching/tv-search", &["available", "supportedParams"], &[]),
    element("caps/searching/movie-search", &["available", "supportedParams"], &[]),
    element("caps/searching/audio-search", &["available", "supportedParams"], &[]),
    element("caps/searching/book-search", &["available", "supportedParams"], &[]),
    element("caps/categories", NONE, &[("category", 1, MANY)]),
    element("caps/categories/category", &["id", "name"], &[("subcat", 0, MANY)]),
    element("caps/categories/category/subcat", &["id", "name"], &[]),
    element("caps/tags", NONE, &[]),
    element("error", &["code", "description"], &[]),
    element("rss", &["version", "xmlns:atom", "xmlns:newznab", "xmlns:torznab"], &[("channel", 1, 1)]),
    element(
        "rss/channel",
        NONE,
        &[
            ("atom:link", 1, 1),
            ("title", 1, 1),
            ("description", 1, 1),
            ("link", 1, 1),
            ("language", 1, 1),
            ("newznab:response", 1, 1),
            ("item", 0, 100),
        ],
    ),
    element("rss/channel/atom:link", &["href", "rel", "type"], &[]),
    element("rss/channel/newznab:response", &["offset", "total"], &[]),
    element(
        "rss/channel/item",
        NONE,
        &[
            ("title", 1, 1),
            ("guid", 1, 1),
            ("comments", 1, 1),
            ("pubDate", 0, 1),
            ("size", 1, 1),
            ("link", 1, 1),
            ("category", 1, MANY),
            ("enclosure", 1, 1),
            ("torznab:attr", 1, MANY),
        ],
    ),
    element("rss/channel/item/guid", &["isPermaLink"], &[]),
    element("rss/channel/item/enclosure", &["url", "length", "type"], &[]),
    element("rss/channel/item/torznab:attr", &["name", "value"], &[]),
];

/// Names of attributes that the specification defines.
const ATTRIBUTES: [&str; 16] = [
    "category",
    "size",
    "seeders",
    "leechers",
    "peers",
    "grabs",
    "infohash",
    "magneturl",
    "downloadvolumefactor",
    "uploadvolumefactor",
    "year",
    "season",
    "episode",
    "language",
    "coverurl",
    "files",
];

/// An open element with the names of its children so far.
struct OpenElement {
    path: String,
    children: Vec<String>,
    text: String,
}

/// Fails unless `document` is valid.
pub(crate) fn validate(document: &str) {
    assert!(document.starts_with(r#"<?xml version="1.0" encoding="utf-8"?>"#), "{document}");
    let mut reader = Reader::from_str(document);
    let mut open: Vec<OpenElement> = Vec::new();
    let mut roots = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                roots += usize::from(open.is_empty());
                begin(&mut open, &start);
            }
            Event::Empty(start) => {
                roots += usize::from(open.is_empty());
                begin(&mut open, &start);
                end(&open.pop().unwrap());
            }
            Event::End(_) => end(&open.pop().unwrap()),
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
            Event::GeneralRef(reference) => {
                open.last_mut().unwrap().text.push_str(&reference);
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!((roots, open.len()), (1, 0), "{document}");
}

fn begin(open: &mut Vec<OpenElement>, start: &BytesStart<'_>) {
    let name = start.name().as_ref().to_owned();
    let path = match open.last_mut() {
        Some(parent) => {
            parent.children.push(name.clone());
            format!("{}/{name}", parent.path)
        }
        None => name.clone(),
    };
    let attributes: Vec<(String, String)> = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.unwrap();
            let name = attribute.key.as_ref().to_owned();
            (name, attribute.value.into_owned())
        })
        .collect();
    let names: Vec<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
    let known = SCHEMA.iter().find(|element| element.name == path);
    match known {
        Some(element) => assert_eq!(names, element.attributes, "{path}"),
        None => assert!(TEXTS.contains(&name.as_str()) && names.is_empty(), "{path}"),
    }
    if name == "torznab:attr" {
        let (name, value) = (&attributes[0].1, &attributes[1].1);
        assert!(ATTRIBUTES.contains(&name.as_str()), "{name}");
        assert!(!value.is_empty(), "{name}");
    }
    open.push(OpenElement { path, children: Vec::new(), text: String::new() });
}

fn end(open: &OpenElement) {
    let known = SCHEMA.iter().find(|element| element.name == open.path);
    let children = known.map_or(&[][..], |element| element.children);
    for (name, min, max) in children {
        let count = open.children.iter().filter(|child| child == name).count();
        assert!((*min..=*max).contains(&count), "{} of {name} in {}", count, open.path);
    }
    let unknown = open.children.iter().find(|child| !children.iter().any(|(name, ..)| name == child));
    assert_eq!(unknown, None, "{}", open.path);
    let has_text = known.is_none() || open.path.ends_with("/guid");
    assert_eq!(has_text, !open.text.trim().is_empty(), "text of {}: {}", open.path, open.text);
}

#[test]
fn invalid_documents_fail() {
    let fails = |body: &str| {
        let document = format!(r#"<?xml version="1.0" encoding="utf-8"?>{body}"#);
        std::panic::catch_unwind(|| validate(&document)).is_err()
    };

    assert!(!fails(r#"<error code="1" description="x"/>"#));
    for body in [
        "",
        "<error/>",
        r#"<error code="1" description="x" more="y"/>"#,
        r#"<error code="1" description="x"/><error code="1" description="x"/>"#,
        r#"<error code="1" description="x">text</error>"#,
        "<caps><tags/></caps>",
        "<other/>",
    ] {
        assert!(fails(body), "{body}");
    }
}
