//! Maps on disk.

use std::fs;

use anilibria_cache::coordination::{DiskMap, MapChange};
use bytes::Bytes;

async fn fields(map: &DiskMap) -> Vec<String> {
    map.entries().await.unwrap().into_iter().map(|(field, _)| field).collect()
}

#[tokio::test]
async fn changes_survive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("of/its/own/map.redb");
    let map = DiskMap::open(&path).await.unwrap();
    assert!(map.entries().await.unwrap().is_empty());

    assert!(map.change(&MapChange::default().put("b", "1").put("a", "2")).await.unwrap());
    assert!(map.change(&MapChange::default().put("b", "3").put("c", "").remove("a")).await.unwrap());
    assert!(DiskMap::open(&path).await.is_err(), "two processes would have the same map");
    drop(map);

    let map = DiskMap::open(&path).await.unwrap();
    let expected = [("b", "3"), ("c", "")].map(|(field, value)| (field.to_owned(), Bytes::from(value)));
    assert_eq!(map.entries().await.unwrap(), expected);
    map.change(&MapChange::default().clear().put("d", "1")).await.unwrap();
    assert_eq!(fields(&map).await, ["d"]);
}

#[tokio::test]
async fn change_with_a_smaller_fencing_token_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let map = DiskMap::open(folder.path().join("map.redb")).await.unwrap();

    assert!(map.change(&MapChange::default().fencing_token(1).put("one", "")).await.unwrap());
    assert!(map.change(&MapChange::default().fencing_token(2).put("two", "")).await.unwrap());
    assert!(!map.change(&MapChange::default().fencing_token(1).put("three", "")).await.unwrap());
    assert!(map.change(&MapChange::default().put("four", "")).await.unwrap());

    assert_eq!(fields(&map).await, ["four", "one", "two"]);
}

#[tokio::test]
async fn damaged_file_is_renamed_and_replaced_by_an_empty_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.redb");
    for damaged in ["not a map at all".repeat(1000).into_bytes(), damaged_map(&path).await] {
        fs::write(&path, &damaged).unwrap();

        let map = DiskMap::open(&path).await.unwrap();

        assert!(map.entries().await.unwrap().is_empty());
        assert!(map.change(&MapChange::default().put("a", "1")).await.unwrap());
        assert_eq!(fs::read(folder.path().join("map.redb.corrupt")).unwrap(), damaged);
        drop(map);
        assert_eq!(fields(&DiskMap::open(&path).await.unwrap()).await, ["a"]);
    }
}

/// Returns the bytes of a map file of which a part is overwritten.
async fn damaged_map(path: &std::path::Path) -> Vec<u8> {
    let map = DiskMap::open(path).await.unwrap();
    let many = (0..2000).fold(MapChange::default(), |many, field| many.put(format!("{field:04}"), "1"));
    map.change(&many).await.unwrap();
    drop(map);
    let mut bytes = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    let half = bytes.len() / 2;
    bytes[4096..half].fill(0xA5);
    bytes
}
