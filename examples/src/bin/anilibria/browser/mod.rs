//! The terminal browser: a list of releases with a search, the details of a release, and its episodes.
//!
//! [`State`] changes by [events](state::Event) and asks for work by [`Effect`]s, [`view`] draws it, and [`run`] connects both to
//! the terminal and to the client.

mod colors;
mod graphics;
mod input;
mod keys;
mod layout;
mod player;
mod poster;
mod release;
mod state;
mod tasks;
mod terminal;
mod view;

use anilibria_client::Client;

use colors::Colors;
use graphics::Graphics;
use input::Input;
use player::Player;
use state::{Effect, State};
use tasks::Tasks;
use terminal::FullScreen;
use view::Theme;

use crate::exit::Failure;

/// Fails unless there is a terminal that the browser can use.
pub(crate) fn ensure_terminal() -> Result<(), Failure> {
    if terminal::is_usable() {
        return Ok(());
    }
    let reason = "the browser needs a terminal; `anilibria --help` lists the commands";
    Err(Failure::Usage(reason.to_owned()))
}

/// Runs the browser until the user quits. The caller has [ensured](ensure_terminal) that there is a terminal.
///
/// # Errors
///
/// Fails if the terminal is lost.
pub(crate) async fn run(client: Client) -> anyhow::Result<()> {
    let colors = Colors::detect();
    let theme = Theme::new(colors);
    let mut tasks = Tasks::new(client, Player::from_env());
    let mut terminal = FullScreen::enter()?;

    let (mut state, effects) = State::new(terminal.size()?, colors != Colors::None);
    for effect in effects {
        tasks.start(effect);
    }
    terminal.draw(|frame| view::draw(&state, &theme, frame))?;
    let mut needs_clearing = false;
    if colors != Colors::None {
        let graphics = tokio::task::spawn_blocking(Graphics::detect).await?;
        needs_clearing = graphics.needs_clearing();
        tasks.draw_with(graphics);
        // Some terminals print the questions that they do not understand.
        terminal.clear()?;
    }

    let mut input = Input::new()?;
    loop {
        let layers = state.layers();
        terminal.draw(|frame| view::draw(&state, &theme, frame))?;
        let event = tokio::select! {
            event = input.next() => event?,
            event = tasks.next() => event?,
        };
        for effect in state.update(event) {
            if effect == Effect::Quit {
                return Ok(());
            }
            tasks.start(effect);
        }
        if needs_clearing && state.layers() != layers {
            terminal.clear()?;
        }
    }
}
