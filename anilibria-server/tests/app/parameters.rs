//! Bad parameters are refused by name, with the reason.

use poem::http::StatusCode;

use crate::support::{assert_error, service};

/// A bad request, the parameter that is wrong with it, and a part of the reason.
const BAD: &[(&str, &str, &str)] = &[
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
async fn bad_parameter_is_named_with_the_reason() {
    let service = service(&[]);

    for (path, field, reason) in BAD {
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
