//! The command line: parse, dispatch, turn the outcome into an exit code. All of it is in [`setspec::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    setspec::cli::main()
}
