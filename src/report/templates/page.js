'use strict';
// Everything can be read without this: it filters, opens what a link leads to, and copies commands.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const filter = document.querySelector('[data-filter]');
if (filter) {
  const field = filter.querySelector('input');
  const level = filter.querySelector('[data-by=level]');
  const shown = filter.querySelector('output');
  const buttons = all('[data-status]', filter);
  const items = all('[data-item]').map(element => ({ element, text: element.textContent.toLowerCase() }));
  const counted = items.filter(item => item.element.dataset.item === 'requirement');
  const groups = all('[data-group]').reverse();
  // What was open before the filter opened what it found.
  let before = null;

  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = buttons.filter(button => button.getAttribute('aria-pressed') === 'true').map(button => button.dataset.status);
    const wanted = level ? level.value : '';
    const active = words.length > 0 || statuses.length > 0 || wanted !== '';
    for (const { element, text } of items) {
      element.hidden = !(words.every(word => text.includes(word))
        && (statuses.length === 0 || statuses.includes(element.dataset.is))
        && (wanted === '' || element.dataset.level === wanted));
    }
    for (const group of groups) {
      const inside = all('[data-item]', group);
      group.hidden = active && inside.length > 0 && inside.every(element => element.hidden);
    }
    const folded = all('details[data-group]');
    if (active) {
      before ??= new Map(folded.map(group => [group, group.open]));
      folded.forEach(group => { group.open = true; });
    } else if (before) {
      before.forEach((open, group) => { group.open = open; });
      before = null;
    }
    const left = counted.filter(item => !item.element.hidden).length;
    shown.textContent = active ? `${left} of ${counted.length}` : `${counted.length} ${shown.dataset.unit ?? 'requirements'}`;
  };

  field.addEventListener('input', apply);
  level?.addEventListener('change', apply);
  for (const button of buttons) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      apply();
    });
  }
  document.addEventListener('keydown', event => {
    const typing = event.target.closest('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape' && event.target === field) {
      field.value = '';
      apply();
      field.blur();
    }
  });
  const unfold = filter.querySelector('[data-unfold]');
  unfold?.addEventListener('click', () => {
    const folded = all('details[data-fold]');
    const open = folded.some(element => !element.open);
    folded.forEach(element => { element.open = open; });
    unfold.textContent = open ? 'Close all' : 'Open all';
  });
  filter.hidden = false;
  apply();
}

// A link into something folded opens it.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let element = target; element; element = element.parentElement) {
    if (element instanceof HTMLDetailsElement) element.open = true;
  }
  target?.scrollIntoView();
};
addEventListener('hashchange', reveal);
if (location.hash.length > 1) reveal();

for (const command of all('.command')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    const code = command.querySelector('code');
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = 'Selected';
    }
  });
  command.append(button);
}
