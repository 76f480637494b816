import { findInstallations, type Installation } from '../../src/postgres/programs.ts';
import { hasAge } from './age.ts';

/**
 * The Postgres servers that tests run on, one of each major: those that LIFEBOAT_TEST_PG_BINDIRS names and no others, else all that this
 * machine has. Throws when a named one is not there, or when there is none.
 */
export async function serversByMajor(environment: Readonly<Record<string, string | undefined>>): Promise<Map<number, Installation>> {
  const given = environment['LIFEBOAT_TEST_PG_BINDIRS'];
  const servers = new Map<number, Installation>();
  if (given) {
    for (const entry of given.split(':')) {
      const [major, bindir] = entry.split('=');
      const [installation] = await findInstallations({ LIFEBOAT_PG_BINDIR: bindir });
      if (bindir === undefined || installation?.server?.major !== Number(major)) {
        throw new Error(`LIFEBOAT_TEST_PG_BINDIRS: there is no server of major ${major} in ${bindir}`);
      }
      servers.set(Number(major), installation);
    }
    return servers;
  }
  for (const installation of await findInstallations(environment)) {
    if (installation.server && !servers.has(installation.server.major)) servers.set(installation.server.major, installation);
  }
  if (servers.size === 0) throw new Error('No Postgres server was found: npm test installs one, or name its folder in LIFEBOAT_PG_BINDIR.');
  return servers;
}

/** Throws when LIFEBOAT_TEST_REQUIRE names a server that is not here. */
export function requireWhatIsAsked(servers: ReadonlyMap<number, Installation>, environment: Readonly<Record<string, string | undefined>>): void {
  const absent = requirements(environment).filter((name) => {
    if (name === 's3') return !environment['LIFEBOAT_TEST_S3_ENDPOINT'];
    if (name === 'age') return !hasAge();
    return !/^pg\d+$/.test(name) || !servers.has(Number(name.slice(2)));
  });
  if (absent.length > 0)
    throw new Error(`LIFEBOAT_TEST_REQUIRE asks for ${absent.join(', ')}, which ${absent.length === 1 ? 'is' : 'are'} not here.`);
}

function requirements(environment: Readonly<Record<string, string | undefined>>): string[] {
  const names = (environment['LIFEBOAT_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}
