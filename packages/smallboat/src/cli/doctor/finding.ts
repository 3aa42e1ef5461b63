/** One thing that `smallboat doctor` looked at. */
export interface Finding {
  /** What was looked at: `configuration`, `datastore`. */
  readonly area: string;
  /** `note`: nothing is wrong, and it is worth knowing. */
  readonly state: 'ok' | 'note' | 'failed';
  /** What was found, in one line. Holds no secret. */
  readonly found: string;
  /** The way out of what failed. */
  readonly fix?: string;
}

/** Ways out that are known better here than where the error was thrown, by area and code. */
const FIXES: Readonly<Record<string, string>> = {
  'credentials STORE_DENIED':
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in anew (aws sso login).',
  'credentials STORE_UNREACHABLE': 'Set AWS_REGION to the region of the bucket.',
  'datastore STORE_DENIED': 'The credentials may not read and write there: ask whoever owns the bucket.',
  'datastore STORE_UNREACHABLE':
    'Are METAFLOW_DATASTORE_SYSROOT_S3 and METAFLOW_S3_ENDPOINT_URL right, and can this machine reach it?',
  'metadata STORE_DENIED': 'Set METAFLOW_SERVICE_AUTH_KEY or METAFLOW_SERVICE_HEADERS to what the service wants.',
  'metadata STORE_UNREACHABLE': 'Is METAFLOW_SERVICE_URL right, and can this machine reach it?',
};

/** The finding about something that threw one of our errors: a message says what happened, then what to do about it. */
export function failedBy(
  area: string,
  { code, message }: { readonly code: string; readonly message: string },
): Finding {
  const [, happened = message, said = ''] = /^(.*?[.)])\s+([A-Z'].*)$/s.exec(message) ?? [];
  return { area, state: 'failed', found: happened, fix: `${FIXES[`${area} ${code}`] ?? said} (${code})`.trim() };
}
