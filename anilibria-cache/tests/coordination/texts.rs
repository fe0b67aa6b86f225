//! Texts that other programs read and write.

use test_services::RedisServer;

use crate::redis;

#[tokio::test]
async fn texts_are_under_the_very_names_that_are_given() {
    let Some(server) = RedisServer::start() else { return };
    let texts = redis(&server).build().unwrap().texts();

    texts.set("feature:a:global", "enabled").await.unwrap();

    assert_eq!(server.cli(&["GET", "feature:a:global"]), "enabled");
    server.cli(&["SET", "feature:a:percentage", "25"]);
    let found = texts.get(&["feature:a:percentage", "feature:b:global", "feature:a:global"]).await.unwrap();
    assert_eq!(found, [Some("25".to_owned()), None, Some("enabled".to_owned())]);
}

#[tokio::test]
async fn names_are_those_of_texts_that_match_and_no_more_than_are_wanted() {
    let Some(server) = RedisServer::start() else { return };
    let texts = redis(&server).build().unwrap().texts();
    for name in ["feature:b", "feature:a", "feature?c", "other:a"] {
        texts.set(name, "x").await.unwrap();
    }
    server.cli(&["SADD", "feature:set", "x"]);

    let all = texts.names(&"feature:*".into(), 10).await.unwrap();
    texts.remove("feature:a").await.unwrap();
    texts.remove("feature:a").await.unwrap();

    assert_eq!(all, ["feature:a", "feature:b"]);
    assert_eq!(texts.names(&"feature:*".into(), 10).await.unwrap(), ["feature:b"]);
    assert_eq!(texts.names(&"*".into(), 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn texts_of_a_server_that_is_away_are_an_error() {
    let Some(server) = RedisServer::start() else { return };
    let texts = redis(&server).build().unwrap().texts();
    drop(server);

    assert!(texts.get(&["a"]).await.is_err());
    assert!(texts.set("a", "b").await.is_err());
}
