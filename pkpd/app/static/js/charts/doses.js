// What lies under and beside the curves: rests shaded, dose marks under the axis, lines of reference.

export const ROW = 8; // CSS pixels that the dose marks of one regimen take
const MARK = 5;

/** Days without doses, behind everything. */
export function drawRests(u, rests, palette) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = palette.shade;
  for (const [from, to] of rests) {
    const left = Math.max(u.valToPos(from, "x", true), bbox.left);
    const right = Math.min(u.valToPos(to, "x", true), bbox.left + bbox.width);
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** A short tick a dose, in a row a regimen; a dose that was not given is a pale one. */
export function drawDoses(u, lines, palette, ratio) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  lines.forEach((line, row) => {
    const top = bbox.top + bbox.height + (4 + row * ROW) * ratio;
    ctx.strokeStyle = palette[`series-${line.colour}`];
    for (const dose of line.doses) {
      const x = u.valToPos(dose.time, "x", true);
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
      ctx.globalAlpha = dose.given > 0 ? 1 : 0.3;
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + MARK * ratio);
      ctx.stroke();
    }
  });
  ctx.restore();
}

/** A line across the plot at a value, with an optional text above its right end. */
export function drawLevel(u, value, palette, ratio, dash, text) {
  const { ctx, bbox } = u;
  const y = u.valToPos(value, "y", true);
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  ctx.save();
  ctx.strokeStyle = palette.quiet;
  ctx.lineWidth = ratio;
  ctx.setLineDash(dash.map((d) => d * ratio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  if (text) write(ctx, text, bbox, y, palette, ratio);
  ctx.restore();
}

function write(ctx, text, bbox, y, palette, ratio) {
  const above = y - bbox.top > 16 * ratio;
  const at = [text, bbox.left + bbox.width - 4 * ratio, y + (above ? -2 : 3) * ratio];
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = above ? "bottom" : "top";
  // Curves may cross the text; a halo of the page's colour keeps it legible.
  ctx.setLineDash([]);
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = palette.paper;
  ctx.strokeText(...at);
  ctx.fillStyle = palette.quiet;
  ctx.fillText(...at);
}
