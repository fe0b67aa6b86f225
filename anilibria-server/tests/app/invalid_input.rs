//! Property tests: invalid input gets an error envelope with a 4xx status and no internal details.

use std::sync::LazyLock;

use anilibria_server::app::root_endpoint::RootEndpoint;
use poem::{Endpoint as _, Request, http::Uri};
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::service_endpoint;

/// Texts that no response may contain: names of internals and paths of source files.
const INTERNALS: [&str; 6] = ["panick", "src/", "unwrap", "anilibria_", "RUST_BACKTRACE", "poem"];

/// Query parameters of the list of titles.
const PARAMETERS: [&str; 10] =
    ["page", "limit", "year", "season", "status", "sort", "order", "search", "genres[]", "mal_id"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

static ENDPOINT: LazyLock<RootEndpoint> = LazyLock::new(|| service_endpoint(&[]));

/// Generates URL-encoded values that are invalid for a parameter of any type.
fn invalid_value() -> impl Strategy<Value = String> {
    prop_oneof![
        // Not UTF-8.
        prop::sample::select(vec!["%ff", "%c0%80", "%ed%a0%80", "ab%80cd", "%f8%88%80%80%80"])
            .prop_map(String::from),
        // Too small, too large, and not a whole number.
        (i64::MIN..0).prop_map(|number| number.to_string()),
        "[1-9][0-9]{19,60}",
        "[0-9]{1,5}\\.[0-9]{1,5}",
        prop::sample::select(vec!["NaN", "1e9", "0x10", "%00", "1%00", "%D9%A3", "-0", "null"])
            .prop_map(String::from),
        // Injections for databases, file systems, templates and browsers.
        prop::sample::select(vec![
            "%24gt",
            "%7B%22%24ne%22%3Anull%7D",
            "1%20OR%201%3D1",
            "1%27%3B%20DROP%20TABLE%20titles%3B--",
            "..%2F..%2Fetc%2Fpasswd",
            "1%0d%0aSet-Cookie:%20a%3Db",
            "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
            "%24%7Bjndi%3Aldap%3A%2F%2Fx%7D",
            "{{7*7}}",
        ])
        .prop_map(str::to_owned),
        // Long numbers.
        (1000..4000_usize).prop_map(|len| "9".repeat(len)),
    ]
}

/// Generates percent-encoded bytes.
fn any_bytes() -> impl Strategy<Value = String> {
    "(%[0-9a-f]{2}){0,60}"
}

/// Returns the status, the headers as text, and the body of the response to `uri`.
fn get(uri: &str) -> (u16, String, Value) {
    RUNTIME.block_on(async {
        let request = Request::builder().uri(uri.parse::<Uri>().unwrap()).finish();
        let response = ENDPOINT.call(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), format!("{:?}", response.headers()));
        let text = response.into_body().into_string().await.unwrap();
        (status, headers, serde_json::from_str(&text).unwrap())
    })
}

/// Checks that the response to `uri` is an error envelope with one of `statuses` and without [`INTERNALS`].
fn check(uri: &str, statuses: &[u16]) -> Result<Value, TestCaseError> {
    let (status, headers, body) = get(uri);
    prop_assert!(statuses.contains(&status), "{} for {}: {}", status, uri, body);
    prop_assert_eq!(&body["success"], false);
    prop_assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string());
    prop_assert!(body["request_id"].is_string() && body["timestamp"].is_string());
    prop_assert!(!headers.to_lowercase().contains("set-cookie"), "{}", headers);
    let text = body.to_string();
    for internal in INTERNALS {
        prop_assert!(!text.contains(internal), "{} in {}", internal, text);
    }
    Ok(body)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invalid_number_is_a_client_error(value in invalid_value(), name in prop::sample::select(vec!["page", "limit"])) {
        for path in ["/titles", "/updates", "/popular", "/search?q=ok"] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let body = check(&format!("{path}{sign}{name}={value}"), &[400])?;

            prop_assert_eq!(&body["error"]["details"]["field"], name);
        }
    }

    #[test]
    fn invalid_keyword_is_a_client_error(
        value in invalid_value(),
        name in prop::sample::select(vec!["season", "status", "sort", "order"]),
    ) {
        let body = check(&format!("/titles?{name}={value}"), &[400])?;

        prop_assert_eq!(&body["error"]["details"]["field"], name);
    }

    #[test]
    fn invalid_title_id_is_a_client_error(value in invalid_value()) {
        for prefix in ["", "/api/anilibria/v2"] {
            check(&format!("{prefix}/titles/{value}"), &[400, 404])?;
        }
    }

    #[test]
    fn repeated_parameters_do_not_hide_an_invalid_one(
        value in invalid_value(),
        name in prop::sample::select(PARAMETERS.to_vec()),
        times in 1..12_usize,
    ) {
        let more = format!("&{name}={value}").repeat(times);

        check(&format!("/titles?page=0{more}"), &[400, 414])?;
    }

    #[test]
    fn unknown_path_is_a_client_error(path in any_bytes()) {
        check(&format!("/x{path}"), &[400, 404])?;
        check(&format!("/titles/1/..%2f{path}"), &[400, 404])?;
    }

    #[test]
    fn probe_ignores_arbitrary_header_bytes(
        name in prop::sample::select(vec![
            "accept-encoding", "if-none-match", "x-request-id", "traceparent", "x-forwarded-for", "origin", "accept",
        ]),
        bytes in prop::collection::vec(0x20..=0xff_u8, 0..200),
    ) {
        let value = poem::http::HeaderValue::from_bytes(&bytes);
        prop_assume!(value.is_ok());
        let (status, id) = RUNTIME.block_on(async {
            let request = Request::builder().uri(Uri::from_static("/live")).header(name, value.unwrap()).finish();
            let response = ENDPOINT.call(request).await.unwrap();
            (response.status().as_u16(), response.header("x-request-id").map(str::to_owned))
        });

        // `If-None-Match: *` does not apply: the probe has no entity tag.
        prop_assert_eq!(status, 200);
        prop_assert!(id.is_some_and(|id| id.is_ascii()));
    }
}
