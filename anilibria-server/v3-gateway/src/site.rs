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
    session_cookie::{COOKIE, cookie},
    sessions::SessionId,
    unavailable,
};

/// `Cache-Control` of redirects to pictures.
const REMEMBERED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Body of a response of a page.
#[derive(Serialize)]
struct Told<'t> {
    err: &'t str,
    mes: &'t str,
    key: &'t str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'t str>,
}

impl Gateway {
    /// Logs in with the credentials in a form.
    pub(super) async fn log_in(&self, request: &mut Request) -> Result<Response, Problem> {
        let ok = success(request.headers());
        let form = form(request).await?;
        let field = |name| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let (login, password) = (field("mail").trim(), field("passwd"));
        if login.is_empty() || password.is_empty() {
            return refused("empty", "Необходимо заполнить все поля");
        }
        let token = match self.titles.client().auth().login(login, password).await {
            Ok(token) => token,
            Err(Error::Unauthorized { .. } | Error::Validation(_) | Error::NotFound { .. }) => {
                return refused("wrongPasswd", "Неправильный логин или пароль");
            }
            Err(error) => return Err(LoadFailure::from(error).into()),
        };
        let session = self.sessions.begin(&token).await.map_err(unavailable)?;
        let told = Told {
            err: ok, mes: "Успешный вход", key: "success", session: Some(session.expose())
        };
        let mut response = Self::uncached(&told)?.into_response();
        set_cookie(&mut response, session.expose(), self.sessions.term().as_secs());
        Ok(response)
    }

    /// Logs out.
    pub(super) async fn log_out(&self, request: &mut Request) -> Result<Response, Problem> {
        let ok = success(request.headers());
        let form = form(request).await?;
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let named = form.into_iter().chain(form_urlencoded::parse(query).into_owned());
        let named = named.into_iter().find(|(key, _)| key == "session").map(|(_, value)| value);
        let named = named.or_else(|| cookie(request.headers()).map(str::to_owned));
        if let Some(session) = named.as_deref().and_then(SessionId::read) {
            let token = self.sessions.token(&session).await.map_err(unavailable)?;
            self.sessions.end(&session).await.map_err(unavailable)?;
            if let Some(token) = token {
                // The session has ended here even if the logout at AniLibria fails.
                let _ = self.titles.client().in_session(token).auth().logout().await;
            }
        }
        let told = Told { err: ok, mes: "Вы вышли", key: "success", session: None };
        let mut response = Self::uncached(&told)?.into_response();
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
    pub(super) fn stored(&self, path: &str) -> Result<Response, Problem> {
        let mut response = redirect(&self.titles.client().media_url(path).ok_or(Problem::NotFound)?)?;
        response.headers_mut().insert(header::CACHE_CONTROL, REMEMBERED);
        Ok(response)
    }
}

fn redirect(to: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(to).map_err(|_| Problem::NotFound)?;
    Ok(Response::builder().status(StatusCode::FOUND).header(header::LOCATION, location).finish())
}

/// Returns the `err` field of a success. The old site sent `ok`, but anilibria.py treats any text as an error.
fn success(headers: &HeaderMap) -> &'static str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if agent.contains("aiohttp") { "" } else { "ok" }
}

/// Returns a failure in the form of the old site, with status 200.
fn refused(key: &str, message: &str) -> Result<Response, Problem> {
    let told = Told { err: "error", mes: message, key, session: None };
    Gateway::uncached(&told).map(RenderedResponse::into_response)
}

/// Reads the fields of a form. The service limits the size of all request bodies.
async fn form(request: &mut Request) -> Result<Vec<(String, String)>, Problem> {
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
