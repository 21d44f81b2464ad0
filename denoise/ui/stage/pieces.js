// Pieces of a picture, fetched from the server as they are looked at and kept while there is room.
// Level 0 is the full size; each level halves both sides.

export const CELL = 512;  // pixels of a piece, at its level
const MOST = 240;  // pieces that are kept
const SLACK = 1.25;  // by which a piece may be enlarged before a finer level is fetched

export class Pieces {
  // `address` returns where a region lies: (side, level, x, y, width, height) -> URL.
  constructor(address, onArrival) {
    this.address = address;
    this.onArrival = onArrival;
    this.kept = new Map();  // by address: {bitmap, side, level, box}
    this.size = null;
  }

  get highest() {
    return Math.max(0, Math.ceil(Math.log2(Math.max(...this.size) / CELL)));
  }

  levelFor(scale) {
    return Math.min(this.highest, Math.max(0, Math.floor(Math.log2(SLACK / scale))));
  }

  // Fetches what a view shows of a side: cells, or only the boxes that are there so far.
  want(side, scale, seen, boxes = null) {
    const level = this.levelFor(scale);
    for (const box of boxes ?? this.cells(level, seen)) {
      if (meet(box, seen)) this.fetch(side, level, box);
    }
  }

  // Draws a side, coarse pieces first; the context's unit is a pixel of the picture.
  draw(context, side, seen) {
    const found = [...this.kept.values()].filter(
      (one) => one.side === side && one.bitmap && meet(one.box, seen));
    found.sort((one, other) => other.level - one.level || one.order - other.order);
    for (const one of found) context.drawImage(one.bitmap, ...one.box);
    return found.length > 0;
  }

  drop(side) {
    for (const [key, one] of this.kept) {
      if (one.side !== side) continue;
      one.bitmap?.close();
      this.kept.delete(key);
    }
  }

  cells(level, [x, y, width, height]) {
    const step = CELL * 2 ** level, found = [];
    const [wide, high] = this.size;
    for (let top = Math.max(0, Math.floor(y / step)) * step; top < Math.min(high, y + height); top += step) {
      for (let left = Math.max(0, Math.floor(x / step)) * step; left < Math.min(wide, x + width); left += step) {
        found.push([left, top, Math.min(step, wide - left), Math.min(step, high - top)]);
      }
    }
    return found;
  }

  async fetch(side, level, box) {
    const key = this.address(side, level, box);
    if (this.kept.has(key)) return;
    const one = { side, level, box, bitmap: null, order: this.kept.size };
    this.kept.set(key, one);
    this.makeRoom();
    try {
      const answer = await fetch(key);
      if (!answer.ok) throw new Error(answer.status);
      one.bitmap = await createImageBitmap(await answer.blob());
    } catch {
      this.kept.delete(key);  // and is asked for again when it is looked at again
      return;
    }
    if (this.kept.get(key) === one) this.onArrival();
  }

  makeRoom() {
    for (const [key, one] of this.kept) {
      if (this.kept.size <= MOST) return;
      if (!one.bitmap || one.level === this.highest) continue;  // the coarsest always stay
      one.bitmap.close();
      this.kept.delete(key);
    }
  }
}

function meet([x, y, width, height], [left, top, wide, high]) {
  return x < left + wide && left < x + width && y < top + high && top < y + height;
}
