const PASSED =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_(?!ALL$|MESSAGES$).*|TMPDIR|TZ|SSL_.*|OPENSSL_.*|KRB5.*|LD_LIBRARY_PATH|DYLD_.*|PGPASSFILE|PGSERVICEFILE|PGSYSCONFDIR|SYSTEMROOT)$/;

/**
 * What a child program gets of the caller's environment: enough to run, and no PG* variable that could send it elsewhere.
 * Messages are in English whatever the locale, because the error rules read them; character handling stays the caller's.
 */
export function childEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && PASSED.test(name)) passed[name] = value;
  }
  if (environment['LC_ALL']) passed['LC_CTYPE'] = environment['LC_ALL'];
  passed['LC_MESSAGES'] = 'C';
  return passed;
}
