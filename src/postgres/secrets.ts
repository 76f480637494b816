/**
 * Every form in which a database URL could give its secret away: the URL, and the password raw, decoded and encoded.
 * Works on URLs that cannot be parsed, because those are the ones that end up in error messages.
 */
export function secretsOfUrl(url: string): string[] {
  const secrets = new Set<string>();
  const trimmed = url.trim();
  const rest = trimmed.replace(/^["']|["']$/g, '').replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const raw = new Set<string>();
  // With an unescaped @ in the password nobody knows where it ends: both readings are kept secret.
  for (const at of [rest.indexOf('@'), rest.lastIndexOf('@')]) {
    const login = rest.slice(0, Math.max(at, 0));
    const colon = login.indexOf(':');
    if (colon >= 0) raw.add(login.slice(colon + 1));
  }
  for (const found of rest.matchAll(/[?&\s](?:password|sslpassword)\s*=\s*([^&\s]*)/g)) raw.add(found[1] ?? '');
  for (const password of raw) {
    if (password === '') continue;
    const decoded = decodeOrKeep(password);
    for (const form of [password, decoded, encodeURIComponent(decoded)]) secrets.add(form);
  }
  if (secrets.size > 0) {
    secrets.add(url);
    secrets.add(trimmed);
  }
  return [...secrets];
}

/** Replaces every secret in `text` by `***`, the longest first so that none survives as a piece of another. */
export function redact(text: string, secrets: readonly string[]): string {
  const longestFirst = [...secrets].filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return longestFirst.reduce((redacted, secret) => redacted.replaceAll(secret, () => '***'), text);
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
