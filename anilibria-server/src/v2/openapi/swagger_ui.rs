//! Settings of Swagger UI.

use std::borrow::Cow;

/// Call that starts Swagger UI in the framework's page.
const START: &str = "SwaggerUIBundle({\n";

/// The same call with a callback that collapses the group `Internal`, whose operations are not for integrators.
const START_COLLAPSED: &str = "const ui = SwaggerUIBundle({
        onComplete: () => ui.layoutActions.show([\"operations-tag\", \"Internal\"], false),
";

/// Returns the page `html` with a callback that collapses the group `Internal` once the document is shown.
pub(super) fn collapse_internal(html: &str) -> Cow<'_, str> {
    // The last occurrence is the call: the library before it may contain the same text.
    match html.rsplit_once(START) {
        Some((before, after)) => [before, START_COLLAPSED, after].concat().into(),
        None => html.into(),
    }
}
