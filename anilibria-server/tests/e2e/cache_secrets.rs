//! Passwords of back ends do not appear in responses and logs.

use test_services::{MongoServer, RedisServer};

use crate::support::{Service, binary, eventually};

const SECRET: &str = "hunter2";

/// Returns the responses, the printed settings and the log of a service with these variables.
async fn output(variables: &[(&str, &str)]) -> String {
    let service = Service::sandbox(&["--log-level=debug"], variables);
    let mut output = String::new();
    for path in ["/titles/7", "/titles", "/health", "/ready", "/live"] {
        output += &service.get(path).await.text;
    }
    let config = binary(&["config"]).envs(variables.iter().copied()).output().unwrap();
    output += &String::from_utf8_lossy(&[config.stdout, config.stderr].concat());
    // The log must include the failures of the back ends.
    output += &eventually("a back end that does not answer", async || {
        let health = service.get("/health").await;
        (health.json()["cache"]["status"] == "degraded").then_some(health.text)
    })
    .await;
    output + &service.kill()
}

#[tokio::test]
async fn wrong_password_of_redis_is_not_shown() {
    let Some(redis) = RedisServer::options().password("right").start() else { return };
    let url = format!("redis://:{SECRET}@127.0.0.1:{}/0", redis.port());

    let output = output(&[("REDIS_URL", &url)]).await;

    assert!(!output.contains(SECRET), "{output}");
    assert!(output.contains(":***@127.0.0.1"), "{output}");
}

#[tokio::test]
async fn password_of_unreachable_back_ends_is_not_shown() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("redis://user:{SECRET}@{free}/0");
    let uri = format!("mongodb://admin:{SECRET}@{free}/site?authSource=admin");

    let output = output(&[("REDIS_URL", &url), ("MONGODB_URI", &uri)]).await;

    assert!(!output.contains(SECRET), "{output}");
    assert!(output.contains("admin:***@") && output.contains("user:***@"), "{output}");
}

#[tokio::test]
async fn wrong_password_of_mongodb_is_not_shown() {
    let Some(mongo) = MongoServer::start() else { return };
    let uri = format!("mongodb://admin:{SECRET}@127.0.0.1:{}/site?authSource=admin", mongo.port());

    let output = output(&[("MONGODB_URI", &uri)]).await;

    assert!(!output.contains(SECRET), "{output}");
}

#[test]
fn malformed_url_is_refused_without_showing_its_password() {
    for (variable, value) in [
        ("REDIS_URL", format!("redis://:{SECRET}@host:port:99999")),
        ("REDIS_URL", format!("http://user:{SECRET}@host/")),
        ("MONGODB_URI", format!("mongodb://admin:{SECRET}@host:99999999/site")),
        ("MONGODB_URI", format!("mongodb://admin:{SECRET}@host/")),
        ("MONGODB_URI", format!("mongodb+srv://admin:{SECRET}@host/site")),
    ] {
        let process = binary(&["--sandbox", "--port", "0"]).env(variable, &value).output().unwrap();

        let output = String::from_utf8([process.stdout, process.stderr].concat()).unwrap();
        assert!(!process.status.success());
        assert!(output.contains(variable) && !output.contains(SECRET), "{output}");
    }
}
