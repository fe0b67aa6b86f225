//! Invalid requests and their codes.

use anilibria_torznab::{Error, Parameters};

use crate::support::{index, search};

/// Returns the code and the description of the error of a request.
fn error_of(request: &str) -> (u16, String) {
    let error: Error = search(&index(Vec::new(), &[]), request).unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn function_must_be_present_and_known() {
    assert_eq!(error_of(""), (200, "missing parameter: `t`".to_owned()));
    assert_eq!(error_of("t=&q=x"), (200, "missing parameter: `t`".to_owned()));
    assert_eq!(error_of("t=nonsense"), (202, "no such function: `nonsense`".to_owned()));
    assert_eq!(error_of("t=<script>%00").1, "no such function: `<script>`");
    assert!(error_of(&format!("t={}", "x".repeat(5000))).1.len() < 100);
    for name in ["music", "book", "details", "get", "register", "comments"] {
        assert_eq!(error_of(&format!("t={name}")).0, 203, "{name}");
    }
}

#[test]
fn error_names_the_parameter_and_the_reason() {
    for (request, description) in [
        ("offset=-1", "`offset` must be a whole number from 0 to 4294967295"),
        ("offset=99999999999999999999", "`offset` must be a whole number from 0 to 4294967295"),
        ("offset=%2B1", "`offset` must be a whole number from 0 to 4294967295"),
        ("limit=0", "`limit` must be a whole number from 1 to 4294967295"),
        ("limit=ten", "`limit` must be a whole number from 1 to 4294967295"),
        ("season=two", "`season` must be a whole number from 0 to 9999"),
        ("season=-1", "`season` must be a whole number from 0 to 9999"),
        ("season=12345", "`season` must be a whole number from 0 to 9999"),
        ("ep=1.5", "`ep` must be a whole number from 0 to 9999, or a month and a day"),
        ("ep=99999999999", "`ep` must be a whole number from 0 to 9999, or a month and a day"),
        ("year=0", "`year` must be a whole number from 1 to 9999"),
        ("year=soon", "`year` must be a whole number from 1 to 9999"),
        ("cat=anime", "`cat` must be a list of numbers"),
        ("cat=5070;2000", "`cat` must be a list of numbers"),
        ("cat=-5070", "`cat` must be a list of numbers"),
        ("cat=99999999999", "`cat` must be a list of numbers"),
        ("o=json", "`o` must be xml"),
        ("tvdbid=1&season=1", "`tvdbid` is not supported, send the title as `q`"),
        ("imdbid=tt1", "`imdbid` is not supported, send the title as `q`"),
        ("malid=1", "`malid` is not supported, send the title as `q`"),
        ("q=a&q=b", "`q` has two different values"),
        ("limit=1&LIMIT=2", "`limit` has two different values"),
    ] {
        let expected = (201, format!("incorrect parameter: {description}"));
        assert_eq!(error_of(&format!("t=search&{request}")), expected, "{request}");
    }
}

#[test]
fn lengths_are_limited() {
    let error_of = |request: &str| error_of(&format!("t=search&{request}")).1;

    assert!(error_of(&format!("q={}", "x".repeat(257))).contains("longer than 256 characters"));
    assert!(error_of(&format!("q={}", "x+".repeat(100))).contains("more than 32 words"));
    assert!(error_of(&format!("cat={}", "1,".repeat(257))).contains("more than 256 numbers"));
    let many: Vec<String> = (0..100).map(|number| format!("a{number}=1")).collect();
    assert!(error_of(&many.join("&")).contains("one parameter too many"));
}

#[test]
fn key_is_not_printed() {
    let parameters = Parameters::parse("t=caps&apikey=hunter2").unwrap();

    assert_eq!(parameters.key(), Some("hunter2"));
    assert_eq!(format!("{parameters:?}"), r#"{"t", "apikey"}"#);
}

#[test]
fn harmless_parameters_are_accepted() {
    let index = index(Vec::new(), &[]);
    for request in [
        "t=search&o=XML",
        "t=search&t=search&q=a&q=a",
        "t=tvsearch&q=Name&tvdbid=1&rid=2",
        "t=search&extended=1&attrs=poster,size&maxage=10&password=1&unknown=x",
        "t=search&limit=4294967295",
        "t=search&q=!!!",
        "t=tv-search&q=x",
        "t=movie-search&q=x",
    ] {
        assert!(search(&index, request).is_ok(), "{request}");
    }
}
