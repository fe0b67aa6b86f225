//! String keys that other programs read and write.

use test_services::RedisServer;

use crate::redis;

#[tokio::test]
async fn keys_have_no_prefix() {
    let Some(server) = RedisServer::start() else { return };
    let strings = redis(&server).build().unwrap().strings();

    strings.set("feature:a:global", "enabled").await.unwrap();

    assert_eq!(server.cli(&["GET", "feature:a:global"]), "enabled");
    server.cli(&["SET", "feature:a:percentage", "25"]);
    let found = strings.get(&["feature:a:percentage", "feature:b:global", "feature:a:global"]).await.unwrap();
    assert_eq!(found, [Some("25".to_owned()), None, Some("enabled".to_owned())]);
}

#[tokio::test]
async fn keys_are_the_string_keys_that_match_up_to_a_limit() {
    let Some(server) = RedisServer::start() else { return };
    let strings = redis(&server).build().unwrap().strings();
    for key in ["feature:b", "feature:a", "feature?c", "other:a"] {
        strings.set(key, "x").await.unwrap();
    }
    server.cli(&["SADD", "feature:set", "x"]);

    let all = strings.keys(&"feature:*".into(), 10).await.unwrap();
    strings.remove("feature:a").await.unwrap();
    strings.remove("feature:a").await.unwrap();

    assert_eq!(all, ["feature:a", "feature:b"]);
    assert_eq!(strings.keys(&"feature:*".into(), 10).await.unwrap(), ["feature:b"]);
    assert_eq!(strings.keys(&"*".into(), 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn unreachable_server_is_an_error() {
    let Some(server) = RedisServer::start() else { return };
    let strings = redis(&server).build().unwrap().strings();
    drop(server);

    assert!(strings.get(&["a"]).await.is_err());
    assert!(strings.set("a", "b").await.is_err());
}
