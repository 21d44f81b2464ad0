// The viewer: a picture before and after in one frame, with a divider, zoom and panning.

import { Pieces } from './pieces.js';

const HOLD_MS = 280;  // that a press lasts before it shows the picture before
const MOST_SCALE = 16;  // screen pixels of one pixel of the picture
const STEP = 1.4;  // of a zoom by button or key
const NEAR = 6;  // pixels that a press may wander

export class Viewer {
  // Elements of `frame`: canvas, .divider, .tag.before, .tag.after, .percent.
  constructor(frame, { say, onPoint }) {
    this.frame = frame;
    this.say = say;
    this.onPoint = onPoint;  // a press on the picture while it is worked on
    this.canvas = frame.querySelector('canvas');
    this.context = this.canvas.getContext('2d');
    this.divider = frame.querySelector('.divider');
    this.shelf = document.createElement('canvas');
    this.picture = null;
    this.split = 0.5;
    this.strength = 1;
    this.detail = 0;
    this.isFitted = true;
    this.isHeld = false;
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => { if (this.isFitted) this.fit(); else this.draw(); }).observe(frame);
  }

  // Shows a picture: {size, local, address, name}; the same one again keeps the view.
  show(picture) {
    if (this.picture?.key !== picture.key) {
      this.picture = picture;
      this.pieces = new Pieces(picture.address, () => this.draw());
      this.isFitted = true;
      this.run = null;
    }
    Object.assign(this.picture, picture);
    this.pieces.address = picture.address;
    if (this.picture.run !== this.run) {
      this.pieces.drop('after');
      this.pieces.drop('detailed');
      this.run = this.picture.run;
    }
    this.canvas.setAttribute('aria-label', this.altText());
    this.divider.hidden = !this.picture.isDone;
    this.frame.classList.toggle('done', Boolean(this.picture.isDone));
    if (this.isFitted) this.fit(); else this.draw();
  }

  clear() {
    this.picture = null;
    this.draw();
  }

  altText() {
    const { name, isDone } = this.picture;
    return isDone ? this.say('{}, before and after', name) : this.say('{}, being cleaned', name);
  }

  get ratio() { return window.devicePixelRatio || 1; }
  get width() { return this.frame.clientWidth; }
  get height() { return this.frame.clientHeight; }
  get size() { return this.picture?.size ?? [1, 1]; }
  get fitScale() {
    const [width, height] = this.size;
    const scale = Math.min(this.width / width, this.height / height);
    return width * height < 16384 ? scale : Math.min(scale, 2 / this.ratio);
  }

  fit() {
    this.isFitted = true;
    this.scale = this.fitScale;
    const [width, height] = this.size;
    this.left = (this.width - width * this.scale) / 2;
    this.top = (this.height - height * this.scale) / 2;
    this.draw();
  }

  // Zooms so that the picture stays where it is at a place in the frame.
  zoom(scale, x = this.width / 2, y = this.height / 2) {
    const least = Math.min(this.fitScale, 1 / this.ratio);
    const to = Math.min(MOST_SCALE, Math.max(least, scale));
    this.left = x - (x - this.left) * to / this.scale;
    this.top = y - (y - this.top) * to / this.scale;
    this.scale = to;
    this.isFitted = Math.abs(to / this.fitScale - 1) < 0.001;
    if (this.isFitted) this.fit(); else this.pan(0, 0);
  }

  zoomToPixels(x, y) { this.zoom(1 / this.ratio, x, y); }

  pan(x, y) {
    const [width, height] = this.size.map((side) => side * this.scale);
    const keep = (start, side, room) => side <= room
      ? (room - side) / 2 : Math.min(room / 2, Math.max(room / 2 - side, start));
    this.left = keep(this.left + x, width, this.width);
    this.top = keep(this.top + y, height, this.height);
    this.draw();
  }

  pixelAt(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  setSplit(split) {
    this.split = Math.min(1, Math.max(0, split));
    this.draw();
  }

  draw() {
    if (this.picture) this.report();
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => { this.asked = null; this.paint(); });
  }

  paint() {
    const { canvas, context, ratio } = this;
    const [wide, high] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    for (const one of [canvas, this.shelf]) {
      if (one.width !== wide || one.height !== high) [one.width, one.height] = [wide, high];
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    if (!this.picture) return;
    const scale = this.scale * ratio;
    const seen = [...this.pixelAt(0, 0), this.width / this.scale, this.height / this.scale];
    const place = (to) => {
      to.setTransform(scale, 0, 0, scale, this.left * ratio, this.top * ratio);
      to.imageSmoothingEnabled = scale < 2;
    };
    place(context);
    if (this.picture.local) context.drawImage(this.picture.local, 0, 0, ...this.size);
    if (this.picture.isRead) {
      this.pieces.size = this.size;
      this.pieces.want('before', scale, seen);
      this.pieces.draw(context, 'before', seen);
    }
    if (this.picture.parts?.length && !this.isHeld) this.paintAfter(context, place, scale, seen);
  }

  paintAfter(context, place, scale, seen) {
    const { isDone, parts } = this.picture;
    this.pieces.want('after', scale, seen, isDone ? null : parts);
    const hasDetail = isDone && this.detail > 0;
    if (hasDetail) this.pieces.want('detailed', scale, seen);
    context.save();
    if (isDone) {
      context.beginPath();
      const left = seen[0] + this.split * seen[2];
      context.rect(left, seen[1], seen[2], seen[3]);
      context.clip();
    }
    context.globalAlpha = this.strength;
    if (hasDetail) {  // blended apart, since the strength is of both
      const shelf = this.shelf.getContext('2d');
      shelf.setTransform(1, 0, 0, 1, 0, 0);
      shelf.clearRect(0, 0, this.shelf.width, this.shelf.height);
      place(shelf);
      this.pieces.draw(shelf, 'after', seen);
      shelf.globalAlpha = this.detail;
      this.pieces.draw(shelf, 'detailed', seen);
      shelf.globalAlpha = 1;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.drawImage(this.shelf, 0, 0);
    } else {
      this.pieces.draw(context, 'after', seen);
    }
    context.restore();
    if (!isDone && this.picture.look) {
      context.lineWidth = 1.5 / scale * this.ratio;
      context.strokeStyle = '#f59e0b';
      context.strokeRect(...this.picture.look);
    }
  }

  // Brings what stands around the canvas up to date.
  report() {
    const percent = Math.round(this.scale * this.ratio * 100);
    this.frame.querySelector('.percent').textContent = `${percent}%`;
    this.divider.style.left = `${this.split * 100}%`;
    this.divider.setAttribute('aria-valuenow', Math.round(this.split * 100));
    this.divider.setAttribute(
      'aria-valuetext', this.say('{}% before, {}% after', Math.round(this.split * 100), Math.round(100 - this.split * 100)));
    const before = this.frame.querySelector('.tag.before'), after = this.frame.querySelector('.tag.after');
    const { isDone } = this.picture;
    before.hidden = !isDone || (!this.isHeld && this.split < 0.08);
    after.hidden = !isDone || this.isHeld || this.split > 0.92;
  }

  listen() {
    const { canvas, divider } = this;
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => this.release(event));
    canvas.addEventListener('dblclick', (event) => this.toggle(event.offsetX, event.offsetY));
    canvas.addEventListener('contextmenu', (event) => { if (this.pointers.size) event.preventDefault(); });
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;  // the page scrolls
      event.preventDefault();
      this.zoom(this.scale * Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('keyup', (event) => { if (event.key === ' ') this.hold(false); });
    canvas.addEventListener('blur', () => this.hold(false));
    const drag = (event) => this.setSplit((event.clientX - this.frame.getBoundingClientRect().left) / this.width);
    divider.addEventListener('pointerdown', (event) => { divider.setPointerCapture(event.pointerId); divider.focus(); });
    divider.addEventListener('pointermove', (event) => { if (divider.hasPointerCapture(event.pointerId)) drag(event); });
    divider.addEventListener('keydown', (event) => {
      const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.setSplit(this.split + steps[event.key]);
    });
  }

  hold(isHeld) {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    this.draw();
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.start = [event.offsetX, event.offsetY];
    this.hasMoved = this.pointers.size > 1;
    clearTimeout(this.timer);
    if (this.pointers.size === 1 && this.picture?.isDone) {
      this.timer = setTimeout(() => { if (!this.hasMoved) this.hold(true); }, HOLD_MS);
    }
  }

  move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const here = [event.offsetX, event.offsetY];
    if (Math.hypot(here[0] - this.start[0], here[1] - this.start[1]) > NEAR) this.hasMoved = true;
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]);
      const middle = [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2];
      this.zoom(this.scale * apart(here) / Math.max(1, apart(last)), ...middle);
      if (!this.isFitted) this.pan((here[0] - last[0]) / 2, (here[1] - last[1]) / 2);
    } else if (this.hasMoved && !this.isHeld && !this.isFitted) {
      this.pan(here[0] - last[0], here[1] - last[1]);
    }
    this.pointers.set(event.pointerId, here);
  }

  release(event) {
    const wasAlone = this.pointers.size === 1;
    this.pointers.delete(event.pointerId);
    clearTimeout(this.timer);
    if (this.isHeld) this.hold(false);
    else if (wasAlone && !this.hasMoved && event.type === 'pointerup' && this.picture && !this.picture.isDone) {
      this.onPoint(...this.pixelAt(event.offsetX, event.offsetY));
    }
  }

  toggle(x, y) {
    if (!this.picture) return;
    if (this.isFitted) this.zoomToPixels(x, y); else this.fit();
  }

  key(event) {
    const step = 60, pans = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ' ') this.hold(true);
    else if (event.key === '+' || event.key === '=') this.zoom(this.scale * STEP);
    else if (event.key === '-') this.zoom(this.scale / STEP);
    else if (event.key === '0') this.fit();
    else if (event.key === '1') this.zoomToPixels();
    else if (event.key in pans && !this.isFitted) this.pan(...pans[event.key]);
    else return;
    event.preventDefault();
  }
}
