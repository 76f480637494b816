import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { ask, Unreachable } from '../../src/github/http.ts';
import { messageFor, type Notice, type Receiver, receiverAt } from '../../src/github/notify.ts';

const NOTICE: Notice = {
  verb: 'backup',
  database: 'shop',
  state: 'failed',
  headline: 'db.example.com refused the password.',
  body: '## What happened',
  repository: 'octo/shop',
  runUrl: 'https://github.com/octo/shop/actions/runs/4711',
  at: new Date('2026-11-20T02:00:13Z'),
};

const HUGE = { ...NOTICE, database: '🛟'.repeat(5000), headline: 'x<'.repeat(50_000), body: 'y'.repeat(500_000) };
const HOSTILE = { ...NOTICE, database: '<!channel> @everyone', headline: '<@U1> & [a](http://evil) **x** @here' };

describe('who a webhook belongs to', () => {
  it.each<[string, Receiver]>([
    ['https://hooks.slack.com/services/T0/B0/x', 'slack'],
    ['https://hooks.slack-gov.com/services/T0/B0/x', 'slack'],
    ['https://discord.com/api/webhooks/1/x', 'discord'],
    ['https://canary.discord.com/api/webhooks/1/x', 'discord'],
    ['https://discordapp.com/api/webhooks/1/x', 'discord'],
    ['https://discord.com/channels/1', 'plain'],
    ['https://contoso.webhook.office.com/webhookb2/x', 'teams'],
    ['https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=x', 'teams'],
    ['https://default1.2f.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x', 'teams'],
    ['https://example.com/hooks.slack.com', 'plain'],
    ['https://hooks.slack.com.example.com/x', 'plain'],
    ['https://evil-discord.com/api/webhooks/1/x', 'plain'],
    ['http://127.0.0.1:1234/x', 'plain'],
  ])('%s: %s', (url, receiver) => {
    expect(receiverAt(new URL(url))).toBe(receiver);
  });
});

describe('what they are told', () => {
  test('Slack: text, and blocks within its limits; nobody is mentioned', () => {
    expect(messageFor('slack', NOTICE)).toMatchObject({
      text: '❌ backup of shop: failed',
      blocks: [
        { type: 'header', text: { type: 'plain_text' } },
        {
          type: 'section',
          text: {
            text: expect.stringMatching(/refused the password\.\n<https:\/\/github\.com\/octo\/shop\/actions\/runs\/4711\|octo\/shop: the run>$/),
          },
        },
      ],
    });
    const huge = messageFor('slack', HUGE) as { blocks: { text: { text: string } }[] };
    expect(huge.blocks[0]?.text.text.length).toBeLessThanOrEqual(300);
    expect([...(huge.blocks[0]?.text.text ?? '')].length).toBeLessThanOrEqual(150);
    expect(huge.blocks[1]?.text.text.length).toBeLessThanOrEqual(3000);
    const section = (messageFor('slack', HOSTILE) as { text: string; blocks: { text: { text: string } }[] }).blocks[1]?.text.text;
    expect(section).toMatch(/^&lt;@U1&gt; &amp; /);
  });

  test('Discord: an embed within its limits, which may mention nobody', () => {
    expect(messageFor('discord', { ...NOTICE, state: 'recovered' })).toMatchObject({
      embeds: [{ title: '✅ backup of shop: recovered', url: NOTICE.runUrl, timestamp: '2026-11-20T02:00:13.000Z', footer: { text: 'octo/shop' } }],
      allowed_mentions: { parse: [] },
    });
    const [embed] = (messageFor('discord', HUGE) as { embeds: { title: string; description: string }[] }).embeds;
    expect([...(embed?.title ?? '')].length).toBeLessThanOrEqual(256);
    expect(embed?.description.length).toBeLessThanOrEqual(4096);
    expect(JSON.stringify(messageFor('discord', HOSTILE))).toContain('\\\\[a\\\\]');
  });

  test('Teams: an Adaptive Card within 28 KB', () => {
    expect(messageFor('teams', NOTICE)).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', version: '1.4', actions: [{ type: 'Action.OpenUrl', url: NOTICE.runUrl }] },
        },
      ],
    });
    expect(Buffer.byteLength(JSON.stringify(messageFor('teams', HUGE)))).toBeLessThan(28_000);
    expect(messageFor('teams', { ...NOTICE, runUrl: null })).toMatchObject({ attachments: [{ content: { actions: [] } }] });
  });

  test('anybody else: everything, as plain JSON', () => {
    expect(messageFor('plain', NOTICE)).toEqual({ tool: 'pg-lifeboat', ...NOTICE, at: '2026-11-20T02:00:13.000Z' });
    expect(JSON.stringify(messageFor('plain', HUGE)).length).toBeLessThan(200_000);
  });
});

describe('asking a server', () => {
  let statuses: { status: number; headers?: Record<string, string> }[];
  let asked: number;
  let url: URL;
  let close: () => Promise<void>;
  beforeEach(async () => {
    statuses = [];
    asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      const { status, headers = {} } = statuses.shift() ?? { status: 200 };
      if (status === 0) response.destroy();
      else response.writeHead(status, headers).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    close = () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections());
  });
  afterEach(() => close());

  const signal = new AbortController().signal;
  const once = { method: 'POST', repeatable: false } as const;
  const again = { method: 'GET', repeatable: true } as const;

  it('again after a fault, where that is harmless', async () => {
    statuses = [{ status: 503 }, { status: 0 }];
    expect((await ask(url, again, signal)).status).toBe(200);
    expect(asked).toBe(3);
  });

  it('only once where it is not', async () => {
    statuses = [{ status: 503 }];
    expect((await ask(url, once, signal)).status).toBe(503);
    statuses = [{ status: 0 }];
    await expect(ask(url, once, signal)).rejects.toThrow(Unreachable);
    expect(asked).toBe(2);
  });

  it('again after a limit in any case: what was refused was not done', async () => {
    statuses = [{ status: 429, headers: { 'retry-after': '0' } }];
    expect((await ask(url, once, signal)).status).toBe(200);
    statuses = [{ status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' } }];
    expect((await ask(url, once, signal)).status).toBe(200);
  });

  it('three times and no more', async () => {
    statuses = Array.from({ length: 9 }, () => ({ status: 500 }));
    expect((await ask(url, again, signal)).status).toBe(500);
    expect(asked).toBe(3);
  });

  it('no longer than it is wanted', async () => {
    const reason = new Error('stopped');
    const controller = new AbortController();
    statuses = [{ status: 429, headers: { 'retry-after': '30' } }];
    const asking = ask(url, again, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(asking).rejects.toBe(reason);
  });
});
