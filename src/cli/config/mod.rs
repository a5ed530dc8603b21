//! `setspec.toml`: every option of `run` as a key, secrets by reference.

mod check;
mod fault;
mod file;
mod forms;
mod options;
mod place;
mod reading;
mod roles;
mod schema;
mod secret;
mod trigger;
mod visitor;

pub(super) use check::{ConfigCommand, main};
pub(super) use fault::Fault;
pub(super) use file::{ClientAuth, Config, Delivery, FILE, faults};
pub(super) use forms::form_steps;
pub(super) use options::{RunOption, of_role};
pub(super) use roles::described;
pub(super) use schema::config_schema;
pub(super) use secret::{SecretReference, secret};
pub(super) use trigger::{Doing, TriggerConfig};
pub(super) use visitor::VisitorConfig;
