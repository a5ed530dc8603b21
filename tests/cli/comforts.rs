//! Completions, manual pages, colours and progress.

use crate::support::Home;

const RUN: [&str; 6] = ["run", "receiver", "--alg", "ES256", "--only", "rfc8935/2.2"];

#[test]
fn every_shell_has_its_completions() {
    let home = Home::new();
    for (shell, begins, knows) in [
        ("bash", "_setspec() {", "--authorization-header"),
        ("zsh", "#compdef setspec", "--authorization-header"),
        ("fish", "# Print an optspec", "authorization-header"),
        ("powershell", "\nusing namespace", "--authorization-header"),
        ("elvish", "\nuse builtin;", "--authorization-header"),
    ] {
        let ended = home.run(&["completions", shell]).expect_code(0).expect_output(knows);
        assert!(ended.stdout.starts_with(begins), "{shell}: {:?}", ended.stdout.get(..60));
    }
    home.run(&["completions", "tcsh"]).expect_code(2);
}

#[cfg(unix)]
#[test]
fn bash_takes_its_completions() {
    let home = Home::new();
    let script = home.run(&["completions", "bash"]).expect_code(0).stdout;
    home.write("setspec.bash", script);
    let asked = "source ./setspec.bash; COMP_WORDS=(setspec conf); COMP_CWORD=1; _setspec setspec conf setspec; echo ${COMPREPLY[@]}";
    let Ok(said) = std::process::Command::new("bash").args(["-c", asked]).current_dir(home.path()).output() else {
        return; // There is no bash here.
    };
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "config", "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn every_command_has_its_manual_page() {
    let home = Home::new();
    home.run(&["man"]).expect_code(0).expect_output(".TH setspec 1").expect_output("SUBCOMMANDS");
    home.run(&["man", "pages/man1"]).expect_code(0).expect_output(" pages in pages/man1");
    let page =
        |name: &str| std::fs::read_to_string(home.path().join(format!("pages/man1/{name}.1"))).unwrap_or_default();
    let help = home.run(&["--help"]).expect_code(0).stdout;
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let names =
        commands.lines().filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        assert!(page(&format!("setspec-{name}")).contains(".TH"), "{name}");
    }
    assert!(page("setspec-run-receiver").contains("\\-\\-authorization\\-header"));
    assert!(page("setspec-config-check-op").contains("ISSUER"));
}

#[test]
fn colours_come_where_they_are_wanted() {
    let home = Home::new();
    let coloured = |args: &[&str], environment: &[(&str, &str)]| {
        let ended = home.run_with(&[&RUN, args].concat(), |command| {
            command.env_remove("NO_COLOR").envs(environment.iter().copied());
        });
        assert!(!ended.stdout.contains("\r"), "no progress in a pipe: {:?}", ended.stdout);
        assert_eq!(ended.stderr, "");
        ended.expect_code(0).stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe");
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn colour_of_faults_follows_the_same_rules() {
    let home = Home::new();
    let fault =
        |colour: &str| home.run(&["--color", colour, "run", "receiver", "--timeout", "0"]).expect_code(2).stderr;
    assert!(fault("auto").starts_with("error: --timeout"));
    assert!(fault("always").starts_with("\u{1b}["));
}

#[cfg(unix)]
#[test]
fn a_terminal_sees_progress_and_ci_does_not() {
    use rexpect::session::spawn_command;
    let home = Home::new();
    let seen = |environment: &[(&str, &str)], args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_setspec"));
        command.args(RUN).args(args).current_dir(home.path()).env("TERM", "xterm").env_remove("CI");
        command.envs(environment.iter().copied());
        let mut session = spawn_command(command, Some(60_000)).expect("a terminal");
        session.exp_eof().expect("it ends")
    };
    let is_progress = |text: &str| text.contains(" of ") && text.contains("\u{1b}[K");
    let text = seen(&[], &[]);
    assert!(is_progress(&text) && text.contains("CONFORMANT"), "{text:?}");
    for text in [seen(&[("CI", "true")], &[]), seen(&[("TERM", "dumb")], &[]), seen(&[], &["--quiet"])] {
        assert!(!is_progress(&text) && text.contains("CONFORMANT"), "{text:?}");
    }
}

#[test]
fn verbose_says_each_case_and_exchange() {
    let home = Home::new();
    let ended = home.run(&[&RUN[..], &["--verbose"]].concat()).expect_code(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("[1/") && line.contains("passed")), "{}", ended.stdout);
    let exchange = |line: &&str| line.trim_start().starts_with('x') && line.contains("  POST http://127.0.0.1:");
    assert!(lines.iter().any(exchange), "{}", ended.stdout);
}
