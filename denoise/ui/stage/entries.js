// The photos of this visit: sent to the server, followed there, found again after a reload.

const AT_ONCE = 2;  // uploads
const AHEAD = 6;  // photos that may wait at the server; the others wait here
const KEPT_MS = 3600e3;  // as long as the server keeps a visit that nobody watches
const PLACE = 'denoise-visit';

export class Entries {
  constructor(config, say, onChange) {
    this.config = config;
    this.say = say;
    this.onChange = onChange;
    this.all = [];
    this.visit = findVisit();
    this.here = `${config.base}stage/${this.visit}`;
    this.query = config.lang ? `?lang=${config.lang}` : '';
  }

  byId(key) { return this.all.find((one) => one.key === key); }

  add(files, choice) {
    const added = files.map((file) => this.make(file, choice));
    this.all.push(...added);
    this.sendNext();
    this.onChange();
    return added;
  }

  make(file, choice) {
    const entry = {
      key: crypto.randomUUID?.() ?? String(Math.random()), name: file.name || 'pasted.png', bytes: file.size,
      phase: 'queued', choice, file, parts: [], report: null, sentence: '', format: 'PNG',
    };
    const problem = this.problemOf(file);
    if (problem) Object.assign(entry, { phase: 'refused', isRefused: true, sentence: problem });
    else this.readHere(entry);
    return entry;
  }

  problemOf({ size, type, name }) {
    if (size > this.config.limits.megabytes * 1e6) {
      return this.say('{} has {} MB; a photo has at most {}.', name, Math.round(size / 1e6), this.config.limits.megabytes);
    }
    if (!size) return this.say('{} is empty.', name);
    if (/^(text|video|audio)\/|svg|pdf|zip/.test(type)) return this.say('{} is no photo: {} is not read here.', name, type);
    return null;
  }

  // Shows the photo at once where the browser can read it; else when the server has.
  async readHere(entry) {
    try {
      const url = URL.createObjectURL(entry.file);
      const image = new Image();
      image.src = url;
      await image.decode();
      const longest = Math.max(image.naturalWidth, image.naturalHeight), shrink = Math.min(1, 2048 / longest);
      entry.localSize = [image.naturalWidth, image.naturalHeight];
      entry.local = await createImageBitmap(image, {
        resizeWidth: Math.max(1, Math.round(image.naturalWidth * shrink)),
        resizeHeight: Math.max(1, Math.round(image.naturalHeight * shrink)),
      });
      URL.revokeObjectURL(url);
      this.onChange();
    } catch { /* TIFF, say: the server reads it */ }
  }

  sendNext() {
    const sending = this.all.filter((one) => one.phase === 'uploading').length;
    const there = this.all.filter((one) => one.id && !['done', 'failed', 'cancelled'].includes(one.phase)).length;
    const next = this.all.find((one) => one.phase === 'queued');
    if (!next || sending >= AT_ONCE || there >= AHEAD) return;
    next.phase = 'uploading';
    this.send(next).then(() => this.sendNext());
    this.sendNext();
  }

  async send(entry) {
    try {
      const path = await this.upload(entry);
      entry.phase = 'waiting';
      const { id } = await this.post(`${this.here}${this.query}`, {
        image: { path }, name: entry.name, ...entry.choice,
      });
      entry.id = id;
      entry.file = null;
      const early = this.early?.get(id);
      if (early) this.hear(early);
    } catch (error) {
      Object.assign(entry, { phase: 'refused', isRefused: true, sentence: error.message });
    }
    this.onChange();
  }

  upload(entry) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(), form = new FormData();
      form.append('files', entry.file, entry.name);
      request.upload.onprogress = ({ loaded, total }) => {
        entry.sent = loaded / total;
        this.onChange();
      };
      request.onload = () => {
        if (request.status === 200) resolve(JSON.parse(request.responseText)[0]);
        else reject(new Error(sentenceOf(request.responseText) ?? this.say('The server did not take {}.', entry.name)));
      };
      request.onerror = () => reject(new Error(this.say('The connection broke; bring {} again.', entry.name)));
      request.open('POST', `${this.config.base}gradio_api/upload`);
      request.send(form);
    });
  }

  // Posts to the server; where it is full, again when it said.
  async post(address, body) {
    for (;;) {
      const answer = await fetch(address, {
        method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
      });
      if (answer.ok) return answer.json();
      const wait = Number(answer.headers.get('Retry-After'));
      if (![429, 503].includes(answer.status) || !wait) {
        throw new Error(sentenceOf(await answer.text()) ?? this.say('The server did not take it.'));
      }
      await new Promise((resolve) => { setTimeout(resolve, wait * 1000); });
    }
  }

  async ask(entry, asked) {
    try {
      await this.post(`${this.here}/${entry.id}${this.query}`, asked);
    } catch (error) {
      Object.assign(entry, { phase: 'failed', sentence: error.message });
      this.onChange();
    }
  }

  async remove(entry) {
    this.all = this.all.filter((one) => one !== entry);
    entry.local?.close();
    if (entry.id) await this.ask(entry, { action: 'remove' });
  }

  // Listens to the server for as long as the page is open.
  follow() {
    this.source = new EventSource(`${this.here}/events${this.query}`);
    this.source.onmessage = ({ data }) => {
      const { states, gone } = JSON.parse(data);
      for (const state of states) this.hear(state);
      this.all = this.all.filter((one) => !gone.includes(one.id));
      keepVisit(this.visit);
      this.sendNext();
      if (states.length || gone.length) this.onChange();
    };
  }

  hear(state) {
    let entry = this.all.find((one) => one.id === state.id);
    if (!entry && this.all.some((one) => !one.id && ['uploading', 'waiting'].includes(one.phase))) {
      this.early ??= new Map();  // told of before its upload was answered
      this.early.set(state.id, state);
      return;
    }
    if (!entry) {
      entry = { key: state.id, parts: [] };
      this.all.push(entry);
    }
    Object.assign(entry, state, { heard: Date.now() });
    entry.report = state.report ?? null;
    entry.file = state.file ?? null;
  }

  // What the viewer shows of an entry.
  shown(entry) {
    const size = entry.size ?? entry.localSize ?? [4, 3];
    return {
      key: entry.key, name: entry.name, size, local: entry.local ?? null, isRead: Boolean(entry.id && entry.size),
      isDone: entry.phase === 'done', parts: entry.parts, look: entry.look, run: entry.run,
      address: (side, level, box) => {
        const run = side === 'before' ? '' : `?run=${entry.run}`;
        return `${this.here}/${entry.id}/${side}/${level}/${box.join()}${run}`;
      },
    };
  }

  thumbnail(entry) {
    if (!entry.id || !entry.size) return null;
    const [width, height] = entry.size, level = Math.max(0, Math.floor(Math.log2(Math.max(width, height) / 128)));
    const side = entry.phase === 'done' ? 'after' : 'before';
    return `${this.here}/${entry.id}/${side}/${Math.min(level, 12)}/0,0,${width},${height}?run=${side === 'after' ? entry.run : ''}`;
  }

  sampleAddress(entry, choice, [x, y]) {
    const asked = new URLSearchParams({ x, y, model: choice.model, texture: choice.texture });
    if (choice.sigma !== null) asked.set('sigma', choice.sigma);
    return `${this.here}/${entry.id}/sample?${asked}`;
  }

  fileAddress(entry, wishes) {
    return `${this.here}/${entry.id}/file?${wishes}${wishes.size ? '&' : ''}run=${entry.run}`;
  }

  zipAddress(wishes) { return `${this.here}/denoised.zip?${wishes}`; }
}

function sentenceOf(text) {
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === 'string' ? detail : detail?.[0]?.message ?? null;
  } catch { return null; }
}

// The visit of this browser, while the server keeps it; else a new one.
function findVisit() {
  try {
    const { visit, seen } = JSON.parse(localStorage.getItem(PLACE) ?? '{}');
    if (visit && Date.now() - seen < KEPT_MS) return visit;
  } catch { /* private */ }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('');
}

function keepVisit(visit) {
  try { localStorage.setItem(PLACE, JSON.stringify({ visit, seen: Date.now() })); } catch { /* private */ }
}
