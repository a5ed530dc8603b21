//! What a hostile target may send to get a script run or a request made, and the trap that notices either.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A server on loopback that nobody ought to visit.
pub struct Trap {
    address: SocketAddr,
    visitors: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let visitors = Arc::new(Mutex::new(Vec::new()));
        let book = visitors.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut first = [0; 200];
                // A visit counts, also one that says nothing.
                let length = stream.read(&mut first).unwrap_or(0);
                let line = String::from_utf8_lossy(&first[..length]).lines().next().unwrap_or_default().to_owned();
                book.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { address, visitors }
    }

    /// The first lines of the requests that came.
    pub fn visitors(&self) -> Vec<String> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn wait_for_a_visitor(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.visitors().is_empty() {
            assert!(Instant::now() < deadline, "nobody came");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Leaves a mark in the page, and calls home.
    pub fn script(&self) -> String {
        format!("window.caught=1;fetch('http://{}/script')", self.address)
    }

    /// Texts that are more than text where they are not escaped.
    pub fn texts(&self) -> Vec<String> {
        let script = self.script();
        let home = format!("http://{}", self.address);
        let plain = [
            format!("<script>{script}</script>"),
            format!("</script><script>{script}</script>"),
            format!("</style><script>{script}</script><style>"),
            format!("</title></pre></code></details></main><script>{script}</script>"),
            format!("--><script>{script}</script><!--"),
            format!("]]><script>{script}</script>"),
            format!("<img src={home}/img onerror=\"{script}\">"),
            format!("<img src=x onerror=\"{script}\">"),
            format!("\"><svg onload=\"{script}\">"),
            format!("' autofocus onfocus='{script}' tabindex=0 x='"),
            format!("\" onmouseover=\"{script}\" onclick=\"{script}\" x=\""),
            format!("<details open ontoggle=\"{script}\">"),
            format!("<a href=\"javascript:{script}\">press here</a>"),
            format!("<iframe src=\"{home}/frame\" srcdoc=\"<script>{script}</script>\"></iframe>"),
            format!("<object data=\"{home}/object\"></object><embed src=\"{home}/embed\">"),
            format!("<link rel=stylesheet href=\"{home}/css\"><link rel=prefetch href=\"{home}/prefetch\">"),
            format!("<style>@import '{home}/import'; body {{ background: url({home}/url); display: none }}</style>"),
            format!("\" style=\"background: url({home}/style); position: fixed; inset: 0\" x=\""),
            format!("<base href=\"{home}/\"><meta http-equiv=refresh content=\"0; url={home}/refresh\">"),
            format!("<form action=\"{home}/form\"><input name=x><button autofocus>send</button></form>"),
            format!("<video src=\"{home}/video\" autoplay></video><audio src=\"{home}/audio\"></audio>"),
            format!(
                "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={script}&gt;\">"
            ),
            format!("{{{{ 7 * 7 }}}}{{% raw %}}${{{script}}}"),
            format!("javascript:{script}"),
            format!("data:text/html,<script>{script}</script>"),
        ];
        let hidden = [
            "\u{202e}gpj.exe\u{202c}\u{2066}a\u{2069}\u{200b}\u{feff}\u{ad}".to_owned(),
            "\u{0}\u{1}\u{8}\u{1b}[2J\u{1b}]0;owned\u{7}\u{7f}\u{9b}31m\r\n\t\u{2028}\u{2029}".to_owned(),
            "\u{e0001}\u{e0041}\u{fffe}\u{10ffff}\u{301}\u{301}\u{301}\u{301}".to_owned(),
            "W".repeat(100_000),
            "<b>".repeat(20_000),
            "&lt;script&gt;&#x3c;script&#62;%3Cscript%3E".to_owned(),
        ];
        plain.into_iter().chain(hidden).collect()
    }
}

/// A name for a column with a bit of everything.
pub fn names(trap: &Trap) -> String {
    trap.texts()[..6].concat()
}
