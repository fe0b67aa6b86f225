//! Pages of the old site that clients of v3 use: login, logout, torrent files and pictures.

use anilibria_client::Error;
use anilibria_http::{LoadFailure, problem::Problem};
use poem::{
    IntoResponse as _, Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;
use url::form_urlencoded;

use super::{
    gateway::Gateway,
    parameters::Parameters,
    rendered_response::RenderedResponse,
    session_cookie::{COOKIE, session_from_cookie},
    sessions::SessionId,
    unavailable,
};

/// `Cache-Control` of redirects to pictures.
const PICTURE_CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Body of a response of a page.
#[derive(Serialize)]
struct PageBody<'t> {
    err: &'t str,
    mes: &'t str,
    key: &'t str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'t str>,
}

impl Gateway {
    /// Logs in with the credentials in a form.
    pub(super) async fn log_in(&self, request: &mut Request) -> Result<Response, Problem> {
        let err = success_err(request.headers());
        let form = read_form(request).await?;
        let field = |name| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let (login, password) = (field("mail").trim(), field("passwd"));
        if login.is_empty() || password.is_empty() {
            return failure("empty", "Необходимо заполнить все поля");
        }
        let token = match self.titles.client().auth().login(login, password).await {
            Ok(token) => token,
            Err(Error::Unauthorized { .. } | Error::Validation(_) | Error::NotFound { .. }) => {
                return failure("wrongPasswd", "Неправильный логин или пароль");
            }
            Err(error) => return Err(LoadFailure::from(error).into()),
        };
        let session = self.sessions.begin(&token).await.map_err(unavailable)?;
        let body = PageBody {
            err, mes: "Успешный вход", key: "success", session: Some(session.expose())
        };
        let mut response = Self::uncached(&body)?.into_response();
        set_cookie(&mut response, session.expose(), self.sessions.lifetime().as_secs());
        Ok(response)
    }

    /// Logs out.
    pub(super) async fn log_out(&self, request: &mut Request) -> Result<Response, Problem> {
        let err = success_err(request.headers());
        let form = read_form(request).await?;
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let session_id = form.into_iter().chain(form_urlencoded::parse(query).into_owned());
        let session_id = session_id.into_iter().find(|(key, _)| key == "session").map(|(_, value)| value);
        let session_id = session_id.or_else(|| session_from_cookie(request.headers()).map(str::to_owned));
        if let Some(session) = session_id.as_deref().and_then(SessionId::parse) {
            let token = self.sessions.token(&session).await.map_err(unavailable)?;
            self.sessions.end(&session).await.map_err(unavailable)?;
            if let Some(token) = token {
                // The session has ended here even if the logout at AniLibria fails.
                let _ = self.titles.client().in_session(token).auth().logout().await;
            }
        }
        let body = PageBody { err, mes: "Вы вышли", key: "success", session: None };
        let mut response = Self::uncached(&body)?.into_response();
        set_cookie(&mut response, "", 0);
        Ok(response)
    }

    /// Redirects to a torrent file; with a session, to the personal one of its user.
    pub(super) async fn torrent_file(&self, parameters: &Parameters<'_>) -> Result<Response, Problem> {
        let client = self.titles.client();
        let mut file = client.torrents().file(parameters.required_number::<u64>("id")?);
        if let Some(session) = parameters.text("psid").or_else(|| parameters.session()) {
            let (client, session) = self.client_in(session).await?;
            if let Some(passkey) = self.passkey(&client, &session).await? {
                file = file.passkey(passkey);
            }
        }
        let link = client.link(file.request()).map_err(LoadFailure::from)?;
        redirect(&link)
    }

    /// Redirects to a file of AniLibria's site: a poster, or the picture of an episode.
    pub(super) fn storage_file(&self, path: &str) -> Result<Response, Problem> {
        let mut response = redirect(&self.titles.client().media_url(path).ok_or(Problem::NotFound)?)?;
        response.headers_mut().insert(header::CACHE_CONTROL, PICTURE_CACHE_CONTROL);
        Ok(response)
    }
}

fn redirect(to: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(to).map_err(|_| Problem::NotFound)?;
    Ok(Response::builder().status(StatusCode::FOUND).header(header::LOCATION, location).finish())
}

/// Returns the `err` field of a success. The old site sent `ok`, but anilibria.py treats any text as an error.
fn success_err(headers: &HeaderMap) -> &'static str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if agent.contains("aiohttp") { "" } else { "ok" }
}

/// Returns a failure in the format of the old site, with status 200.
fn failure(key: &str, message: &str) -> Result<Response, Problem> {
    let body = PageBody { err: "error", mes: message, key, session: None };
    Gateway::uncached(&body).map(RenderedResponse::into_response)
}

/// Reads the fields of a form. The service limits the size of all request bodies.
async fn read_form(request: &mut Request) -> Result<Vec<(String, String)>, Problem> {
    let body = request.take_body().into_bytes().await;
    let body = body.map_err(|error| Problem::invalid("body", format!("cannot be read: {error}")))?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

fn set_cookie(response: &mut Response, session: &str, seconds: u64) {
    const SET_COOKIE: HeaderName = header::SET_COOKIE;

    let cookie = format!("{COOKIE}={session}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
