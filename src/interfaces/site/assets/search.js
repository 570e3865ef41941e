// Search over all pages of the site. Everything that is shown is set as text: titles and instructions are anybody's words.
(() => {
  const shownMax = 30;
  const excerptMax = 150;
  const root = document.body.dataset['root'] ?? '';
  const pages = globalThis.runbookPages ?? [];
  const box = document.querySelector('.search');
  const query = document.querySelector('#query');
  const found = document.querySelector('.found');
  const count = document.querySelector('#count');
  const results = document.querySelector('#results');
  const lowered = pages.map(({ title, names, folder, description, text }) => ({
    title: title.toLowerCase(),
    names: names.join(' ').toLowerCase(),
    rest: `${folder} ${description} ${text}`.toLowerCase(),
  }));
  box.hidden = false;

  /** How well a page fits; 0 when one of the words is nowhere in it. */
  function scoreOf({ title, names, rest }, words) {
    let score = 0;
    for (const word of words) {
      if (title.startsWith(word)) score += 12;
      else if (title.includes(word)) score += 8;
      else if (names.includes(word)) score += 6;
      else if (rest.includes(word)) score += 1;
      else return 0;
    }
    return score;
  }

  /** The step with the most of the words, so that a reader sees why the page is here. */
  function excerpt({ text, description }, words) {
    const steps = text.split('\n').map((step) => ({ step, hits: words.filter((word) => step.toLowerCase().includes(word)).length }));
    const best = steps.reduce((most, one) => (one.hits > most.hits ? one : most), { step: description, hits: 0 }).step;
    const at = Math.max(0, ...words.map((word) => best.toLowerCase().indexOf(word)));
    const from = best.length <= excerptMax ? 0 : Math.max(0, Math.min(at - excerptMax / 2, best.length - excerptMax));
    return `${from > 0 ? '…' : ''}${best.slice(from, from + excerptMax).trim()}${from + excerptMax < best.length ? '…' : ''}`;
  }

  function row(page, words) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = root + page.place;
    const title = document.createElement('b');
    title.textContent = page.title;
    const folder = document.createElement('span');
    folder.className = 'where';
    folder.textContent = page.folder;
    const text = document.createElement('span');
    text.className = 'excerpt';
    text.textContent = excerpt(page, words);
    link.append(title, ' ', folder, text);
    item.append(link);
    return item;
  }

  function search() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.hidden = words.length === 0;
    if (words.length === 0) return results.replaceChildren();
    const fitting = pages
      .map((page, index) => ({ page, score: scoreOf(lowered[index], words) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || (a.page.title < b.page.title ? -1 : 1));
    count.textContent = fitting.length === 0 ? 'No page has these words' : `${fitting.length} ${fitting.length === 1 ? 'page' : 'pages'}`;
    results.replaceChildren(...fitting.slice(0, shownMax).map(({ page }) => row(page, words)));
  }

  function close() {
    query.value = '';
    search();
    query.focus();
  }

  /** Arrow keys go from the field through the results and back. */
  function move(event) {
    const stops = [query, ...results.querySelectorAll('a')];
    const at = stops.indexOf(document.activeElement);
    const next = event.key === 'ArrowDown' ? at + 1 : at - 1;
    if (at < 0 || stops[next] === undefined) return;
    event.preventDefault();
    stops[next].focus();
  }

  query.addEventListener('input', search);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') move(event);
    else if (event.key === 'Enter' && document.activeElement === query) results.querySelector('a')?.click();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== '/' || isTyping) return;
    event.preventDefault();
    query.focus();
  });
  document.addEventListener('click', (event) => {
    if (!box.contains(event.target)) found.hidden = true;
  });
  query.addEventListener('focus', search);
})();
