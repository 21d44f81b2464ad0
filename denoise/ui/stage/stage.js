// The stage: photos come, become clean where they stand, and go home.

import { Viewer } from './viewer.js';
import { Entries } from './entries.js';
import { Advanced } from './advanced.js';
import { Choices } from './choices.js';
import { amount, commandLine, speak, statusOf } from './words.js';

export function start(root, config) {
  const element = root.querySelector('.stage'), style = document.createElement('link');
  if (element.dataset.isStarted) return;
  style.rel = 'stylesheet';
  style.href = `${config.base}stage/code/stage.css`;
  style.onload = () => { element.style.visibility = ''; };
  document.head.append(style);
  new Stage(element, config);
}

const ENDED = ['done', 'failed', 'cancelled', 'refused'];

class Stage {
  constructor(element, config) {
    element.dataset.isStarted = 'yes';
    this.element = element;
    this.config = config;
    this.say = speak(config.words);
    this.find = (selector) => element.querySelector(selector);
    this.frame = this.find('.frame');
    this.viewer = new Viewer(this.frame, { say: this.say, onPoint: (x, y) => this.look(x, y) });
    this.entries = new Entries(config, this.say, () => this.show());
    this.choices = new Choices(this.find('.choices'), this);
    this.advanced = new Advanced(this.find('.advanced'), this);
    this.current = null;
    this.blend = { strength: 1, detail: 0 };
    this.fillLimits();
    this.listen();
    new ResizeObserver(() => this.place()).observe(document.body);
    this.readAddress();
    this.entries.follow();
    setInterval(() => this.showStatus(), 1000);  // seconds left run down between two messages
  }

  // Tells the style how much of the window lies above.
  place() {
    if (!this.isSeen) return;
    const top = this.element.getBoundingClientRect().top + window.scrollY;
    this.element.style.setProperty('--top', `${Math.round(top)}px`);
  }

  get isSeen() { return this.element.offsetParent !== null; }

  fillLimits() {
    const { megapixels, megabytes, kinds } = this.config.limits;
    this.find('.limits').textContent = this.say(
      '{}, up to {} Mpixel and {} MB each. Photos are deleted from this server an hour after their last use, and sent nowhere else.',
      kinds, megapixels, megabytes);
    const files = this.find('.files');
    files.accept = this.config.accept;
    for (const [file, label] of Object.entries(this.config.examples)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.innerHTML = `<img src="${this.config.base}stage/code/${file}" alt="" /><span></span>`;
      button.querySelector('span').textContent = this.say(label);
      button.addEventListener('click', async () => {
        const answer = await fetch(`${this.config.base}stage/code/${file.replace('-small', '')}`);
        this.take([new File([await answer.blob()], file.replace('-small', ''))]);
      });
      this.find('.examples').append(button);
    }
  }

  listen() {
    const files = this.find('.files');
    this.element.querySelectorAll('.choose').forEach((one) => one.addEventListener('click', () => files.click()));
    files.addEventListener('change', () => { this.take([...files.files]); files.value = ''; });
    this.listenAnywhere();
    const tools = {
      fit: () => this.viewer.fit(),
      pixels: () => this.viewer.zoomToPixels(),
      in: () => this.viewer.zoom(this.viewer.scale * 1.5),
      out: () => this.viewer.zoom(this.viewer.scale / 1.5),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : this.frame.requestFullscreen?.()),
    };
    this.find('.tools').addEventListener('click', ({ target }) => tools[target.closest('button')?.dataset.tool]?.());
    for (const name of ['strength', 'detail']) {
      this.find(`.${name}`).addEventListener('input', ({ target }) => this.setBlend({ [name]: Number(target.value) }));
    }
    this.find('.cancel').addEventListener('click', () => this.act({ action: 'cancel' }));
    this.find('.again').addEventListener('click', () => this.update());
    this.find('.update').addEventListener('click', () => this.update());
    this.find('.remove').addEventListener('click', () => this.remove());
    this.find('.strip').addEventListener('click', ({ target }) => {
      const id = target.closest('button')?.dataset.id;
      if (id) this.open(this.entries.byId(id));
    });
  }

  // Photos may be dropped and pasted wherever the stage is on the screen.
  listenAnywhere() {
    const over = this.find('.over'), carries = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
    document.addEventListener('dragover', (event) => {
      if (!this.isSeen || !carries(event)) return;
      event.preventDefault();
      over.hidden = false;
    });
    document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) over.hidden = true; });
    document.addEventListener('drop', (event) => {
      over.hidden = true;
      if (!this.isSeen || !carries(event)) return;
      event.preventDefault();
      event.stopPropagation();
      this.take([...event.dataTransfer.files]);
    }, true);
    document.addEventListener('paste', (event) => {
      const files = [...event.clipboardData?.files ?? []];
      if (!this.isSeen || !files.length) return;
      event.preventDefault();
      this.take(files);
    });
  }

  take(files) {
    if (!files.length) return;
    const added = this.entries.add(files, this.advanced.choice());
    this.open(added[0]);
    this.viewer.canvas.focus({ preventScroll: true });
  }

  open(entry) {
    this.current = entry;
    this.setBlend({ strength: entry.blend?.strength ?? this.blend.strength, detail: entry.blend?.detail ?? 0 });
    this.show();
  }

  // Asks for something of the picture that is open.
  async act(asked) {
    if (this.current?.id) await this.entries.ask(this.current, asked);
  }

  look(x, y) { this.act({ action: 'look', x: Math.round(x), y: Math.round(y) }); }

  // Makes the picture anew with the settings as they are now.
  update() { this.choose(this.advanced.choice()); }

  choose(choice) {
    this.advanced.take(choice);
    this.act({ action: 'choose', ...choice });
    this.writeAddress();
  }

  async remove() {
    const entry = this.current;
    this.current = null;
    await this.entries.remove(entry);
    this.show();
    this.element.querySelector('.choose').focus();
  }

  setBlend(blend) {
    Object.assign(this.blend, blend);
    for (const name of ['strength', 'detail']) {
      const input = this.find(`.${name}`);
      input.value = this.blend[name];
      input.parentElement.querySelector('output').textContent = `${Math.round(this.blend[name] * 100)}%`;
    }
    if (this.current) this.current.blend = { ...this.blend };
    Object.assign(this.viewer, this.blend);
    this.viewer.draw();
    this.choices.mark();
    this.showDownload();
    this.writeAddress();
  }

  show() {
    const all = this.entries.all;
    if (!this.current || !all.includes(this.current)) this.current = all.find((one) => !one.isRefused) ?? all[0] ?? null;
    const { current } = this, isEmpty = !current;
    this.frame.classList.toggle('empty', isEmpty);
    for (const name of ['canvas', '.tools']) this.find(name).hidden = isEmpty;
    for (const name of ['.bar', '.advanced']) this.find(name).hidden = isEmpty;
    if (isEmpty) {
      this.viewer.clear();
      for (const name of ['.tag.before', '.tag.after', '.divider', '.stale', '.refusal']) this.find(name).hidden = true;
    } else {
      this.viewer.show(this.entries.shown(current));
      this.showCurrent(current);
    }
    this.showStrip();
  }

  showCurrent(current) {
    const isDone = current.phase === 'done';
    const isBad = ['failed', 'refused'].includes(current.phase);
    const refusal = this.find('.refusal');
    if (refusal.hidden === isBad || refusal.textContent !== current.sentence) {
      refusal.textContent = isBad ? current.sentence : '';
      refusal.hidden = !isBad;
    }
    this.find('.choices').hidden = this.find('.blends').hidden = !isDone;
    this.find('.hint').hidden = current.phase !== 'cleaning' || !current.look;
    this.find('.cancel').hidden = ENDED.includes(current.phase);
    this.find('.again').hidden = current.phase !== 'cancelled';
    this.find('.remove').hidden = !ENDED.includes(current.phase);
    this.find('.stale').hidden = !isDone || this.advanced.isMade(current.choice);
    this.frame.classList.toggle('outdated', !this.find('.stale').hidden);
    this.advanced.show(current);
    this.choices.show(current);
    this.showDownload();
    this.showStatus();
  }

  showStatus() {
    const { current } = this;
    if (!current) return;
    const [words, share] = statusOf(current, this.say);
    const status = this.find('.status');
    if (status.textContent !== words) status.textContent = words;
    this.find('.progress div').style.width = `${Math.round(share * 100)}%`;
    this.find('.progress').hidden = ENDED.includes(current.phase);
  }

  showDownload() {
    const { current } = this, link = this.find('.download'), all = this.find('.all');
    const done = this.entries.all.filter((one) => one.phase === 'done');
    link.hidden = !current || current.phase !== 'done';
    all.hidden = this.entries.all.length < 2 || !done.length;
    const wishes = this.advanced.fileWishes(this.blend);
    if (!all.hidden) all.href = this.entries.zipAddress(wishes);
    if (link.hidden) return;
    link.href = this.entries.fileAddress(current, wishes);
    const isUsual = wishes.toString() === this.advanced.fileWishes({ strength: 1, detail: 0 }, '').toString();
    const { file } = current;
    link.title = file ? file.name : '';
    link.textContent = this.say('Download');
    const small = document.createElement('small');
    small.textContent = isUsual && file
      ? this.say('{}, was {}', amount(file.bytes), amount(current.bytes)) : this.say('was {}', amount(current.bytes));
    link.append(small);
    this.advanced.showCommand(commandLine(current, this.blend, this.advanced));
  }

  showStrip() {
    const strip = this.find('.strip'), all = this.entries.all;
    strip.hidden = all.length < 2;
    while (strip.children.length > all.length) strip.lastChild.remove();
    all.forEach((entry, index) => {
      const item = strip.children[index] ?? strip.appendChild(makeItem());
      const button = item.firstChild;
      button.dataset.id = entry.key;
      button.className = entry.phase;
      button.setAttribute('aria-current', String(entry === this.current));
      const [words] = statusOf(entry, this.say);
      button.setAttribute('aria-label', `${entry.name}: ${words}`);
      button.title = `${entry.name}: ${words}`;
      const source = this.entries.thumbnail(entry), image = button.querySelector('img');
      if (source && image.getAttribute('src') !== source) image.src = source;
    });
  }

  readAddress() {
    const asked = new URLSearchParams(window.location.search);
    this.advanced.read(asked);
    const share = (name, usual) => {
      const value = Number(asked.get(name) ?? usual);
      return value >= 0 && value <= 1 ? value : usual;
    };
    this.setBlend({ strength: share('strength', 1), detail: share('detail', 0) });
    this.hasRead = true;
  }

  writeAddress() {
    const settings = {}, set = (name, value, usual) => {
      if (value !== usual && value !== null && value !== undefined) settings[name] = value;
    };
    set('strength', String(this.blend.strength), '1');
    set('detail', String(this.blend.detail), '0');
    this.advanced.write(set);
    const written = JSON.stringify(settings);
    if (this.hasRead && written !== this.written) window.address?.write('clean', settings);
    this.written = written;
  }
}

function makeItem() {
  const item = document.createElement('li');
  item.innerHTML = '<button type="button"><img alt="" /><span class="mark" aria-hidden="true"></span></button>';
  return item;
}

