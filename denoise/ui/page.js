// Goes to the page in the visitor's language: the one chosen by link, else that of the address,
// else the browser's. page.py puts the pages here: the tag of each by its path, "" for the first.
(() => {
  const tags = '{tags}';
  const paths = Object.keys(tags);
  const chosen = () => { try { return localStorage.getItem('language'); } catch { return null; } };
  const choose = (tag) => { try { localStorage.setItem('language', tag); } catch { /* private */ } };
  const path = window.location.pathname.replace(/\/+$/, '');
  const last = path.split('/').pop();
  const here = paths.includes(last) ? last : '';
  const speaks = (tag) => `${navigator.language}-`.startsWith(`${tag}-`);
  const own = here || paths.find((one) => one && speaks(tags[one])) || '';
  const tag = chosen();
  const wanted = paths.find((one) => tags[one] === tag) ?? own;
  const root = document.documentElement;
  // For screen readers; Gradio puts the browser's language there once it has started.
  const nameLanguage = () => {
    if (root.lang !== tags[here]) root.lang = tags[here];
  };
  new MutationObserver(nameLanguage).observe(root, { attributeFilter: ['lang'] });
  nameLanguage();
  if (wanted !== here) {
    const start = here ? path.slice(0, -here.length) : `${path}/`;
    window.location.replace(start + wanted + window.location.search);
    return;
  }
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[hreflang]');
    if (!link) return;
    event.preventDefault();
    choose(link.hreflang);
    window.location.assign(link.href + window.location.search);
  });
})();

// Gives examples the name of their picture, for who cannot see it: Gradio gives them none.
new MutationObserver(() => {
  document.querySelectorAll('button.gallery-item:not([aria-label]) img[src]').forEach((image) => {
    const file = decodeURIComponent(image.src.split('/').pop());
    image.closest('button').setAttribute('aria-label', file.replace(/\.\w+$/, ''));
  });
}).observe(document.documentElement, { childList: true, subtree: true });

// Closes a list of choices that is left with the Tab key: Gradio lets it stand open.
document.addEventListener('focusout', ({ target }) => {
  if (!target.matches('[role="combobox"]')) return;
  setTimeout(() => {  // when Gradio is done with the key
    if (document.activeElement === target || target.ariaExpanded !== 'true') return;
    target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  }, 100);
});

// Has the address hold what is open and its settings, so that it can be copied. `write` is for a
// part of the page; `open` is for the places, each of which finds its part of the address again.
window.address = (() => {
  const places = { clean: ['', 'clean', 'denoise'] };  // by the names of their parts; else learn
  const kept = {}, written = new Set();
  const query = () => new URLSearchParams(window.location.search);
  const here = () => (places.clean.includes(query().get('tab') ?? '') ? 'clean' : 'learn');
  let hasBegun = false;  // Gradio opens the first place before the address has been read
  const show = (wanted) => {
    const whole = new URL(window.location);  // the page's base is another path
    whole.search = wanted;
    window.history.replaceState(null, '', whole);
    if (window.parent !== window) {  // a Space, in a frame whose parent has the address
      window.parent.postMessage({ queryString: `${wanted}`, hash: '' }, '*');
    }
  };
  const write = (tab, settings) => {
    const wanted = query();
    written.forEach((name) => wanted.delete(name));
    wanted.set('tab', tab);
    Object.entries(settings).forEach(([name, value]) => {
      written.add(name);
      if (value !== '' && value !== null) wanted.set(name, value);
    });
    show(wanted);
  };
  const add = (name, value) => {  // to what `write` wrote
    const wanted = query();
    written.add(name);
    wanted.set(name, value);
    show(wanted);
  };
  const open = (place) => {
    hasBegun ||= place !== 'clean';
    if (!hasBegun || here() === place) return;
    kept[here()] = query();
    if (kept[place]) show(kept[place]);
    else write(place, {});
  };
  return { add, open, write };
})();

// Moves between tabs with the arrow keys; of a row of tabs, Tab reaches the chosen one only.
document.addEventListener('keydown', (event) => {
  const tab = event.target.closest?.('[role="tab"]');
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (!tab || !step || event.ctrlKey || event.altKey || event.metaKey) return;
  const all = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]:enabled')];
  const at = all.indexOf(tab) + step;
  const next = Number.isFinite(step) ? all.at(at % all.length) : all.at(step > 0 ? -1 : 0);
  event.preventDefault();
  next.focus();
  next.click();
});
new MutationObserver(() => {
  document.querySelectorAll('[role="tab"]').forEach((tab) => {
    const wanted = tab.ariaSelected === 'true' ? 0 : -1;
    if (tab.tabIndex !== wanted) tab.tabIndex = wanted;
  });
}).observe(document.documentElement, {
  childList: true, subtree: true, attributeFilter: ['aria-selected'],
});

// Hides the controls that the address names, for a lesson: hide=seed,kind.
(() => {
  const asked = new URLSearchParams(window.location.search).get('hide') ?? '';
  const names = asked.split(',').filter((name) => /^[a-z][a-z_-]*$/.test(name));
  const style = document.createElement('style');
  style.textContent = names.map((name) => `.part-${name} { display: none !important; }`).join('\n');
  document.head.append(style);
})();

// Shows nothing of the first place while the address asks for another, which opens in a moment.
(() => {
  const asked = new URLSearchParams(window.location.search).get('tab') ?? 'clean';
  if (['clean', 'denoise', ''].includes(asked)) return;
  const root = document.documentElement;
  const isOpen = () => document.querySelector('[data-tab-id="learn"][aria-selected="true"]');
  const end = () => { root.classList.remove('opening'); watch.disconnect(); };
  const watch = new MutationObserver(() => { if (isOpen()) end(); });
  root.classList.add('opening');
  watch.observe(root, { childList: true, subtree: true, attributeFilter: ['aria-selected'] });
  setTimeout(end, 5000);  // an address may name what there is not
})();
