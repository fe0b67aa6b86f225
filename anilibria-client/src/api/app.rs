//! Status of the service.

use crate::{call::Call, model::AppStatus};

group! {
    /// Status of the service. [`Client::search`](crate::Client::search) searches releases.
    App, app
}

endpoint! {
    /// Returns the status of the service, and the address and country that the service sees.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let status = client.app().status().await?;
    /// assert!(status.is_alive);
    /// # Ok(())
    /// # });
    /// ```
    GET "/app/status" => App::status() -> AppStatus;
    pub struct GetStatus {}
}
