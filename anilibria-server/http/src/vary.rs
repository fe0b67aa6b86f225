//! Response header `Vary`, in one line: some proxies read only its last line.

use poem::http::{HeaderMap, HeaderValue, header};

/// Adds `names` to `Vary` in `headers`: a comma-separated list of request headers on which the response depends.
pub fn add(headers: &mut HeaderMap, names: &'static str) {
    let value = match headers.get(header::VARY).and_then(|value| value.to_str().ok()) {
        Some(known) => HeaderValue::try_from(format!("{known}, {names}")),
        None => Ok(HeaderValue::from_static(names)),
    };
    if let Ok(value) = value {
        headers.insert(header::VARY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_one_line() {
        let mut headers = HeaderMap::new();

        add(&mut headers, "Accept-Encoding, Origin");
        add(&mut headers, "X-API-Version");

        let lines: Vec<_> = headers.get_all(header::VARY).iter().collect();
        assert_eq!(lines, ["Accept-Encoding, Origin, X-API-Version"]);
    }
}
