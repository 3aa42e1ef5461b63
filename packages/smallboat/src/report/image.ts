import { defineErrors } from '../kernel/index.ts';
import type { ImageComponent, ImageType } from './components.ts';

/** Bytes of the largest picture that goes on a card: a page should open at once. */
const MOST_BYTES = 4 << 20;

export const imageErrors = defineErrors({
  IMAGE_UNKNOWN: (f: { alt: string; begins: string }) =>
    `The picture '${f.alt}' is no PNG, JPEG, GIF, WebP or SVG: it begins with ${f.begins}. Give the bytes of such a file.`,
  IMAGE_TOO_LARGE: (f: { alt: string; bytes: number; most: number }) =>
    `The picture '${f.alt}' has ${f.bytes} bytes, and a card takes at most ${f.most}. Make it smaller, or put where it is on the card.`,
});

export interface ImageOptions {
  /** What a reader who cannot see the picture should know of it. */
  readonly alt: string;
  readonly caption?: string;
}

/** A picture of the bytes, or the SVG text, of its file. Throws `IMAGE_UNKNOWN`, `IMAGE_TOO_LARGE`. */
export function image(bytes: Uint8Array | string, { alt, caption }: ImageOptions): ImageComponent {
  const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const type = typeOf(content);
  if (type === undefined) throw imageErrors.IMAGE_UNKNOWN({ alt, begins: startOf(content) });
  if (content.length > MOST_BYTES) throw imageErrors.IMAGE_TOO_LARGE({ alt, bytes: content.length, most: MOST_BYTES });
  const data = Buffer.from(content).toString('base64');
  return { kind: 'image', type, data, alt, ...(caption === undefined ? {} : { caption }) };
}

/** By the first bytes, as each format has them. */
function typeOf(bytes: Uint8Array): ImageType | undefined {
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  if (start.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (start.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  if (/^RIFF.{4}WEBP/s.test(start)) return 'image/webp';
  return /^(?:\u00ef\u00bb\u00bf)?\s*<(?:svg[\s>]|\?xml|!--|!DOCTYPE svg)/i.test(start) ? 'image/svg+xml' : undefined;
}

function startOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'nothing' : `0x${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`;
}
