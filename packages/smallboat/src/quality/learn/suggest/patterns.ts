/** A form that texts may have. */
export interface Form {
  readonly name: string;
  readonly regex: string;
}

/** Forms that are looked for, the narrowest first. All are whole texts, in the words that every warehouse's expressions know. */
export const FORMS: readonly Form[] = [
  { name: 'UUIDs', regex: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$' },
  { name: 'SHA-256 hashes', regex: '^[0-9a-fA-F]{64}$' },
  { name: 'SHA-1 hashes', regex: '^[0-9a-fA-F]{40}$' },
  { name: 'MD5 hashes', regex: '^[0-9a-fA-F]{32}$' },
  { name: 'dates (2016-08-01)', regex: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' },
  { name: 'times (2016-08-01 10:00:00)', regex: '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}.*$' },
  { name: 'whole numbers', regex: '^-?[0-9]+$' },
  { name: 'numbers', regex: '^-?[0-9]*[.]?[0-9]+$' },
  { name: 'e-mail addresses', regex: '^[^@ ]+@[^@ ]+[.][^@ ]+$' },
  { name: 'web addresses', regex: '^https?://.*$' },
  { name: 'IPv4 addresses', regex: '^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}$' },
];

/** Texts that neither begin nor end with a space: what no form is found for may be this at least. */
export const TRIMMED: Form = { name: 'texts without spaces around them', regex: '^[^ ](.*[^ ])?$' };
