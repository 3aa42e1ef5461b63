import { expect, it } from 'vitest';
import { image, imageErrors } from './image.ts';
import { renderPicture } from './picture.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

it.each([
  [png, 'image/png'],
  [Buffer.from('ffd8ffe000104a464946', 'hex'), 'image/jpeg'],
  [Buffer.from('GIF89a'), 'image/gif'],
  [Buffer.from('RIFF\u0001\u0002\u0003\u0004WEBPVP8 ', 'latin1'), 'image/webp'],
  ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'],
  ['<?xml version="1.0"?>\n<svg/>', 'image/svg+xml'],
])('knows the kind of %o', (bytes, type) => {
  expect(image(bytes, { alt: 'a' })).toMatchObject({ kind: 'image', type });
});

it('refuses what is no picture, and what is too large for a page', () => {
  const codeOf = (bytes: Uint8Array | string): unknown => {
    try {
      return image(bytes, { alt: 'a' });
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    }
  };
  expect(codeOf('<html>')).toBe(imageErrors.IMAGE_UNKNOWN.code);
  expect(codeOf(new Uint8Array())).toBe(imageErrors.IMAGE_UNKNOWN.code);
  expect(codeOf(Buffer.concat([png, Buffer.alloc(5 << 20)]))).toBe(imageErrors.IMAGE_TOO_LARGE.code);
});

it('puts the bytes into the page as they are, and draws an SVG anew', () => {
  expect(renderPicture(image(png, { alt: 'a', caption: 'c' })).toString()).toContain(
    `src="data:image/png;base64,${png.toString('base64')}" alt="a"`,
  );
  const drawn = renderPicture(image('<svg><script>x</script><rect/></svg>', { alt: 'a' })).toString();
  const [, base64 = ''] = /data:image\/svg\+xml;base64,([^"]*)"/.exec(drawn) ?? [];
  expect(Buffer.from(base64, 'base64').toString()).toBe('<svg xmlns="http://www.w3.org/2000/svg"><rect></rect></svg>');
});

it('says so where the data is none', () => {
  expect(renderPicture({ type: 'image/png', data: '"><script>', alt: 'a' }).toString()).toContain('cannot be shown');
});
