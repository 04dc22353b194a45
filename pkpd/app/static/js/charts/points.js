// Points of an uploaded cohort: a shape an arm, whiskers where a range is known, arrows for "<" and ">".

export const SHAPES = ["circle", "square", "triangle", "diamond"];
const RADIUS = 4;

/** Outline of a shape around (0, 0), as points; null is a circle. */
export function corners(shape, r) {
  if (shape === "square") return [[-r, -r], [r, -r], [r, r], [-r, r]].map(([x, y]) => [x * 0.9, y * 0.9]);
  if (shape === "triangle") return [[0, -r * 1.15], [r * 1.1, r * 0.85], [-r * 1.1, r * 0.85]];
  if (shape === "diamond") return [[0, -r * 1.25], [r * 1.25, 0], [0, r * 1.25], [-r * 1.25, 0]];
  return null;
}

/** All points of a panel, clipped to the plot. */
export function drawPoints(u, points, palette, ratio) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 6 * ratio, bbox.top - 6 * ratio, bbox.width + 12 * ratio, bbox.height + 12 * ratio);
  ctx.clip();
  ctx.lineWidth = 1.3 * ratio;
  ctx.strokeStyle = palette.ink;
  for (const point of points) drawPoint(u, point, palette, ratio);
  ctx.restore();
}

function drawPoint(u, point, palette, ratio) {
  const { ctx, bbox } = u;
  const from = u.valToPos(point.from, "x", true);
  const to = u.valToPos(point.to, "x", true);
  const x = (from + to) / 2;
  if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return;
  const middle = point.value ?? (point.low + point.high) / 2;
  const y = Math.min(u.valToPos(middle, "y", true), bbox.top + bbox.height);
  ctx.beginPath();
  if (to - from > 2 * ratio) line(ctx, from, y, to, y);
  if (point.bound) arrow(ctx, x, y, point.bound === "<" ? 1 : -1, ratio);
  else if (point.low !== null || point.high !== null) whiskers(u, point, x, y, ratio);
  ctx.stroke();
  if (point.value !== null) marker(ctx, point.shape, x, y, palette, ratio);
}

function whiskers(u, point, x, y, ratio) {
  const floor = u.bbox.top + u.bbox.height;
  for (const end of [point.low, point.high]) {
    if (end === null) continue;
    const to = Math.min(u.valToPos(end, "y", true), floor);
    line(u.ctx, x, y, x, to);
    line(u.ctx, x - 3 * ratio, to, x + 3 * ratio, to);
  }
}

function arrow(ctx, x, y, down, ratio) {
  const tip = y + down * 14 * ratio;
  line(ctx, x, y, x, tip);
  line(ctx, x - 3.5 * ratio, tip - down * 4 * ratio, x, tip);
  line(ctx, x + 3.5 * ratio, tip - down * 4 * ratio, x, tip);
}

function line(ctx, x0, y0, x1, y1) {
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
}

function marker(ctx, shape, x, y, palette, ratio) {
  const found = corners(shape, RADIUS * ratio);
  ctx.beginPath();
  if (found) {
    found.forEach(([dx, dy], i) => (i ? ctx.lineTo(x + dx, y + dy) : ctx.moveTo(x + dx, y + dy)));
    ctx.closePath();
  } else ctx.arc(x, y, RADIUS * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = palette.paper;
  ctx.fill();
  ctx.stroke();
}
