// Goes to the page in the visitor's language: the one chosen by link, else that of the address,
// else the browser's.
(() => {
  const chosen = () => { try { return localStorage.getItem('language'); } catch { return null; } };
  const choose = (tag) => { try { localStorage.setItem('language', tag); } catch { /* private */ } };
  const path = window.location.pathname.replace(/\/+$/, '');
  const isChinese = path.endsWith('/zh');
  const own = navigator.language.startsWith('zh') || isChinese ? 'zh' : 'en';
  const wanted = chosen() || own;
  const root = document.documentElement;
  // For screen readers; Gradio puts the browser's language there once it has started.
  const nameLanguage = () => {
    if (root.lang !== (isChinese ? 'zh' : 'en')) root.lang = isChinese ? 'zh' : 'en';
  };
  new MutationObserver(nameLanguage).observe(root, { attributeFilter: ['lang'] });
  nameLanguage();
  if ((wanted === 'zh') !== isChinese) {
    const other = isChinese ? path.slice(0, -2) : `${path}/zh`;
    window.location.replace(other + window.location.search);
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
