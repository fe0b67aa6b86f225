//! `compare`: comparison of the titles of this service and of the Node service.

use std::process::Output;

use serde_json::{Value, json};

use crate::{
    node::stub::{NodeStub, Reply},
    support::{Service, binary},
};

/// Returns the ids of five titles.
async fn ids(service: &Service) -> Vec<u32> {
    let page = service.get("/titles?limit=5").await.success();
    let ids = page["data"].as_array().unwrap().iter().map(|title| title["id"].as_u64().unwrap());
    ids.map(|id| u32::try_from(id).unwrap()).collect()
}

/// Returns the title in the format of the Node service.
fn v1(title: &Value) -> Value {
    let status = match title["status"].as_str().unwrap() {
        "ongoing" => "В работе",
        "completed" => "Завершен",
        _ => "Анонс",
    };
    json!({
        "id": title["id"], "names": title["names"], "status": {"string": status},
        "description": title["description"].as_str().unwrap().replace('\n', "\r\n"),
        "season": {"year": title["year"]},
    })
}

/// Starts a stub of the Node service that has these titles of `service`, modified by `change`. Other paths return 500.
async fn node_with(service: &Service, ids: &[u32], change: impl Fn(&mut Value)) -> NodeStub {
    let mut at = Vec::new();
    for id in ids {
        let mut title = v1(&service.get(&format!("/titles/{id}")).await.success()["data"]);
        change(&mut title);
        at.push((format!("/api/anilibria/{id}"), json!({"success": true, "data": title})));
    }
    NodeStub::start(Reply { at, ..Reply::status(500) }).await
}

/// Runs `compare` without a noticeable rate limit, with additional arguments.
async fn compare(node: &str, service: &Service, arguments: &[&str]) -> Output {
    let mut command = binary(&["compare", "--node", node, "--ours", &service.origin, "--per-second", "1000"]);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn list(ids: &[u32]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

#[tokio::test]
async fn equal_titles_are_consistent() {
    let service = Service::sandbox(&[], &[]);
    let ids = ids(&service).await;
    let node = node_with(&service, &ids, |_| {}).await;

    let output = compare(&node.origin, &service, &["--ids", &list(&ids)]).await;

    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains(&format!("title {}: the same", ids[0])), "{text}");
    assert!(text.ends_with("5 of 5 comparisons without a difference (100.0 %)\n"), "{text}");
    assert!(!stderr(&output).contains("inconsistency"), "{}", stderr(&output));
}

#[tokio::test]
async fn difference_is_printed_logged_counted_and_sets_the_exit_code() {
    let service = Service::sandbox(&[], &[]);
    let ids = ids(&service).await;
    let different = ids[1];
    let node = node_with(&service, &ids, |title| {
        if title["id"] == different {
            title["season"]["year"] = 1999.into();
        }
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("compare.prom");
    let ids_listed = list(&ids);
    let arguments = ["--ids", &ids_listed, "--format", "json", "--metrics-file", file.to_str().unwrap()];

    compare(&node.origin, &service, &arguments).await;
    let output = compare(&node.origin, &service, &arguments).await;

    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report = report(&output);
    let results = report["results"].as_array().unwrap();
    let found: Vec<_> = results.iter().filter(|result| result["consistent"] == false).collect();
    assert_eq!((results.len(), found.len()), (5, 1));
    assert_eq!(found[0]["title_id"], different);
    assert_eq!(found[0]["differences"][0]["field"], "year");
    assert_eq!(found[0]["differences"][0]["nodejs_value"], 1999);
    assert!(found[0]["differences"][0]["python_value"].is_u64());
    assert_eq!(report["summary"]["consistency"], 0.8);
    assert!(stderr(&output).contains("Data inconsistency detected"), "{}", stderr(&output));
    let counted = std::fs::read_to_string(&file).unwrap();
    for (result, count) in [("consistent", 8), ("inconsistent", 2)] {
        let line =
            format!("data_consistency_checks_total{{endpoint=\"title\",result=\"{result}\"}} {count}\n");
        assert!(counted.contains(&line), "{counted}");
    }

    let enough = compare(&node.origin, &service, &[&arguments[..], &["--threshold", "0.8"]].concat()).await;
    assert_eq!(enough.status.code(), Some(0));
}

#[tokio::test]
async fn sample_consists_of_titles_of_the_service() {
    let service = Service::sandbox(&["--releases", "30"], &[]);
    let page = service.get("/titles?limit=100").await.success();
    let all: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|title| title["id"].as_u64().unwrap()).collect();
    let ids: Vec<_> = all.iter().map(|id| u32::try_from(*id).unwrap()).collect();
    let node = node_with(&service, &ids, |_| {}).await;

    let output = compare(&node.origin, &service, &["--sample", "7", "--format", "json"]).await;

    let report = report(&output);
    assert_eq!(report["summary"]["compared"], 7, "{report}");
    assert_eq!(output.status.code(), Some(0), "{report}");
    let mut paths: Vec<_> = node.calls().into_iter().map(|call| call.path).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 7);
    assert!(node.calls().iter().all(|call| call.header("x-fallback") == "1"));
}

#[tokio::test]
async fn unreadable_titles_are_errors_not_differences() {
    let service = Service::sandbox(&[], &[]);
    let ids = ids(&service).await;
    let node = node_with(&service, &ids[..2], |_| {}).await;

    let output = compare(&node.origin, &service, &["--ids", &list(&ids), "--format", "json"]).await;

    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let report = report(&output);
    assert_eq!((&report["summary"]["compared"], &report["summary"]["unread"]), (&json!(2), &json!(3)));
    assert_eq!(report["unread"][0]["service"], "nodejs");
    assert_eq!(report["unread"][0]["reason"], "response status 500");
}

#[tokio::test]
async fn title_that_only_one_service_has_is_a_difference() {
    let service = Service::sandbox(&[], &[]);
    let id = ids(&service).await[0];
    let node = NodeStub::start(Reply::status(404)).await;

    let ids = format!("{id},999999");
    let output = compare(&node.origin, &service, &["--ids", &ids, "--format", "json"]).await;

    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    let difference = json!({"field": "id", "nodejs_value": null, "python_value": id});
    assert_eq!(report["results"][0]["differences"], json!([difference]));
    assert_eq!(report["absent"], json!([999_999]));
}

#[tokio::test]
async fn comparison_stops_early_if_a_service_is_down() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::sandbox(&[], &[]);
    let ids: Vec<_> = (1..=500).collect();

    let output =
        compare(&format!("http://{free}"), &service, &["--ids", &list(&ids), "--format", "json"]).await;

    assert_eq!(output.status.code(), Some(2));
    let report = report(&output);
    assert_eq!(report["summary"]["left_out"], 490, "{}", report["summary"]);
    assert_eq!(report["summary"]["consistency"], Value::Null);
}

#[tokio::test]
async fn lists_are_compared_by_title_and_invented_titles_are_unread() {
    let service = Service::sandbox(&[], &[]);
    let titles = |path: &str| format!("{path}{}limit=20", if path.contains('?') { '&' } else { '?' });
    let of = async |path: &str| {
        let page = service.get(&titles(path)).await.success();
        page["data"].as_array().unwrap().iter().map(v1).collect::<Vec<_>>()
    };
    let mut updates = of("/updates").await;
    updates.reverse();
    let mut popular = of("/popular").await;
    popular.pop();
    let invented = json!([{"id": 9988, "names": {"ru": "Имя"}, "year": 2025}]);
    let response = |data: Value| json!({"success": true, "data": data, "pagination": {"page": 1}});
    let at = |path: &str, data: Value| (format!("/api/anilibria/{path}"), response(data));
    let at = vec![at("updates", updates.into()), at("popular", popular.into()), at("search", invented)];
    let node = NodeStub::start(Reply { at, ..Reply::status(404) }).await;

    let arguments =
        ["--ids", "999999", "--lists", "popular,updates,search", "--query", "имя", "--format", "json"];
    let output = compare(&node.origin, &service, &arguments).await;

    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    let list = |number: usize| &report["lists"][number];
    assert_eq!((&list(0)["endpoint"], &list(0)["consistent"]), (&json!("popular"), &json!(false)));
    assert_eq!((&list(0)["nodejs_count"], &list(0)["python_count"]), (&json!(19), &json!(20)));
    assert_eq!(list(0)["differences"].as_array().unwrap().len(), 1);
    assert_eq!((&list(1)["endpoint"], &list(1)["consistent"]), (&json!("updates"), &json!(true)));
    assert_eq!(report["unread"][0]["what"], "search");
    assert!(stderr(&output).contains("Response mismatch detected"), "{}", stderr(&output));
}

#[tokio::test]
async fn invalid_arguments_are_refused() {
    for arguments in [
        &["--threshold", "1.1"][..],
        &["--per-second", "0"],
        &["--concurrency", "0"],
        &["--ids", "1", "--sample", "2"],
        &["--lists", "search"],
        &["--lists", "random"],
        &["--ours", "ftp://host"],
    ] {
        let output = binary(&["compare", "--node", "http://127.0.0.1:1"]).args(arguments).output().unwrap();

        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(binary(&["compare"]).output().unwrap().status.code(), Some(2));
}
