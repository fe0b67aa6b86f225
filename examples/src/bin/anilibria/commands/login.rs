//! `anilibria login` and `anilibria logout`: the session of the account.

mod password;

use std::io::{self, IsTerminal as _};

use anilibria_client::sandbox::Sandbox;
use clap::Args;

use super::Context;
use crate::{connection, exit::Failure, output};

/// Logs in and keeps the session for later commands
///
/// The password is read from the terminal, or from the first line of stdin. The session is a token in a file that only its
/// owner may read.
#[derive(Args, Debug)]
pub(crate) struct Login {
    /// Name or e-mail address; read from the terminal if missing
    login: Option<String>,
}

impl Login {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let (login, password) = match self.login {
            None if context.connection.sandbox.is_some() => {
                (Sandbox::LOGIN.to_owned(), Sandbox::PASSWORD.into())
            }
            Some(login) => (login, password::read().await?),
            None if io::stdin().is_terminal() => (password::read_login().await?, password::read().await?),
            None => return Err(Failure::Usage("the login is missing".to_owned()).into()),
        };
        if context.connection.sandbox.is_none() {
            connection::create_config_dir()?;
        }
        context.client().session().log_in(&login, password).await?;
        let note =
            if context.connection.sandbox.is_some() { " to the sandbox until this process ends" } else { "" };
        print(context, &format!("logged in{note}"), true)
    }
}

/// Ends the session.
pub(crate) async fn log_out(context: &Context) -> anyhow::Result<()> {
    context.connection.log_in_to_sandbox().await?;
    let session = context.client().session();
    let had_session = session.token().await?.is_some();
    session.log_out().await?;
    print(context, if had_session { "logged out" } else { "there was no session" }, false)
}

fn print(context: &Context, message: &str, is_logged_in: bool) -> anyhow::Result<()> {
    if context.is_json {
        return output::json(&serde_json::json!({ "logged_in": is_logged_in }));
    }
    Ok(output::line(message)?)
}
