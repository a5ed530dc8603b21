// The live page of a mock. Everything that comes from elsewhere becomes text, and nothing else: no markup is made of it.
'use strict';

const MOST = 500;
const FOUND = 60;
const SILENT = 15000;
const TIMES = /^(\s*"(?:iat|nbf|exp|toe|auth_time|event_timestamp)": )(-?\d+(?:\.\d+)?)(,?)$/;
// Control characters, and those that turn, hide or split what stands around them.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const by = id => document.getElementById(id);
const token = document.querySelector('meta[name=setspec-token]')?.content ?? location.hash.slice(1);

let about = { mock: '', events: [], actions: [] };
let run = null;
let last = '';
let state = { streams: [], deviations: [] };
let deviations = [];
let entries = [];
let selected = null;

/** The text with hidden characters made visible. */
function visible(text) {
  return String(text).replace(HIDDEN, hidden => `\\u{${hidden.codePointAt(0).toString(16)}}`);
}

/** An element; children are elements, or what is shown as text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'click') element.addEventListener('click', value);
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : visible(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return element;
}

const chip = (kind, words) => make('span', { class: `chip ${kind}` }, words);
const short = id => (id && id.length > 12 ? `${id.slice(0, 8)}\u2026` : id ?? '');
const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// Talking to the mock.

async function get(path) {
  const answer = await fetch(path, { cache: 'no-store' });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.description ?? `status ${answer.status}`);
  return value;
}

async function act(action) {
  try {
    const answer = await fetch('actions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Setspec-Token': token },
      body: JSON.stringify(action),
    });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.description ?? `status ${answer.status}`);
    return value.result ?? {};
  } catch (error) {
    say(error instanceof TypeError ? 'The mock does not answer.' : error.message, true);
    return null;
  }
}

let sayTimer = 0;
function say(words, isBad = false) {
  const toast = by('toast');
  toast.textContent = visible(words);
  toast.className = isBad ? 'toast violated' : 'toast';
  toast.hidden = false;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => { toast.hidden = true; }, isBad ? 8000 : 4000);
}

function link(kind, words) {
  by('link').replaceChildren(chip(kind, words));
  document.title = `${kind === 'live' ? '' : '(not connected) '}setspec mock ${about.mock}`;
}

let source = null;
let heard = 0;
function connect() {
  source?.close();
  source = new EventSource(last ? `events?since=${last}` : 'events');
  heard = Date.now();
  const on = (name, does) => source.addEventListener(name, event => { heard = Date.now(); does(event); });
  on('hello', event => {
    // Another run has another token: the page is got anew with it.
    if (run !== null && run !== event.data) { location.reload(); return; }
    run = event.data;
    link('live', 'live');
  });
  on('entry', event => { last = event.lastEventId; add(JSON.parse(event.data)); });
  on('state', event => { state = JSON.parse(event.data); showState(); });
  on('lost', event => say(`${plural(Number(event.data), 'thing')} happened too fast to be shown.`));
  on('cleared', () => { entries = []; by('entries').replaceChildren(); close(); showEmpty(); });
  on('pulse', () => link('live', 'live'));
  source.onerror = () => {
    source.close();
    link('gone', 'the mock is gone; trying again');
    setTimeout(connect, 1000);
  };
}
setInterval(() => {
  if (source?.readyState === EventSource.OPEN && Date.now() - heard > SILENT) link('waiting', 'the mock is silent');
}, 2000);

// The timeline.

const isOurs = party => (about.mock === 'transmitter' ? party !== 'receiver' : party === 'receiver');
const who = party => (isOurs(party) ? 'the mock' : `your ${party === 'issuer' ? 'transmitter' : party}`);
const clock = at => {
  const time = new Date(at);
  return `${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
};

function verdict(entry) {
  if (entry.tone === 'quiet') return null;
  const count = tone => entry.broken.filter(one => one.tone === tone).length;
  const violated = count('violated');
  const warned = count('warned');
  const more = entry.more ? '+' : '';
  return [
    violated ? chip('violated', `${violated}${more} violated`) : null,
    warned ? chip('warned', `${warned}${violated ? '' : more} warned`) : null,
    violated || warned ? null : chip('satisfied', `${entry.held} hold`),
  ];
}

function row(entry) {
  const arrow = { in: '\u2193', out: '\u2191', note: '\u00b7' }[entry.way];
  const ways = { in: 'came in', out: 'went out', note: 'noted' };
  const refused = entry.status === null || entry.status >= 400;
  // What came in came to us, and the path says where.
  const asked = entry.line.replace(/ -> .*$/s, '');
  const target = !entry.exchange ? entry.line : entry.way === 'in' ? asked.replace(/^(\S+) https?:\/\/[^/]+/, '$1 ') : asked;
  const button = make(
    'button',
    { type: 'button', class: `entry ${entry.way} ${entry.tone}`, 'data-seq': entry.seq, click: () => open(entry.seq) },
    make('span', { class: 'first' },
      make('span', { class: 'time', title: `began ${entry.at}` }, clock(Date.parse(entry.at) + (entry.elapsed_ms ?? 0))),
      make('span', { class: 'way', title: ways[entry.way] }, arrow),
      make('span', { class: 'what' }, entry.what),
      make('span', { class: 'where', title: entry.line }, target),
      entry.exchange ? make('span', { class: `status${refused ? ' refused' : ''}` }, entry.status ?? 'no answer') : null),
    make('span', { class: 'second' },
      verdict(entry),
      entry.events.map(event => make('span', { class: 'event' }, event)),
      entry.way !== 'note' && entry.deviations.length ? make('span', { class: 'chip warned', title: entry.deviations.join('\n') }, 'mutated') : null,
      entry.stream_id ? make('span', { class: 'stream', title: `stream ${entry.stream_id}` }, short(entry.stream_id)) : null,
      entry.broken.map(one => make('span', { class: `broken ${one.tone}` }, one.id, make('i', {}, `  ${who(one.party)}`))),
      entry.more ? make('span', { class: 'quiet' }, `and ${entry.more} more`) : null));
  return make('li', {}, button);
}

function add(entry) {
  if (entries.some(known => known.seq === entry.seq)) return;
  const element = row(entry);
  // What is seen can be looked for, and the names behind what is shortened.
  const words = [element.textContent, entry.line, entry.exchange, entry.stream_id, ...entry.jtis, ...entry.deviations];
  entries.push({ seq: entry.seq, entry, element, words: words.join(' ').toLowerCase() });
  if (Date.now() - Date.parse(entry.at) < 3000) element.firstChild.classList.add('fresh');
  element.hidden = !isWanted(entries.at(-1));
  const list = by('entries');
  const pane = list.parentElement;
  const height = pane.scrollHeight;
  list.prepend(element);
  // Whoever reads further down is not moved.
  if (pane.scrollTop > 8) pane.scrollTop += pane.scrollHeight - height;
  while (entries.length > MOST) entries.shift().element.remove();
  showEmpty();
}

function isWanted({ entry, words }) {
  const tone = by('tone').value;
  const is = {
    '': true,
    busy: !(entry.what === 'poll' && entry.tone === 'satisfied' && !entry.events.length),
    looked: entry.tone !== 'quiet',
    broken: entry.tone === 'violated' || entry.tone === 'warned',
    violated: entry.tone === 'violated',
  }[tone];
  return is && by('filter').value.toLowerCase().split(/\s+/).every(word => words.includes(word));
}

function showEmpty() {
  const shown = entries.some(one => !one.element.hidden);
  by('empty').hidden = shown;
  by('empty').textContent = entries.length ? 'Nothing fits the filter.' : 'Nothing has happened yet.';
}

function filter() {
  for (const one of entries) one.element.hidden = !isWanted(one);
  showEmpty();
}

// The detail.

async function open(seq) {
  selected = seq;
  for (const one of entries) {
    const button = one.element.firstChild;
    if (one.seq === seq) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
  const pane = by('detail');
  try {
    const detail = await get(`entries/${seq}`);
    if (selected !== seq) return;
    pane.replaceChildren(...whole(detail));
  } catch (error) {
    pane.replaceChildren(make('p', { class: 'defect' }, error.message));
  }
  pane.classList.add('open');
  pane.scrollTop = 0;
  pane.focus({ preventScroll: true });
}

function close() {
  const pane = by('detail');
  if (selected === null) return;
  const button = document.querySelector('.entry[aria-current]');
  selected = null;
  button?.removeAttribute('aria-current');
  pane.classList.remove('open');
  pane.replaceChildren(make('p', { class: 'quiet hint' }, 'Choose something in the timeline to see it whole.'));
  button?.focus({ preventScroll: true });
}

function whole(detail) {
  const { record } = detail;
  const broken = detail.findings.filter(finding => finding.tone !== 'satisfied');
  const lenient = detail.findings.filter(finding => finding.tone === 'satisfied');
  const parts = [
    make('header', {},
      make('h3', {}, detail.line),
      make('button', { type: 'button', click: close, 'aria-label': 'Close the detail' }, 'Close')),
    make('p', { class: 'tags' },
      verdict(detail),
      make('span', { class: 'quiet' }, [detail.exchange, detail.what, new Date(detail.at).toISOString(),
        detail.elapsed_ms === null ? null : `${detail.elapsed_ms.toFixed(1)} ms`].filter(Boolean).join(', ')),
      detail.stream_id ? make('span', { class: 'quiet' }, 'stream ', make('code', {}, detail.stream_id)) : null),
  ];
  if (detail.deviations.length && detail.way !== 'note') {
    parts.push(make('p', { class: 'quiet' }, 'Meanwhile the mock deviated: ', make('code', {}, detail.deviations.join(', '))));
  }
  if (record?.failure) parts.push(make('p', { class: 'defect' }, record.failure.message));
  if (broken.length) parts.push(make('h2', {}, 'What is wrong'), ...broken.map(finding));
  if (lenient.length) parts.push(make('h2', {}, 'Accepted, not ideal'), ...lenient.map(finding));
  if (detail.held_ids.length) {
    parts.push(make('h2', {}, 'What holds'), make('details', {},
      make('summary', {}, plural(detail.held_ids.length, 'requirement')),
      make('ul', {}, detail.held_ids.map(id => make('li', {}, id)))));
  }
  detail.sets.forEach((set, place) => parts.push(...token_of(set, detail.sets.length > 1 ? ` ${place + 1}` : '')));
  if (record) {
    const { request, response } = record;
    parts.push(make('h2', {}, 'Request'), ...message(`${request.method} ${request.target} ${request.version}`, request));
    parts.push(make('h2', {}, 'Response'));
    if (response) parts.push(...message(`${response.version} ${response.status} ${response.reason}`, response));
    else parts.push(make('p', { class: 'defect' }, 'There was no response.'));
    if (record.tls) parts.push(make('p', { class: 'quiet' }, `TLS ${record.tls.version}, ${record.tls.cipher_suite}`));
  } else {
    if (detail.events.length) parts.push(make('p', { class: 'label' }, 'event'), make('pre', {}, detail.events.join('\n')));
    if (detail.jtis.length) parts.push(make('p', { class: 'label' }, 'jti'), make('pre', {}, detail.jtis.join('\n')));
  }
  return parts;
}

function finding(one) {
  const isLink = one.link.startsWith('https://');
  return make('article', { class: `finding ${one.tone}` },
    make('p', {}, chip(one.tone, one.tone === 'satisfied' ? 'accepted' : one.tone), ' ',
      make('span', { class: 'level' }, one.level), ' ', make('code', {}, one.id), ' ',
      make('span', { class: 'by' }, who(one.party))),
    make('p', { class: 'text' }, one.text),
    make('dl', {},
      make('dt', {}, 'expected'), make('dd', { class: 'expected' }, one.expected),
      make('dt', {}, 'actual'), make('dd', { class: 'actual' }, one.actual)),
    one.reason ? make('p', { class: 'foot' }, one.reason) : null,
    make('p', { class: 'foot' }, isLink ? make('a', { href: one.link, target: '_blank', rel: 'noreferrer noopener' }, 'the section') : null,
      isLink ? ', ' : null, 'found by ', make('code', {}, one.source)));
}

function token_of(set, number) {
  const kind = set.signature === 'valid' ? 'satisfied' : set.signature === 'not-checked' ? 'idle' : 'violated';
  const type = set.claims?.events && typeof set.claims.events === 'object' ? Object.keys(set.claims.events).join(', ') : '';
  return [
    make('h2', {}, `SET${number}`),
    make('p', { class: 'tags' }, chip(kind, `signature ${set.signature}`), make('span', { class: 'quiet' }, set.reason ?? type)),
    ...set.defects.map(defect => make('p', { class: 'defect' }, defect)),
    make('p', { class: 'label' }, 'header'), json(set.header),
    make('p', { class: 'label' }, 'claims'), json(set.claims),
  ];
}

/** A document with its times made readable. */
function json(value) {
  if (value === null || value === undefined) return make('pre', {}, 'not readable');
  const lines = JSON.stringify(value, null, 2).split('\n');
  const pre = make('pre', {});
  lines.forEach((line, place) => {
    pre.append(visible(line));
    const found = TIMES.exec(line);
    const time = found ? new Date(Number(found[2]) * 1000) : null;
    if (time && !Number.isNaN(time.getTime())) {
      pre.append(make('span', { class: 'when' }, `  ${time.toISOString().replace('T', ' ').replace('.000', '')}`));
    }
    if (place + 1 < lines.length) pre.append('\n');
  });
  return pre;
}

function message(start, part) {
  const head = [start.trim(), ...part.headers.map(([name, value]) => `${name}: ${value}`)].map(line => visible(line).replaceAll('\n', '\\n'));
  const parts = [make('pre', { class: 'head' }, head.join('\n'))];
  const body = typeof part.body === 'string' ? part.body : part.body.base64;
  if (body) parts.push(pretty(body));
  for (const note of part.notes ?? []) parts.push(make('p', { class: 'quiet' }, note));
  if (typeof part.body !== 'string') parts.push(make('p', { class: 'quiet' }, 'Not UTF-8; shown in base64.'));
  if (part.truncated && !part.notes?.length) parts.push(make('p', { class: 'quiet' }, 'The body was longer than what was read.'));
  return parts;
}

function pretty(body) {
  try {
    const value = JSON.parse(body);
    if (typeof value === 'object') return json(value);
  } catch { /* It is no JSON, and shown as it is. */ }
  return make('pre', {}, body);
}

// Streams.

function showState() {
  const can = name => about.actions.includes(name);
  showStreams(can);
  const none = about.mock === 'transmitter' ? 'No receiver has created a stream yet.'
    : can('status') ? 'The receiver has no stream yet.' : 'This receiver has none: it takes what is pushed to it.';
  by('no-streams').textContent = state.streams.length ? '' : none;
  const select = by('send-stream');
  const chosen = select.value;
  select.replaceChildren(make('option', { value: '' }, 'every stream that wants it'),
    ...state.streams.map(stream => make('option', { value: stream.stream_id }, `${short(stream.stream_id)} (${stream.receiver}, ${stream.delivery})`)));
  select.value = state.streams.some(stream => stream.stream_id === chosen) ? chosen : '';
  showDeviations();
}

let cards = new Map();
/** A card that has nothing new to say stays, and whoever works with the keyboard keeps the place in one that has. */
function showStreams(can) {
  const place = [...document.querySelectorAll('#streams button')].indexOf(document.activeElement);
  const before = cards;
  cards = new Map(state.streams.map(stream => {
    const text = JSON.stringify(stream);
    const known = before.get(stream.stream_id);
    return [stream.stream_id, known?.text === text ? known : { text, element: card(stream, can) }];
  }));
  const elements = [...cards.values()].map(one => one.element);
  const list = by('streams');
  if (elements.length !== list.children.length || elements.some((one, at) => one !== list.children[at])) {
    list.replaceChildren(...elements);
    if (place >= 0) document.querySelectorAll('#streams button')[place]?.focus();
  }
}

function card(stream, can) {
  const to = (status, words) => make('button', {
    type: 'button', disabled: stream.status === status, 'data-status': status,
    click: () => act({ action: 'status', stream_id: stream.stream_id, status }),
  }, words);
  const counts = [
    `${plural(stream.events_delivered?.length ?? 0, 'event type')}`,
    stream.subjects ? plural(stream.subjects, 'subject') : null,
    stream.waiting ? `${plural(stream.waiting, 'SET')} waiting` : null,
    stream.polls ? `${plural(stream.polls, 'poll')} waiting` : null,
    stream.taken === undefined ? null : `${plural(stream.taken, 'SET')} taken, ${stream.refused} refused`,
    stream.verified ? 'verified' : null,
  ].filter(Boolean).join(', ');
  return make('li', { class: stream.status, 'data-stream': stream.stream_id },
    make('p', { class: 'line' }, make('code', { title: stream.stream_id }, short(stream.stream_id)), chip(stream.status, stream.status)),
    make('p', { class: 'about' }, `${stream.receiver}, by ${stream.delivery}`, make('br'), counts, make('br'),
      make('code', {}, stream.endpoint_url ?? '')),
    make('p', { class: 'row' },
      can('emit') ? make('button', { type: 'button', 'data-send': true, click: () => {
        by('send-stream').value = stream.stream_id;
        by('send-event').focus();
      } }, 'Send\u2026') : null,
      can('verify') ? make('button', { type: 'button', 'data-verify': true, click: async () => {
        if (await act({ action: 'verify', stream_id: stream.stream_id })) say('A verification is on its way.');
      } }, 'Verify') : null,
      can('status') ? [to('enabled', 'Enable'), to('paused', 'Pause'), to('disabled', 'Disable')] : null));
}

function object(id, what) {
  const text = by(id).value.trim();
  if (!text) return undefined;
  try {
    const value = JSON.parse(text);
    if (value && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch { /* It is said below. */ }
  by(id).focus();
  throw new Error(`${what}: expected a JSON object`);
}

async function send(submitted) {
  submitted.preventDefault();
  try {
    const event = { type: by('send-event').value };
    const subject = object('send-subject', 'subject');
    const claims = object('send-claims', 'payload members');
    if (subject) event.subject = subject;
    if (claims) event.claims = claims;
    if (by('send-stream').value) event.stream_id = by('send-stream').value;
    const emission = await act({ action: 'emit', event });
    if (!emission) return;
    const skipped = emission.skipped.map(one => `stream ${short(one.stream_id)}: ${one.reason}`);
    const none = !emission.sent.length && !skipped.length ? ['there is no stream yet'] : [];
    say([`queued for ${plural(emission.sent.length, 'stream')}`, ...skipped, ...none].join('; '), !emission.sent.length);
  } catch (error) {
    say(error.message, true);
  }
}

// Mutants and variations.

function toggle(one) {
  const isOn = state.deviations.includes(one.id);
  const what = one.breaks ? [make('code', {}, one.breaks), ` (${one.level}) ${one.text}`]
    : [one.about ?? 'Legal, and must not be flagged.'];
  return make('li', {},
    one.start ? chip('idle', one.kind) : make('button', {
      type: 'button', role: 'switch', 'aria-checked': String(isOn), 'aria-label': one.id, 'data-deviation': one.id,
      click: () => act({ action: 'deviate', id: one.id, on: !isOn }),
    }),
    make('div', {}, make('p', { class: 'id' }, one.id),
      make('p', { class: 'what' }, one.start ? null : `${one.kind}: `, what),
      one.start && !isOn ? make('p', { class: 'what' }, 'counts at the start: ', make('code', {}, one.start)) : null));
}

function showDeviations() {
  // Whoever works with the keyboard keeps the place.
  const focused = document.activeElement?.dataset?.deviation;
  const part = document.activeElement?.closest('#on, #found')?.id;
  const on = deviations.filter(one => state.deviations.includes(one.id));
  by('on').replaceChildren(...on.map(toggle));
  by('conform').hidden = !on.some(one => !one.start);
  const words = by('find').value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = one => [one.id, one.kind, one.breaks, one.about, one.text].join(' ').toLowerCase();
  const fitting = words.length ? deviations.filter(one => words.every(word => text(one).includes(word))) : [];
  by('found').replaceChildren(...fitting.slice(0, FOUND).map(toggle));
  const left = fitting.length - FOUND;
  by('count').textContent = !words.length ? `${deviations.length} that this mock can act out.`
    : left > 0 ? `and ${left} more` : fitting.length ? '' : 'There is none like this.';
  if (focused) {
    const all = [...document.querySelectorAll('[data-deviation]')].filter(one => one.dataset.deviation === focused);
    (all.find(one => one.closest(`#${part}`)) ?? all[0] ?? by('find')).focus();
  }
}

// The page.

function move(step) {
  const shown = [...document.querySelectorAll('#entries > li:not([hidden]) > button')];
  const at = shown.indexOf(document.activeElement);
  const current = at >= 0 ? at : shown.findIndex(one => one.hasAttribute('aria-current'));
  const next = shown[Math.min(Math.max(current + step, 0), shown.length - 1)];
  next?.focus();
}

document.addEventListener('keydown', event => {
  const isTyping = event.target.matches('input, textarea, select');
  if (event.key === 'Escape') close();
  else if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  else if (event.key === '/') { by('filter').focus(); event.preventDefault(); }
  else if (event.key === 'ArrowDown' && event.target.closest('.timeline, .detail')) { move(1); event.preventDefault(); }
  else if (event.key === 'ArrowUp' && event.target.closest('.timeline, .detail')) { move(-1); event.preventDefault(); }
});

async function start() {
  about = { ...about, ...await get('about') };
  for (const id of ['main', 'tabs']) by(id).hidden = false;
  const measure = () => document.documentElement.style.setProperty('--head', `${document.querySelector('.top').offsetHeight}px`);
  new ResizeObserver(measure).observe(document.querySelector('.top'));
  measure();
  by('send-part').hidden = !about.actions.includes('emit');
  by('rotate').hidden = !about.actions.includes('rotate-key');
  const families = Map.groupBy ? [...Map.groupBy(about.events, ([name]) => name.split('/')[0])] : [['events', about.events]];
  by('send-event').replaceChildren(...families.map(([family, types]) =>
    make('optgroup', { label: family }, types.map(([name, uri]) => make('option', { value: uri }, name)))));
  by('send-subject').value = '{"format": "email", "email": "user@example.com"}';
  by('send').addEventListener('submit', send);
  by('rotate').addEventListener('click', () => act({ action: 'rotate-key' }));
  by('conform').addEventListener('click', () => act({ action: 'conform' }));
  by('clear').addEventListener('click', () => act({ action: 'clear' }));
  by('find').addEventListener('input', showDeviations);
  for (const id of ['filter', 'tone']) by(id).addEventListener('input', filter);
  for (const tab of by('tabs').children) {
    tab.addEventListener('click', () => {
      by('main').dataset.part = tab.dataset.part;
      for (const other of by('tabs').children) other.setAttribute('aria-pressed', String(other === tab));
    });
  }
  if (!token) say('Watching only: open the address that setspec printed, to act.');
  deviations = await get('deviations');
  connect();
}

start().catch(error => {
  link('gone', visible(error.message));
  setTimeout(() => location.reload(), 3000);
});
