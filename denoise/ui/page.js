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
