//! Sessions and logins.

use std::{thread, time::Duration};

use anilibria_client::{Error, model::SocialProvider};

use crate::fixture::Fixture;

#[test]
fn a_session_begins_and_ends() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();
    assert!(client.session().token().unwrap().is_none());

    client.session().log_in("demo", "demo").unwrap();
    let token = client.session().token().unwrap().unwrap();
    assert_eq!(client.profile().get().send().unwrap().login.as_deref(), Some("demo"));

    client.session().forget().unwrap();
    assert!(matches!(client.profile().get().send(), Err(Error::NoSession)));
    assert!(client.in_session(token.clone()).profile().get().send().is_ok());
    client.session().set(token).unwrap();
    client.session().log_out().unwrap();
    assert!(matches!(client.profile().get().send(), Err(Error::NoSession)));
    assert!(client.session().log_in("demo", "wrong").is_err());
}

#[test]
fn a_login_by_code_waits_until_another_device_accepts_the_code() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();
    let token = client.auth().login("demo", "demo").send().unwrap();
    let phone = client.in_session(token);

    let login = client.session().otp("television").unwrap().every(Duration::from_millis(10));
    let code = login.code().to_owned();
    assert!(login.remaining() > Duration::ZERO);
    let waiting = thread::spawn(move || login.wait());
    phone.otp().accept(code).send().unwrap();

    waiting.join().unwrap().unwrap();
    assert!(client.profile().get().send().is_ok());
}

#[test]
fn a_social_login_waits_until_the_user_has_finished() {
    let Fixture { client, sandbox } = Fixture::new();

    let login = client.session().social(SocialProvider::Vk).unwrap().every(Duration::from_millis(10));
    let expired = client.session().social(SocialProvider::Vk).unwrap().time_limit(Duration::ZERO);
    let state = url::Url::parse(login.url()).unwrap();
    let state = state.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    assert!(sandbox.finish_social_login(&state));

    login.wait().unwrap();
    assert!(client.profile().get().send().is_ok());
    assert!(matches!(expired.wait(), Err(Error::LoginExpired)));
}
