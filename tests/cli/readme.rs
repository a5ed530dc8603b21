//! The pages of the repository say what is so.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::Home;

/// Where commands end in a line of a shell.
const ENDS: [&str; 6] = ["|", "||", "&", "&&", ">", ";"];

/// How a block begins that shows what a run prints.
const OUTPUT: &str = "setspec 0.";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages.sort();
    pages
}

/// The blocks of code of a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).map(|(_, text)| text).collect()
}

/// The arguments of every command of ours in a block, as they are written in one line or several.
fn commands(block: &str) -> Vec<Vec<String>> {
    let joined = block.replace("\\\n", " ");
    let ours = joined.lines().filter_map(|line| {
        line.trim_start().strip_prefix("setspec ").or_else(|| line.trim_start().strip_prefix("cargo run -- "))
    });
    let split = |line: &str| {
        let words = shlex::split(line).unwrap_or_else(|| panic!("{line}: a quotation without an end"));
        let ours = words.into_iter().take_while(|word| !ENDS.contains(&word.as_str()));
        ours.map(|word| if word == "URL" { "https://example.com".to_owned() } else { word }).collect()
    };
    // A synopsis is no command.
    ours.map(split).filter(|words: &Vec<String>| !words.iter().any(|word| word.starts_with('['))).collect()
}

#[test]
fn every_command_on_a_page_is_one() {
    let home = Home::new();
    let mut number = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let written = blocks(&text).into_iter().filter(|block| !block.starts_with(OUTPUT));
        for command in written.flat_map(commands) {
            // Options are read one after the other, so that help comes only if all before it are known.
            let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
            args.push("--help");
            let ended = home.run(&args);
            if ended.code != Some(0) {
                wrong.push(format!("{}: setspec {}\n{}", page.display(), command.join(" "), ended.stderr));
            }
            number += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(number >= 30, "{number} commands");
}

#[test]
fn the_output_on_the_first_page_is_a_real_one() {
    let text = fs::read_to_string(root().join("README.md")).expect("a page");
    let shown = blocks(&text).into_iter().find(|block| block.starts_with(OUTPUT)).expect("an output");
    let home = Home::new();
    let ended = home.run(&["run", "transmitter", "--alg", "ES256"]).expect_code(0);
    assert_eq!(masked(shown), masked(&ended.stdout));
}

#[test]
fn the_example_of_a_report_is_what_is_made_today() {
    let made = Home::new().run(&["report", &root().join("reports/example").to_string_lossy(), "--format", "html"]);
    let committed = fs::read_to_string(root().join("reports/example/report.html")).expect("a report");
    let advice = "setspec report reports/example --format html -o reports/example/report.html";
    assert!(made.expect_code(0).stdout == committed, "{advice} makes it current");
}

/// The same without what differs from run to run.
fn masked(output: &str) -> String {
    let chance = Regex::new(r"127\.0\.0\.1:\d+|[0-9a-f]{32}|\d{8}T\d{6}Z-[0-9a-f]{6}").expect("a pattern");
    chance.replace_all(output.trim(), "*").into_owned()
}
