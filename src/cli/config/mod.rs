//! `setspec.toml`: every option of `run` as a key, secrets by reference.

mod file;
mod roles;
mod secret;
mod trigger;
mod visitor;

pub(super) use file::{ClientAuth, Config, Delivery};
pub(super) use secret::{SecretReference, secret};
pub(super) use trigger::{Doing, TriggerConfig};
pub(super) use visitor::VisitorConfig;
