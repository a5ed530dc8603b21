//! One page of a browser: what a reader does with it, and what it did.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::PATIENCE;
use super::connection::Connection;

/// How the page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub print: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, height: 900, dark: false, print: false }
    }
}

/// What the page did since it was opened.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// The URL of every request, that of the page among them.
    pub requests: Vec<String>,
    /// Dialogs that a script opened; each was dismissed.
    pub dialogs: Vec<String>,
    /// Errors and what was logged: uncaught exceptions, breaches of the content security policy.
    pub complaints: Vec<String>,
}

/// A page that fails the test, with the reason, when the browser does not do what it is asked.
pub struct Page {
    connection: Connection,
    events: Vec<Value>,
    seen: Seen,
    scripts: bool,
}

impl Page {
    pub(super) fn attach(url: &str) -> Result<Self, String> {
        let connection = Connection::open(url)?;
        let mut page = Self { connection, events: Vec::new(), seen: Seen::default(), scripts: true };
        let target = page.ask("Target.createTarget", json!({ "url": "about:blank" }))?;
        let attached = page.ask("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
        let session = attached["sessionId"].as_str().ok_or("expected a session, got none")?;
        page.connection.attach(session.to_owned());
        for domain in ["Page", "Runtime", "Network", "Log", "Audits"] {
            page.ask(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(page)
    }

    /// Sends a command of the DevTools protocol and waits for its result.
    #[track_caller]
    pub fn command(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params).unwrap_or_else(|why| panic!("{why}"))
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.connection.send(method, params)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.connection.next(left)?.ok_or_else(|| format!("{method}: no answer"))?;
            if message["id"] != id {
                self.note(message)?;
            } else if message["error"].is_null() {
                return Ok(message["result"].clone());
            } else {
                return Err(format!("{method}: {}", message["error"]));
            }
        }
    }

    /// Keeps an event.
    fn note(&mut self, event: Value) -> Result<(), String> {
        let params = &event["params"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => self.seen.requests.push(text(&params["request"]["url"])),
            "Network.webSocketCreated" => self.seen.requests.push(text(&params["url"])),
            "Page.javascriptDialogOpening" => {
                self.seen.dialogs.push(text(&params["message"]));
                // Nothing else is answered while a dialog is open.
                self.connection.send("Page.handleJavaScriptDialog", json!({ "accept": false }))?;
            }
            "Runtime.exceptionThrown" => self.seen.complaints.push(params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" => self.seen.complaints.push(params["args"].to_string()),
            "Log.entryAdded" => self.seen.complaints.push(text(&params["entry"]["text"])),
            "Audits.issueAdded" => self.seen.complaints.push(params["issue"].to_string()),
            _ => {}
        }
        self.events.push(event);
        Ok(())
    }

    /// Opens a URL and waits until the page has loaded.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        self.seen = Seen::default();
        let opened = self.command("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {}", opened["errorText"]);
        self.wait_for_event("Page.loadEventFired");
    }

    #[track_caller]
    pub fn open_file(&mut self, path: &Path) {
        let url = url::Url::from_file_path(path).expect("an absolute path");
        self.open(url.as_str());
    }

    /// Waits for an event of the protocol that comes, or came, since the page was opened.
    #[track_caller]
    pub fn wait_for_event(&mut self, method: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.events.iter().any(|event| event["method"] == method) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.connection.next(left) {
                Ok(Some(message)) => self.note(message).unwrap_or_else(|why| panic!("{why}")),
                Ok(None) => panic!("no {method} came; the page: {:?}", self.seen),
                Err(why) => panic!("{why}"),
            }
        }
    }

    /// What the page did so far. Everything that was under way has been reported when this comes back.
    #[track_caller]
    pub fn seen(&mut self) -> Seen {
        self.settle();
        self.seen.clone()
    }

    /// Waits for two frames: what a script, a style or a timer of no delay begins has begun then, and what scrolls stands.
    #[track_caller]
    fn settle(&mut self) {
        let frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))";
        // Without scripts no timer ends.
        self.evaluate(if self.scripts { frames } else { "0" });
    }

    /// The value of a JavaScript expression; of a promise, what it comes to.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        self.evaluated(expression).unwrap_or_else(|why| panic!("{why}"))
    }

    fn evaluated(&mut self, expression: &str) -> Result<Value, String> {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let answer = self.ask("Runtime.evaluate", asked)?;
        let thrown = &answer["exceptionDetails"];
        if thrown.is_null() {
            Ok(answer["result"]["value"].clone())
        } else {
            Err(format!("{expression}: {}: {}", thrown["text"], thrown["exception"]["description"]))
        }
    }

    /// Waits until an expression is true, on this page or on the one that takes its place.
    #[track_caller]
    pub fn wait_until(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.evaluated(expression) {
                Ok(Value::Bool(true)) => return,
                Ok(_) => {}
                // The page was got anew while it was asked.
                Err(why) if why.contains("navigated") || why.contains("context was destroyed") => {}
                Err(why) => panic!("{why}"),
            }
            assert!(Instant::now() < deadline, "it does not become true: {expression}; the page: {:?}", self.seen);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The text that a reader sees.
    #[track_caller]
    pub fn text(&mut self) -> String {
        self.evaluate("document.body.innerText").as_str().expect("a text").to_owned()
    }

    /// Presses a key: `Tab`, `Shift+Tab`, `Enter`, `Escape`, `ArrowDown`, or a character.
    #[track_caller]
    pub fn press(&mut self, key: &str) {
        let (key, modifiers) = key.strip_prefix("Shift+").map_or((key, 0), |key| (key, 8));
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, String::new()),
            "Enter" => ("Enter", 13, "\r".to_owned()),
            "Escape" => ("Escape", 27, String::new()),
            "ArrowDown" => ("ArrowDown", 40, String::new()),
            "ArrowUp" => ("ArrowUp", 38, String::new()),
            " " => ("Space", 32, " ".to_owned()),
            character => ("", 0, character.to_owned()),
        };
        let mut event = json!({ "type": "keyDown", "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers });
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.command("Input.dispatchKeyEvent", event.clone());
        event["type"] = json!("keyUp");
        event.as_object_mut().expect("an object").remove("text");
        self.command("Input.dispatchKeyEvent", event);
    }

    /// Types a text into what has the focus.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.command("Input.insertText", json!({ "text": text }));
    }

    /// Clicks with the mouse in the middle of the first element that a CSS selector finds.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        let scroll = format!("{element}?.scrollIntoView({{ block: 'center', behavior: 'instant' }})");
        self.evaluate(&scroll);
        // A page that still moves is not clicked where it is measured.
        self.settle();
        let place = self.evaluate(&format!(
            "(() => {{ const r = {element}?.getBoundingClientRect(); return r && [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        assert!(place.is_array(), "nothing on the page is {selector}");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.command("Input.dispatchMouseEvent", event);
        }
    }

    /// Sets the size of the window, the colour scheme that the reader prefers, and screen or paper.
    #[track_caller]
    pub fn look(&mut self, look: Look) {
        let Look { width, height, dark, print } = look;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size);
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        let media = if print { "print" } else { "screen" };
        self.command("Emulation.setEmulatedMedia", json!({ "media": media, "features": [scheme] }));
    }

    /// Lets scripts of pages run, or not. What the test evaluates runs always.
    #[track_caller]
    pub fn scripts(&mut self, run: bool) {
        self.scripts = run;
        self.command("Emulation.setScriptExecutionDisabled", json!({ "value": !run }));
    }

    /// A picture of the window, or of the whole page, as PNG.
    #[track_caller]
    pub fn picture(&mut self, whole: bool) -> Vec<u8> {
        let asked = json!({ "format": "png", "captureBeyondViewport": whole });
        let answer = self.command("Page.captureScreenshot", asked);
        STANDARD.decode(answer["data"].as_str().expect("a picture")).expect("base64")
    }

    pub(super) fn close(&mut self) {
        // Whether or not it answers: whoever closes a browser waits for its end.
        let _ = self.connection.send("Browser.close", json!({}));
    }
}
