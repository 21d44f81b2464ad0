// Four ways to clean the picture that is open, each with a small piece of it.

const GENTLE = 0.6, TEXTURE = 0.7, STRONGER = 1.5;  // strength; texture; times the level found
const SIDE = 72;  // CSS pixels of a piece

export class Choices {
  constructor(element, stage) {
    this.element = element;
    this.stage = stage;
    this.say = stage.say;
    this.entry = null;
    this.ways = {
      auto: this.add(this.say('Auto')), gentle: this.add(this.say('Gentle')),
      strong: this.add(this.say('Strong')), texture: this.add(this.say('With invented texture')),
    };
    element.addEventListener('click', ({ target }) => this.take(target.closest('[role=radio]')));
    element.addEventListener('keydown', (event) => this.key(event));
  }

  add(label) {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('role', 'radio');
    button.innerHTML = '<canvas aria-hidden="true"></canvas><span></span>';
    button.querySelector('span').textContent = label;
    this.element.append(button);
    return button;
  }

  // What each way asks of the server; null where it is not offered.
  choiceOf(way) {
    const plain = { ...this.stage.advanced.plain(), sigma: null, texture: 0 };
    const { report } = this.entry, facts = this.stage.advanced.facts(plain.model);
    if (way === 'texture') return facts?.textured ? { ...plain, texture: TEXTURE } : null;
    if (way !== 'strong') return plain;
    // A level that is told switches off what cleans a camera's noise.
    const level = this.base?.sigma_estimated ?? report?.sigma_estimated;
    if (!facts?.takes_sigma || !level || (this.base ?? report)?.guided_by) return null;
    return { ...plain, sigma: Math.min(facts.max_sigma, Math.round(level * STRONGER * 1e4) / 1e4) };
  }

  show(entry) {
    if (entry.phase !== 'done') return;
    const isNew = this.entry?.key !== entry.key;
    this.entry = entry;
    if (isNew) this.base = null;
    if (!entry.choice.sigma && !entry.choice.texture) this.base = entry.report;
    for (const [way, button] of Object.entries(this.ways)) button.hidden = !this.choiceOf(way);
    this.mark();
    if (isNew || this.run !== entry.run) this.paintPieces();
    this.run = entry.run;
  }

  mark() {
    if (!this.entry?.choice) return;
    const { choice } = this.entry, { strength, detail } = this.stage.blend;
    const isGentle = !choice.sigma && !choice.texture && strength === GENTLE;
    const made = choice.texture ? 'texture' : choice.sigma ? 'strong' : isGentle ? 'gentle' : 'auto';
    const isExact = made === 'gentle' || (strength === 1 && detail === 0);
    for (const [way, button] of Object.entries(this.ways)) {
      button.setAttribute('aria-checked', String(way === made && isExact));
      button.tabIndex = way === made ? 0 : -1;
    }
  }

  take(button) {
    const way = Object.keys(this.ways).find((one) => this.ways[one] === button);
    if (!way) return;
    const choice = this.choiceOf(way);
    this.stage.setBlend({ strength: way === 'gentle' ? GENTLE : 1, detail: 0 });
    this.stage.choose(choice);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const offered = Object.values(this.ways).filter((one) => !one.hidden);
    const next = offered[(offered.indexOf(document.activeElement) + step + offered.length) % offered.length];
    next.focus();
    this.take(next);
  }

  // The same small region in each way: of what there is, or made for it by the server.
  async paintPieces() {
    const { entry } = this, entries = this.stage.entries, [width, height] = entry.size;
    const look = entry.look ?? [Math.max(0, (width - 384) / 2), Math.max(0, (height - 384) / 2), Math.min(384, width), Math.min(384, height)].map(Math.round);
    const box = middle(look), middleOf = [look[0] + look[2] / 2, look[1] + look[3] / 2].map(Math.round);
    const shown = entries.shown(entry);
    const isStill = () => this.entry === entry && this.run === entry.run;
    const isPlain = !entry.choice.sigma && !entry.choice.texture;
    const before = await picture(shown.address('before', 0, box));
    const plain = isPlain ? await picture(shown.address('after', 0, box)) : this.plain;
    if (!isStill()) return;
    this.plain = plain;
    if (plain) {
      paint(this.ways.auto, [[plain, 1]]);
      paint(this.ways.gentle, [[before, 1], [plain, GENTLE]]);
    }
    for (const way of ['strong', 'texture']) {
      const choice = this.choiceOf(way);
      if (!choice || !isStill() || this.painted?.[way] === `${entry.key}${JSON.stringify(choice)}`) continue;
      const made = await picture(entries.sampleAddress(entry, choice, middleOf));
      if (!made || !isStill()) continue;
      paint(this.ways[way], [[made, 1]]);
      (this.painted ??= {})[way] = `${entry.key}${JSON.stringify(choice)}`;
    }
  }
}

function middle([x, y, width, height]) {
  const side = Math.min(2 * SIDE, width, height);
  return [x + (width - side) / 2, y + (height - side) / 2, side, side].map(Math.floor);
}

async function picture(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await createImageBitmap(await answer.blob()) : null;
  } catch { return null; }
}

function paint(button, layers) {
  const canvas = button.querySelector('canvas'), context = canvas.getContext('2d');
  canvas.width = canvas.height = 2 * SIDE;
  for (const [bitmap, share] of layers) {
    if (!bitmap) continue;
    context.globalAlpha = share;
    const side = Math.min(bitmap.width, bitmap.height, 2 * SIDE);
    context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 2 * SIDE, 2 * SIDE);
  }
}
