//! `setspec.toml`: every option of `run` as a key, secrets by reference.

mod file;
mod forms;
mod roles;
mod secret;
mod trigger;
mod visitor;

pub(super) use file::{ClientAuth, Config, Delivery};
pub(super) use forms::form_steps;
pub(super) use secret::{SecretReference, secret};
pub(super) use trigger::{Doing, TriggerConfig};
pub(super) use visitor::VisitorConfig;
