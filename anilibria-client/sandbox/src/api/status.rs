//! `/app/status`: state of the API, and its other addresses.

use serde_json::json;

use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[Route::get("/app/status", status)];

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn status(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(json!({
        "request": {
            "ip": "127.0.0.1",
            "country": "Russia",
            "iso_code": "RU",
            "timezone": "Europe/Moscow",
        },
        "is_alive": true,
        // The live service lists origins, without the path of the API.
        "available_api_endpoints": [call.site.origin()],
    })
    .into())
}
