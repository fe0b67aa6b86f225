//! Maps in Redis.

use anilibria_cache::coordination::{MapChange, RedisMap};
use bytes::Bytes;
use test_services::RedisServer;

use crate::redis;

fn map(server: &RedisServer) -> RedisMap {
    redis(server).build().unwrap().map("map")
}

async fn entries(map: &RedisMap) -> Vec<(String, Bytes)> {
    let mut entries = map.entries().await.unwrap();
    entries.sort();
    entries
}

#[tokio::test]
async fn changes_survive_the_process() {
    let Some(server) = RedisServer::start() else { return };
    let change = MapChange::default().put("a", "1").put("b", "2").put("c", "\0\u{1}");

    assert!(map(&server).change(&change).await.unwrap());
    assert!(map(&server).change(&MapChange::default().put("b", "3").remove("a").remove("z")).await.unwrap());

    let expected = [("b", &b"3"[..]), ("c", &b"\0\x01"[..])];
    assert_eq!(entries(&map(&server)).await, expected.map(|(field, value)| (field.to_owned(), value.into())));
}

#[tokio::test]
async fn clearing_change_of_many_fields_leaves_no_old_field() {
    let Some(server) = RedisServer::start() else { return };
    let map = map(&server);
    assert!(map.change(&MapChange::default().put("old", "1")).await.unwrap());

    let many = (0..20_000).fold(MapChange::default().clear(), |many, field| many.put(field.to_string(), "1"));
    assert!(map.change(&many).await.unwrap());

    let entries = entries(&map).await;
    assert_eq!(entries.len(), 20_000);
    assert!(entries.iter().all(|(field, _)| field != "old"));
}

#[tokio::test]
async fn change_with_a_smaller_fencing_token_is_rejected() {
    let Some(server) = RedisServer::start() else { return };
    let map = map(&server);

    assert!(map.change(&MapChange::default().fencing_token(1).put("by", "one")).await.unwrap());
    assert!(map.change(&MapChange::default().fencing_token(2).put("by", "two")).await.unwrap());
    assert!(!map.change(&MapChange::default().fencing_token(1).put("by", "one")).await.unwrap());

    assert_eq!(entries(&map).await, [("by".to_owned(), Bytes::from("two"))]);
}

#[tokio::test]
async fn values_of_single_fields_are_read_in_the_order_of_the_fields() {
    let Some(server) = RedisServer::start() else { return };
    let map = map(&server);
    assert!(map.change(&MapChange::default().put("a", "1").put("b", "\0")).await.unwrap());

    let read = async |fields: &[&str]| {
        let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
        map.get(&fields).await.unwrap()
    };

    let expected = [Some("\0"), None, Some("1")].map(|value| value.map(Bytes::from));
    assert_eq!(read(&["b", "z", "a"]).await, expected);
    assert_eq!(read(&[]).await, []);
}
