//! Receivers that visit and misbehave: the run ends in time, says what is the matter, and blames nobody wrongly.

mod bench;
#[path = "../support/mod.rs"]
mod support;

mod absence;
mod command;
mod flood;
mod wire;
