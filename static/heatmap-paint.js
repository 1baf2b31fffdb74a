// Where the cells of the heat map are, and what they look like. Used by heatmap.js.
//
// A cell is a number: its level (0 to 63, or ABSENT), how its GPU is used, and whether it is beside the point. Colour
// is never the only sign: free is hollow, held idle has a dot, out of service is a cross, without a figure is hatched.
globalThis.rollcallHeat = (() => {
  const LEVELS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-';
  const USES = 'fbix?';
  const ABSENT = LEVELS.length;
  const COLUMNS = ABSENT + 1;
  const LARGEST_PITCH = 22;
  const SMALLEST_PITCH = 3;
  const DIMMED_ALPHA = 0.22;

  /** What nobody can tell is absent, and not known. */
  const levelByCode = new Uint8Array(128).fill(ABSENT);
  const useByCode = new Uint8Array(128).fill(USES.length - 1);
  for (let level = 0; level < ABSENT; level += 1) levelByCode[LEVELS.charCodeAt(level)] = level;
  for (let use = 0; use < USES.length; use += 1) useByCode[USES.charCodeAt(use)] = use;
  const levelAt = (text, at) => levelByCode[text.charCodeAt(at)] ?? ABSENT;
  const useAt = (text, at) => useByCode[text.charCodeAt(at)] ?? USES.length - 1;
  const cellAt = (levels, uses, at) => useAt(uses, at) * COLUMNS + levelAt(levels, at);
  const DIMMED = USES.length * COLUMNS;

  // --- places

  /** The places of all cells, nodes side by side with a gap between them; a node goes to the next line as a whole. */
  function flow(counts, width, pitch) {
    const cell = pitch - (pitch >= 10 ? 2 : 1);
    const nodeGap = Math.max(2, Math.round(pitch / 3));
    const linePitch = pitch + (pitch >= 10 ? 3 : 1);
    const xs = [];
    const ys = [];
    let x = 0;
    let y = 0;
    const nextLine = () => {
      x = 0;
      y += linePitch;
    };
    for (const count of counts) {
      if (x > 0 && x + (count - 1) * pitch + cell > width) nextLine();
      for (let at = 0; at < count; at += 1) {
        if (x > 0 && x + cell > width) nextLine();
        xs.push(x);
        ys.push(y);
        x += pitch;
      }
      x += nodeGap;
    }
    return { xs, ys, cell, pitch, height: y + pitch };
  }

  /** With cells as large as fit into the height. */
  function place(counts, width, mostHeight) {
    for (let pitch = LARGEST_PITCH; ; pitch -= 1) {
      const places = flow(counts, width, pitch);
      if (places.height <= mostHeight || pitch === SMALLEST_PITCH) return places;
    }
  }

  /** The cell at a point of the map, with the gap behind it; -1 where there is none. */
  function cellUnder({ xs, ys, pitch }, pointX, pointY) {
    return xs.findIndex(
      (x, at) => pointX >= x && pointX < x + pitch && pointY >= ys[at] && pointY < ys[at] + pitch,
    );
  }

  /** The nearest cell of the line above or below; the same one where there is no such line. */
  function beside({ xs, ys }, from, step) {
    const lines = [...new Set(ys)];
    const wanted = lines[lines.indexOf(ys[from]) + step];
    let best = from;
    let nearest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < xs.length; at += 1) {
      const distance = Math.abs(xs[at] - xs[from]);
      if (ys[at] !== wanted || distance >= nearest) continue;
      best = at;
      nearest = distance;
    }
    return best;
  }

  // --- looks

  /** Colours as the style says them now, whatever way it writes them. */
  function readColors(root) {
    const probe = document.createElement('span');
    probe.hidden = true;
    root.append(probe);
    const read = (name) => {
      probe.style.color = `var(--cell-${name})`;
      return getComputedStyle(probe).color;
    };
    const colors = { free: read('free'), idle: read('idle'), sick: read('sick'), ink: read('ink') };
    const stops = ['0', '1', '2', '3', '4'].map(read);
    probe.remove();
    return { ...colors, scale: mixScale(stops) };
  }

  function mixScale(stops) {
    const canvas = Object.assign(document.createElement('canvas'), { width: ABSENT, height: 1 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const gradient = context.createLinearGradient(0, 0, ABSENT, 0);
    stops.forEach((color, at) => {
      gradient.addColorStop(at / (stops.length - 1), color);
    });
    context.fillStyle = gradient;
    context.fillRect(0, 0, ABSENT, 1);
    const { data } = context.getImageData(0, 0, ABSENT, 1);
    return Array.from({ length: ABSENT }, (_, at) => `rgb(${data.slice(at * 4, at * 4 + 3).join()})`);
  }

  function drawRing(context, size, color) {
    const line = Math.max(1, Math.round(size / 7));
    context.strokeStyle = color;
    context.lineWidth = line;
    context.strokeRect(line / 2, line / 2, size - line, size - line);
  }

  function drawLines(context, size, color, lines) {
    context.strokeStyle = color;
    context.lineWidth = Math.max(1, size / 9);
    context.beginPath();
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo(x1 * size, y1 * size);
      context.lineTo(x2 * size, y2 * size);
    }
    context.stroke();
  }

  const CROSS = [
    [0.1, 0.1, 0.9, 0.9],
    [0.9, 0.1, 0.1, 0.9],
  ];
  const HATCH = [
    [0, 0.5, 0.5, 0],
    [0, 1, 1, 0],
    [0.5, 1, 1, 0.5],
  ];

  function drawDot(context, size, { idle, ink }) {
    context.beginPath();
    context.arc(size / 2, size / 2, Math.max(1, size / 4), 0, 2 * Math.PI);
    context.fillStyle = idle;
    context.fill();
    if (size < 8) return;
    context.strokeStyle = ink;
    context.lineWidth = Math.max(1, size / 14);
    context.stroke();
  }

  /** `isUseMetric`: a free GPU's figure says no more than that it is free. */
  function drawCell(context, size, level, use, colors, isUseMetric) {
    if (use === 'x') {
      drawLines(context, size, colors.sick, CROSS);
      return;
    }
    const color = colors.scale[level];
    if (level === ABSENT) {
      drawLines(context, size, colors.ink, HATCH);
      if (use === 'f') drawRing(context, size, colors.free);
    } else if (use === 'f') drawRing(context, size, isUseMetric ? colors.free : color);
    else {
      context.fillStyle = color;
      // Of a GPU that nobody can tell whether it is used, half a cell.
      if (use === '?') context.fillRect(0, Math.floor(size / 2), size, Math.ceil(size / 2));
      else context.fillRect(0, 0, size, size);
    }
    if (use === 'i') drawDot(context, size, colors);
  }

  /** The pixels of all cells that there can be, one after the other: a change on the map is then a copy of one. */
  function drawPixels(size, colors, isUseMetric) {
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const bytes = new Uint8ClampedArray(DIMMED * size * size * 4);
    for (let cell = 0; cell < DIMMED; cell += 1) {
      context.clearRect(0, 0, size, size);
      drawCell(context, size, cell % COLUMNS, USES[Math.floor(cell / COLUMNS)], colors, isUseMetric);
      bytes.set(context.getImageData(0, 0, size, size).data, cell * size * size * 4);
    }
    const dimmed = bytes.slice();
    for (let at = 3; at < dimmed.length; at += 4) dimmed[at] *= DIMMED_ALPHA;
    return [bytes, dimmed].map(({ buffer }) => new Uint32Array(buffer));
  }

  /** Writes pixels itself: thousands of calls to draw would take many times as long. */
  function createPainter(canvas, root) {
    const context = canvas.getContext('2d');
    let places = flow([], 0, SMALLEST_PITCH);
    let scale = 1;
    let size = 1;
    let cellPixels = [];
    let image = null;
    let pixels = null;
    let firstRow = Number.POSITIVE_INFINITY;
    let lastRow = 0;

    return {
      /** Forgets what was painted: all cells are to be painted again. */
      restart(nextPlaces, width, isUseMetric) {
        places = nextPlaces;
        scale = window.devicePixelRatio || 1;
        size = Math.max(1, Math.round(places.cell * scale));
        canvas.width = Math.round(width * scale);
        canvas.height = Math.ceil((places.height + 1) * scale);
        canvas.style.height = `${places.height + 1}px`;
        cellPixels = drawPixels(size, readColors(root), isUseMetric);
        image = context.createImageData(canvas.width, canvas.height);
        pixels = new Uint32Array(image.data.buffer);
      },
      paint(at, cell) {
        const left = Math.round(places.xs[at] * scale);
        const top = Math.round(places.ys[at] * scale);
        const wide = Math.min(size, image.width - left);
        const from = cellPixels[cell < DIMMED ? 0 : 1];
        let source = (cell % DIMMED) * size * size;
        for (let row = top; row < top + size; row += 1) {
          const target = row * image.width + left;
          for (let x = 0; x < wide; x += 1) pixels[target + x] = from[source + x];
          source += size;
        }
        firstRow = Math.min(firstRow, top);
        lastRow = Math.max(lastRow, top + size);
      },
      /** Shows what was painted. */
      flush() {
        if (lastRow > firstRow)
          context.putImageData(image, 0, 0, 0, firstRow, image.width, lastRow - firstRow);
        firstRow = Number.POSITIVE_INFINITY;
        lastRow = 0;
      },
    };
  }

  /** One cell on a canvas of its own, for the legend. */
  function drawSample(canvas, root, level, use) {
    const size = Math.round(14 * (window.devicePixelRatio || 1));
    Object.assign(canvas, { width: size, height: size });
    drawCell(canvas.getContext('2d'), size, level, use, readColors(root), true);
  }

  return {
    ABSENT,
    DIMMED,
    USES,
    cellAt,
    levelAt,
    useAt,
    place,
    cellUnder,
    beside,
    createPainter,
    drawSample,
  };
})();
