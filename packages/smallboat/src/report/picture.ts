import type { ImageComponent, ImageType } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { safeSvg } from './safe-svg.ts';

const TYPES: ReadonlySet<string> = new Set<ImageType>([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/svg+xml',
]);

/** A picture as markup. Drawings are made anew of what only draws, and stand in an `img`, where browsers run nothing. */
export function renderPicture({ type, data, alt, caption }: Omit<ImageComponent, 'kind'>): Html {
  const source = sourceOf(type, data);
  if (source === undefined) return html`<p class="none">The picture '${alt}' cannot be shown.</p> `;
  return html`<figure class="picture">
    <img src="${source}" alt="${alt}" />
    ${caption === undefined ? '' : html`<figcaption>${caption}</figcaption>`}
  </figure> `;
}

function sourceOf(type: string, data: string): string | undefined {
  if (!TYPES.has(type) || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) return undefined;
  if (type !== 'image/svg+xml') return `data:${type};base64,${data}`;
  const safe = safeSvg(Buffer.from(data, 'base64').toString('utf8'));
  return safe === undefined ? undefined : `data:${type};base64,${Buffer.from(safe).toString('base64')}`;
}
