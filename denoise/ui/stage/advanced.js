// All settings, for whom the four ways are not enough; and what was done, in numbers.

import { reportLines } from './words.js';

export class Advanced {
  constructor(element, stage) {
    this.element = element;
    this.stage = stage;
    this.say = stage.say;
    this.config = stage.config;
    this.find = (selector) => element.querySelector(selector);
    this.texture = 0;
    this.exactSigma = null;  // as a way chose it, finer than the slider
    this.fill();
    this.listen();
  }

  fill() {
    const { models, default: usual, takesAddresses, formats } = this.config;
    this.find('.model').append(...models.map(({ name }) => new Option(name, name, false, name === usual)));
    if (takesAddresses) this.find('.model').append(new Option(this.say('Another, on the Hub …'), ''));
    this.find('.typed').placeholder = 'org/repo/name';
    this.find('.format').append(
      new Option(this.say('the kind that came'), ''), ...formats.map((name) => new Option(name, name)));
    this.describe();
  }

  listen() {
    this.element.addEventListener('input', ({ target }) => {
      if (target.matches('.level, [name=stage-level], .model, .typed')) this.exactSigma = null;
      if (target.matches('.model, .typed')) this.texture = 0;
      this.describe();
      if (target.matches('.format, .exif')) this.stage.showDownload();
      this.stage.show();
      this.stage.writeAddress();
    });
    this.find('.copy').addEventListener('click', async ({ target }) => {
      await navigator.clipboard?.writeText(this.find('code').textContent);
      target.textContent = this.say('Copied');
      setTimeout(() => { target.textContent = this.say('Copy'); }, 2000);
    });
  }

  get model() { return this.find('.model').value || this.find('.typed').value.trim() || this.config.default; }
  get level() { return this.element.querySelector('[name=stage-level]:checked').value; }
  get format() { return this.find('.format').value; }
  get keepsExif() { return this.find('.exif').checked; }

  facts(model) { return this.config.models.find(({ name }) => name === model); }

  describe() {
    const facts = this.facts(this.model), isTold = this.level === 'told';
    this.find('.typed').hidden = this.find('.model').value !== '';
    this.find('.about').textContent = facts?.summary ?? '';
    this.find('.levels').disabled = facts ? !facts.takes_sigma : false;
    const slider = this.find('.level');
    slider.max = Math.round(255 * (facts?.max_sigma ?? 100 / 255));
    slider.hidden = this.find('.levels .warning').hidden = !isTold;
    this.find('.levels output').textContent = isTold ? `${slider.value}/255` : '';
  }

  // The choice as it stands: what a run is asked for.
  choice() { return { ...this.plain(), sigma: this.sigma(), texture: this.texture }; }

  plain() {
    return { model: this.model, ensemble: this.find('.ensemble').checked };
  }

  sigma() {
    if (this.level !== 'told') return null;
    return this.exactSigma ?? Number((this.find('.level').value / 255).toFixed(4));
  }

  // Takes a choice that a way has made, so that the settings say what is shown.
  take({ sigma, texture }) {
    this.texture = texture ?? 0;
    this.exactSigma = sigma;
    const level = sigma !== null ? 'told' : 'auto';
    this.element.querySelector(`[name=stage-level][value=${level}]`).checked = true;
    if (sigma !== null) this.find('.level').value = Math.round(255 * sigma);
    this.describe();
  }

  isMade(choice) {
    const now = this.choice();
    return Object.keys(now).every((name) => now[name] === (choice[name] ?? null) || (now[name] ?? 0) === (choice[name] ?? 0));
  }

  show(entry) {
    const isDone = entry.phase === 'done' && entry.report;
    this.find('.told').hidden = !isDone;
    if (!isDone || this.shown === entry.report) return;
    this.shown = entry.report;
    this.find('.report').replaceChildren(...reportLines(entry, this.say).map((line) => {
      const paragraph = document.createElement('p');
      paragraph.textContent = line;
      return paragraph;
    }));
  }

  showCommand(words) { this.find('code').textContent = words; }

  // How the file is to be written, as a query.
  fileWishes({ strength, detail }, format = this.format) {
    const wishes = new URLSearchParams();
    if (strength !== 1) wishes.set('strength', strength);
    if (detail !== 0) wishes.set('detail', detail);
    if (format) wishes.set('format', format);
    if (!this.keepsExif) wishes.set('exif', '0');
    return wishes;
  }

  read(asked) {
    const model = asked.get('model');
    if (model && this.facts(model)) this.find('.model').value = model;
    const sigma = Number(asked.get('sigma'));
    this.take({
      sigma: asked.get('sigma') && sigma >= 0 && sigma <= 1 ? sigma : null,
      texture: Number(asked.get('texture')) > 0 && this.facts(this.model)?.textured ? Math.min(1, Number(asked.get('texture'))) : 0,
    });
    this.find('.ensemble').checked = asked.get('ensemble') === 'true';
    if (this.config.formats.includes(asked.get('format'))) this.find('.format').value = asked.get('format');
    this.find('.exif').checked = asked.get('exif') !== 'false';
  }

  write(set) {
    const { model, sigma, texture, ensemble } = this.choice();
    set('model', model, this.config.default);
    set('sigma', sigma, null);
    set('texture', String(texture), '0');
    set('ensemble', String(ensemble), 'false');
    set('format', this.format, '');
    set('exif', String(this.keepsExif), 'true');
  }
}

