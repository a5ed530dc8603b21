//! The live page of a mock: its streams, what it says and hears, judged as it happens, and buttons.
//!
//! [`tell`] turns exchanges, judged and without secrets, into [`entry`]s; the [`feed`] keeps the last of them and sends them to
//! whoever watches. `routes` serve the page, the feed and the actions, behind the [`guard`]. A [`Desk`] is what a mock lets the
//! page do; [`deviations`] are what can be switched. The page itself is in `assets`: no framework, nothing to build.

mod args;
mod desk;
mod deviations;
mod entry;
mod feed;
mod guard;
mod head;
pub(super) mod of_receiver;
pub(super) mod of_transmitter;
pub(super) mod of_visitor;
mod page;
mod routes;
mod serve;
mod tell;

pub(super) use args::UiArgs;
pub(super) use desk::{Action, Desk};
pub(super) use deviations::{Deviations, Part};
pub(super) use entry::Way;
pub(super) use feed::Feed;
pub(super) use serve::Ui;
pub(super) use tell::Teller;
