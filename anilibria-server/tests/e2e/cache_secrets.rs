//! Passwords of back ends are shown nowhere.

use test_services::{MongoServer, RedisServer};

use crate::support::{Service, binary, eventually};

const SECRET: &str = "hunter2";

/// What is said to whoever asks, and in the log, by a service with these variables.
async fn said(variables: &[(&str, &str)]) -> String {
    let service = Service::sandbox(&["--log-level=debug"], variables);
    let mut said = String::new();
    for path in ["/titles/7", "/titles", "/health", "/ready", "/live"] {
        said += &service.get(path).await.text;
    }
    let shown = binary(&["config"]).envs(variables.iter().copied()).output().unwrap();
    said += &String::from_utf8_lossy(&[shown.stdout, shown.stderr].concat());
    // Until the back ends were found wanting.
    said += &eventually("a back end that does not answer", async || {
        let health = service.get("/health").await;
        (health.json()["cache"]["status"] == "degraded").then_some(health.text)
    })
    .await;
    said + &service.kill()
}

#[tokio::test]
async fn wrong_password_of_redis_is_shown_nowhere() {
    let Some(redis) = RedisServer::options().password("right").start() else { return };
    let url = format!("redis://:{SECRET}@127.0.0.1:{}/0", redis.port());

    let said = said(&[("REDIS_URL", &url)]).await;

    assert!(!said.contains(SECRET), "{said}");
    assert!(said.contains(":***@127.0.0.1"), "{said}");
}

#[tokio::test]
async fn password_of_back_ends_that_do_not_answer_is_shown_nowhere() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("redis://user:{SECRET}@{free}/0");
    let uri = format!("mongodb://admin:{SECRET}@{free}/site?authSource=admin");

    let said = said(&[("REDIS_URL", &url), ("MONGODB_URI", &uri)]).await;

    assert!(!said.contains(SECRET), "{said}");
    assert!(said.contains("admin:***@") && said.contains("user:***@"), "{said}");
}

#[tokio::test]
async fn wrong_password_of_mongodb_is_shown_nowhere() {
    let Some(mongo) = MongoServer::start() else { return };
    let uri = format!("mongodb://admin:{SECRET}@127.0.0.1:{}/site?authSource=admin", mongo.port());

    let said = said(&[("MONGODB_URI", &uri)]).await;

    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn malformed_url_is_refused_by_name_and_without_its_password() {
    for (variable, value) in [
        ("REDIS_URL", format!("redis://:{SECRET}@host:port:99999")),
        ("REDIS_URL", format!("http://user:{SECRET}@host/")),
        ("MONGODB_URI", format!("mongodb://admin:{SECRET}@host:99999999/site")),
        ("MONGODB_URI", format!("mongodb://admin:{SECRET}@host/")),
        ("MONGODB_URI", format!("mongodb+srv://admin:{SECRET}@host/site")),
    ] {
        let output = binary(&["--sandbox", "--port", "0"]).env(variable, &value).output().unwrap();

        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success());
        assert!(said.contains(variable) && !said.contains(SECRET), "{said}");
    }
}
