//! Validation of parameters.

use poem::http::StatusCode;

use crate::support::{assert_error, service};

/// Path of an invalid request, name of the invalid parameter, and a part of the reason.
const INVALID: &[(&str, &str, &str)] = &[
    ("/titles?page=0", "page", "whole number from 1"),
    ("/titles?page=-1", "page", "whole number"),
    ("/titles?page=+1", "page", "whole number"),
    ("/titles?page=%2B1", "page", "whole number"),
    ("/titles?limit=+1", "limit", "whole number"),
    ("/titles?year=%2B2024", "year", "whole number"),
    ("/titles?page=two", "page", "whole number"),
    ("/titles?page=99999999999", "page", "whole number"),
    ("/titles?limit=0", "limit", "from 1 to 100"),
    ("/titles?limit=101", "limit", "from 1 to 100"),
    ("/titles?limit=1.5", "limit", "whole number"),
    ("/titles?search=x", "search", "2 to 100 characters"),
    ("/titles?search=%D1%8B", "search", "2 to 100 characters"),
    ("/titles?year=soon", "year", "whole number"),
    ("/titles?season=fall", "season", "one of winter, spring, summer, autumn"),
    ("/titles?status=paused", "status", "one of ongoing, completed, announced"),
    ("/titles?sort=name", "sort", "one of id, year, rating, updated"),
    ("/titles?order=up", "order", "one of asc, desc"),
    ("/titles?mal_id=0", "mal_id", "whole numbers from 1 to 9007199254740992"),
    ("/titles?mal_id=1,naruto", "mal_id", "whole numbers from 1"),
    ("/titles?mal_id=1&mal_id=-1", "mal_id", "whole numbers from 1"),
    ("/titles?shikimori_id=18446744073709551616", "shikimori_id", "whole numbers from 1"),
    ("/titles?shikimori_id[]=9007199254740993", "shikimori_id", "whole numbers from 1"),
    ("/titles/zero", "id", "whole number"),
    ("/titles/latest", "id", "whole number"),
    ("/titles/0", "id", "whole number from 1"),
    ("/titles/-1", "id", "whole number"),
    ("/titles/1.5", "id", "whole number"),
    ("/titles/4294967296", "id", "whole number"),
    ("/titles/%20", "id", "whole number"),
    ("/search", "q", "required"),
    ("/search?q=", "q", "required"),
    ("/search?q=x", "q", "2 to 100 characters"),
    ("/search?q=ok&limit=101", "limit", "from 1 to 100"),
    ("/search?q=ok&page=0", "page", "whole number"),
    ("/search?q=ok&fuzzy=maybe", "fuzzy", "true or false"),
    ("/updates?limit=0", "limit", "from 1 to 100"),
    ("/updates?page=0", "page", "whole number"),
    ("/popular?limit=101", "limit", "from 1 to 100"),
    ("/popular?page=x", "page", "whole number"),
    ("/schedule?days=%2B1", "days", "0 (Monday) to 6 (Sunday)"),
    ("/schedule?days=7", "days", "0 (Monday) to 6 (Sunday)"),
    ("/schedule?days=0,monday", "days", "0 (Monday) to 6 (Sunday)"),
];

#[tokio::test]
async fn number_of_ids_is_limited() {
    let service = service(&["--max-uri-bytes=65536"]);
    let ids = |count: u32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");

    for path in [format!("/titles?mal_id={}", ids(51)), format!("/titles?shikimori_id={}", ids(10_000))] {
        let response = service.get(path).send().await;

        let error = assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
        assert_eq!(error["details"]["reason"], "must name at most 50 ids");
    }
}

#[tokio::test]
async fn invalid_parameter_is_refused_with_name_and_reason() {
    let service = service(&[]);

    for (path, field, reason) in INVALID {
        for prefix in ["", "/api/anilibria/v2"] {
            let response = service.get(format!("{prefix}{path}")).send().await;

            let error = assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
            assert_eq!(error["details"]["field"], *field, "{path}");
            assert!(error["details"]["reason"].as_str().unwrap().contains(reason), "{path}: {error}");
            assert!(error["message"].as_str().unwrap().contains(field), "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn too_many_genres_are_refused() {
    let many: Vec<_> = (0..51).map(|n| format!("genres[]=g{n}")).collect();

    let response = service(&[]).get(format!("/titles?{}", many.join("&"))).send().await;

    let error = assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
    assert_eq!(error["details"]["field"], "genres");
}

#[tokio::test]
async fn unknown_parameters_are_listed_in_a_header() {
    let service = service(&[]);
    let header = async |path: &str| {
        let response = service.get(path).send().await;
        response.0.header("x-unknown-parameters").map(str::to_owned)
    };

    for prefix in ["", "/api/anilibria/v2"] {
        assert_eq!(header(&format!("{prefix}/titles?pagee=2&limit=0")).await.as_deref(), Some("pagee"));
        assert_eq!(header(&format!("{prefix}/search?q=&a=1&b[]=2&a=3")).await.as_deref(), Some("a, b[]"));
        assert_eq!(header(&format!("{prefix}/titles/x?page=1")).await.as_deref(), Some("page"));
        assert_eq!(header(&format!("{prefix}/titles?genres[]=a&page=0&search=&order=")).await, None);
    }
    // The header is only for routes of the API: not for probes, pages and unknown paths.
    for path in ["/live?t=1", "/docs?x=1", "/nothing?x=1", "/titles?"] {
        assert_eq!(header(path).await, None, "{path}");
    }
    let head = service.head("/titles/x?page=1").send().await;
    head.assert_header("x-unknown-parameters", "page");
}

#[tokio::test]
async fn unknown_parameters_are_refused_in_strict_mode() {
    let service = service(&["--strict-parameters=true"]);

    for (path, field, reason) in [
        ("/titles?pagee=2", "pagee", "is unknown; did you mean `page`?"),
        ("/api/anilibria/v2/genres?utm_source=x", "utm_source", "is unknown"),
    ] {
        let response = service.get(path).send().await;

        let error = assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
        assert_eq!(
            (&error["details"]["field"], &error["details"]["reason"]),
            (&field.into(), &reason.into())
        );
    }
    service.get("/live?t=1").send().await.assert_status_is_ok();
    service.get("/docs?x=1").send().await.assert_status_is_ok();
}
