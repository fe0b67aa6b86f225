//! A service whose records may have unexpected values.

use std::sync::{Arc, Mutex};

use anilibria_client::Client;
use mockito::{Matcher, Server, ServerGuard};
use url::form_urlencoded;

/// A field that occurs twice, which makes a record impossible to decode.
pub(crate) const DUPLICATE_FIELD: &str = r#","alias":"one","alias":"two""#;

/// A release of the service.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) id: u32,
    /// Number of episodes.
    pub(crate) episodes: u32,
    /// Day of the last episode, counted from the first of the year.
    pub(crate) day: u32,
    /// A field that is added to the record in all lists, or nothing.
    pub(crate) extra_field: &'static str,
    /// A field that is added to the record in lists of releases by id only, or nothing.
    pub(crate) extra_field_by_id: &'static str,
}

impl Record {
    /// A release with one episode, which came out on day `id`.
    pub(crate) fn new(id: u32) -> Self {
        Self { id, episodes: 1, day: id, extra_field: "", extra_field_by_id: "" }
    }

    fn json(&self, is_by_id: bool) -> String {
        let Self { id, episodes, day, extra_field, extra_field_by_id } = self;
        let (month, day) = (day / 28 + 1, day % 28 + 1);
        let episode =
            |number: u32| format!(r#"{{"id":"00000000-0000-0000-{id:04}-{number:012}","ordinal":{number}}}"#);
        let episodes: Vec<_> = (1..=*episodes).map(episode).collect();
        let by_id = if is_by_id { extra_field_by_id } else { "" };
        format!(
            r#"{{"id":{id},"fresh_at":"2026-{month:02}-{day:02}T00:00:00+00:00","is_ongoing":true{extra_field}{by_id},"episodes":[{}]}}"#,
            episodes.join(",")
        )
    }
}

/// A service whose records may have unexpected values.
pub(crate) struct MalformedService {
    server: ServerGuard,
    records: Arc<Mutex<Vec<Record>>>,
}

impl MalformedService {
    /// Starts a service of the releases 1 to `count`.
    pub(crate) async fn start(count: u32) -> Self {
        let records = Arc::new(Mutex::new((1..=count).map(Record::new).collect::<Vec<_>>()));
        let mut server = Server::new_async().await;
        let shown = Arc::clone(&records);
        let mock = server.mock("GET", Matcher::Any).with_header("content-type", "application/json");
        let mock = mock.with_body_from_request(move |request| {
            respond(request.path_and_query(), shown.lock().unwrap().clone()).into()
        });
        mock.create_async().await;
        Self { server, records }
    }

    /// The base URL of the service.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// A client of the service with the default settings.
    pub(crate) fn client(&self) -> Client {
        Client::builder().mirror(self.url()).build().unwrap()
    }

    /// Changes the records.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<Record>)) {
        change(&mut self.records.lock().unwrap());
    }

    /// Changes the record of one release.
    pub(crate) fn change_one(&self, id: u32, change: impl FnOnce(&mut Record)) {
        self.change(|records| change(records.iter_mut().find(|record| record.id == id).unwrap()));
    }
}

fn respond(target: &str, mut records: Vec<Record>) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let number = |name: &str| {
        query.iter().find(|(key, _)| key == name).map(|(_, value)| value.parse::<usize>().unwrap())
    };
    let is_by_id = path.ends_with("/anime/releases/list");
    records.sort_by_key(|record| std::cmp::Reverse(record.day));
    if is_by_id {
        let ids: Vec<u32> = query
            .iter()
            .filter(|(key, _)| key.starts_with("ids"))
            .flat_map(|(_, ids)| ids.split(',').map(|id| id.parse().unwrap()).collect::<Vec<_>>())
            .collect();
        records.retain(|record| ids.contains(&record.id));
    }
    let (page, limit, total) = (number("page").unwrap_or(1), number("limit").unwrap(), records.len());
    let shown: Vec<_> =
        records.iter().skip((page - 1) * limit).take(limit).map(|record| record.json(is_by_id)).collect();
    let items = format!("[{}]", shown.join(","));
    if path.ends_with("/anime/releases/latest") {
        return items;
    }
    let pages = total.div_ceil(limit);
    let meta = format!(r#"{{"pagination":{{"total":{total},"total_pages":{pages},"current_page":{page}}}}}"#);
    format!(r#"{{"data":{items},"meta":{meta}}}"#)
}
