import { entries, jobsOf, type Rule, remoteUses, stepsOf } from './walk.ts';

// What every workflow must keep to. Each answers with what is wrong, and nothing when nothing is; each is shown to find what it is for.

export const topPermissionsAreEmpty: Rule = ({ content }) => {
  const { permissions } = content;
  return typeof permissions === 'object' && permissions !== null && entries(permissions).length === 0 ? [] : ['permissions at the top must be {}'];
};

export const jobsNamePermissions: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) => {
    const { permissions } = job;
    return typeof permissions === 'object' && permissions !== null ? [] : [`job ${id} must name its permissions`];
  });

/** A reason stands as a comment behind each. */
export const permissionsHaveReasons: Rule = ({ text }) => [
  ...(/permissions: *\{ *\w/.test(text) ? ['permissions must stand one a line, with a reason behind each'] : []),
  ...[...text.matchAll(/^ +permissions:\n((?: {6,}\S.*\n)*)/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => line !== '' && !/#\s*\S/.test(line))
      .map((line) => `${line.trim()} has no reason`),
  ),
];

export const jobsEnd: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) =>
    job['uses'] === undefined && !(Number(job['timeout-minutes']) <= 360) ? [`job ${id} has no timeout-minutes`] : [],
  );

export const jobsDoNotOverlap: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) => {
    if (job['uses'] !== undefined || id === 'databases') return [];
    const { group, 'cancel-in-progress': cancel } = (job['concurrency'] ?? {}) as Record<string, unknown>;
    if (typeof group !== 'string' || cancel === undefined) return [`job ${id} must say its concurrency: group and cancel-in-progress`];
    const touchesData = stepsOf(job).some(({ uses }) =>
      /actions\/(?:backup|preflight|drill|restore|watch|prune|copy|verify|game-day|reindex|index-report)(?:@|$)/.test(String(uses)),
    );
    if (!touchesData) return [];
    if (cancel !== false) return [`job ${id} must not be cancelled by a later one`];
    const fansOut = JSON.stringify(job['strategy'] ?? null).includes('databases');
    return fansOut && !group.includes('matrix.database') ? [`the concurrency of job ${id} must be per database`] : [];
  });

export const actionsArePinned: Rule = (file) =>
  remoteUses(file).flatMap(({ uses, line }) => {
    const [name = '', version = ''] = uses.split('@');
    if (PINNED_BY_TAG[uses] !== undefined || isOwn(name)) return [];
    if (!/^[0-9a-f]{40}$/.test(version)) return [`${uses} is not pinned by a commit`];
    return /#\s*v\d+\.\d+\.\d+\s*$/.test(line) ? [] : [`${uses} does not say in a comment which version that is`];
  });

/** Exact tags, each with the reason why no commit could be verified. */
const PINNED_BY_TAG: Readonly<Record<string, string>> = {};

/** The project's releases: `v1` in examples. */
export function isOwn(name: string): boolean {
  return /^[\w.-]+\/pg-lifeboat\//.test(name);
}

export const imagesArePinned: Rule = (file) =>
  jobsOf(file).flatMap(({ job }) =>
    entries(job['services'] ?? {}).flatMap(([name, service]) => {
      const { image } = service as { image?: string };
      return /:\d+\.\d+\.\d+[^@]*@sha256:[0-9a-f]{64}$/.test(image ?? '')
        ? []
        : [`the image of service ${name} is not pinned by exact tag and digest`];
    }),
  );

export const checkoutsForgetTheToken: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) =>
    stepsOf(job).flatMap(({ uses, with: given }) =>
      String(uses).startsWith('actions/checkout@') && (given as Record<string, unknown> | undefined)?.['persist-credentials'] !== false
        ? [`a checkout of job ${id} keeps its token: persist-credentials: false`]
        : [],
    ),
  );

export const scriptsHoldNoExpression: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) =>
    stepsOf(job).flatMap(({ run }) => (String(run ?? '').includes('${{') ? [`a script of job ${id} has an expression in it: pass it by env`] : [])),
  );

export const pipesFail: Rule = (file) => {
  const shell = (file.content['defaults'] as { run?: { shell?: string } } | undefined)?.run?.shell;
  const scripts = jobsOf(file).flatMap(({ job }) => stepsOf(job).filter(({ run }) => run !== undefined));
  return scripts.every((step) => (step['shell'] ?? shell) === 'bash') ? [] : ['scripts must run with shell: bash, or a pipe fails unnoticed'];
};

export const triggersAreSafe: Rule = ({ content }) => {
  const on = content['on'];
  const names = typeof on === 'string' ? [on] : Array.isArray(on) ? on.map(String) : entries(on ?? {}).map(([name]) => name);
  return names
    .filter((name) => name === 'pull_request_target' || name === 'workflow_run')
    .map((name) => `${name} runs with secrets on what strangers wrote`);
};

/** A job or step that runs `always()` also runs when somebody has cancelled the run, and cannot be stopped but by force. */
export const cancellationIsHeard: Rule = ({ text }) => (/^\s*if:.*\balways\(\)/m.test(text) ? ['always() ignores cancellation: !cancelled()'] : []);

export const secretsAreNamed: Rule = ({ text }) => [
  ...(/^\s*secrets:\s*inherit/m.test(text) ? ['secrets: inherit hands over every secret there is'] : []),
  ...(/toJSON\(\s*secrets\s*\)|\bsecrets\s*\[/i.test(text) ? ['an expression that may be any secret makes GitHub hand over all of them'] : []),
];

/** A job that holds both the database's URL and what reads its old backups gives whoever takes it over everything at once. */
export const identitiesStayAway: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) => {
    const opens = [job, ...stepsOf(job)].some(({ uses }) =>
      /(?:actions\/(?:drill|restore|verify|rotate-recipients)|workflows\/(?:drill|restore)\.yml)(?:@|$)/.test(String(uses)),
    );
    return !opens && JSON.stringify(job).includes('AGE_IDENTITY') ? [`job ${id} has an identity, and opens no backup`] : [];
  });

export const schedulesAreOffHour: Rule = ({ content }) => {
  const minutes = schedulesOf(content).map((cron) => cron.split(' ')[0] ?? '');
  const wrong = minutes.filter((minute) => !/^\d+$/.test(minute) || Number(minute) % 15 === 0);
  return wrong.map((minute) => `a schedule at minute ${minute}, when everybody's run`);
};

export function schedulesOf(content: Readonly<Record<string, unknown>>): string[] {
  const { schedule } = (typeof content['on'] === 'object' ? content['on'] : {}) as { schedule?: readonly { readonly cron: string }[] };
  return (schedule ?? []).map(({ cron }) => cron);
}
