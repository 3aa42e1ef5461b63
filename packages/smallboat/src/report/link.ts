/** Where a link of a page may lead: the web, mail, and places of the page itself. Undefined for all else, as `javascript:` and `data:`. */
export function safeLink(href: string): string | undefined {
  // Browsers take out what cannot be seen before they look at the scheme.
  const plain = href.replace(/[\p{Cc}\p{Cf}\s]/gu, '');
  if (/^#[\w-]*$/.test(plain)) return plain;
  if (!/^(?:https?:\/\/|mailto:)/i.test(plain)) return undefined;
  return URL.canParse(plain) ? new URL(plain).href : undefined;
}

/** A picture that is inside the page: a data URL of a kind that runs nothing. Undefined for all else. */
export function safePicture(source: string): string | undefined {
  return /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(source) ? source : undefined;
}
