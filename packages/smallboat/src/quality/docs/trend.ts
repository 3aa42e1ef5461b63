import type { Html } from '../../report/index.ts';
import { formatNumber, html } from '../../report/index.ts';

/** Runs that a strip shows. */
const SHOWN = 30;
const [BAR, GAP, HEIGHT] = [5, 2, 18] as const;

/** A small picture of the last runs, the latest at the right: a low bar where all held, a high one where something failed. */
export function strip(runs: readonly boolean[]): Html {
  const shown = runs.slice(-SHOWN);
  if (shown.length === 0) return html`<span class="none">–</span>`;
  const held = shown.filter(Boolean).length;
  const said = `held in ${held} of the last ${shown.length} ${shown.length === 1 ? 'run' : 'runs'}`;
  const width = shown.length * (BAR + GAP) - GAP;
  const bars = shown.map((success, i) => {
    const high = success ? HEIGHT / 3 : HEIGHT;
    return html`<rect
      x="${i * (BAR + GAP)}"
      y="${HEIGHT - high}"
      width="${BAR}"
      height="${high}"
      style="fill:var(--${success ? 'good' : 'bad'})"
    />`;
  });
  return html`<svg
    role="img"
    aria-label="${said}"
    viewBox="0 0 ${width} ${HEIGHT}"
    width="${width}"
    height="${HEIGHT}"
    style="display:inline-block;vertical-align:middle"
  >
    <title>${said}</title>
    ${bars}
  </svg>`;
}

/** A small line of the last figures, the latest at the right; nothing for fewer than two. */
export function sparkline(figures: readonly (number | null)[]): Html {
  const shown = figures.slice(-SHOWN);
  const known = shown.filter((figure) => figure !== null);
  if (known.length < 2) return html`<span class="none">–</span>`;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const [width, height] = [SHOWN * 4, HEIGHT];
  const step = width / Math.max(shown.length - 1, 1);
  const y = (figure: number): number =>
    high === low ? height / 2 : height - 2 - ((figure - low) / (high - low)) * (height - 4);
  const points = shown.flatMap((figure, i) =>
    figure === null ? [] : [`${(i * step).toFixed(1)},${y(figure).toFixed(1)}`],
  );
  const said = `from ${formatNumber(low)} to ${formatNumber(high)} in the last ${shown.length} runs`;
  return html`<svg
    role="img"
    aria-label="${said}"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    style="display:inline-block;vertical-align:middle"
  >
    <title>${said}</title>
    <polyline points="${points.join(' ')}" style="fill:none;stroke:var(--s0);stroke-width:1.5" />
  </svg>`;
}
