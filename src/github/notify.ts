import { shortened } from '../report/format.ts';
import { ask, Unreachable } from './http.ts';

/** What a chat is told: that something failed, or that it works again. */
export interface Notice {
  readonly verb: string;
  readonly database: string;
  readonly state: 'failed' | 'recovered';
  /** One sentence, plain text. */
  readonly headline: string;
  /** Markdown. */
  readonly body: string;
  readonly repository: string | null;
  readonly runUrl: string | null;
  readonly at: Date;
}

export type Receiver = 'slack' | 'discord' | 'teams' | 'plain';

/**
 * Posts the notice to whoever the address belongs to. The address is a secret: it is in no message.
 * @returns a warning; `null` when it was taken
 */
export async function notify(address: string, notice: Notice, signal: AbortSignal): Promise<string | null> {
  const url = webAddress(address);
  if (url === null) return 'notify-url is not an http:// or https:// URL: nobody was notified.';
  const body = messageFor(receiverAt(url), notice);
  // Told twice is better than never told.
  return outcomeOf('notify-url', () => ask(url, { method: 'POST', body, repeatable: true }, signal));
}

/**
 * Tells a dead man's switch (healthchecks.io, say) that all is well.
 * @returns a warning; `null` when it was heard
 */
export async function beat(address: string, signal: AbortSignal): Promise<string | null> {
  const url = webAddress(address);
  if (url === null) return 'heartbeat-url is not an http:// or https:// URL: it was not fetched.';
  return outcomeOf('heartbeat-url', () => ask(url, { method: 'GET', repeatable: true }, signal));
}

/** Told apart by the host: incoming webhooks of Slack and Discord; of Teams, those of Office connectors and of Workflows. */
export function receiverAt({ hostname, pathname }: URL): Receiver {
  const under = (...domains: string[]) => domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  if (hostname === 'hooks.slack.com' || hostname === 'hooks.slack-gov.com') return 'slack';
  if (under('discord.com', 'discordapp.com') && pathname.startsWith('/api/webhooks/')) return 'discord';
  if (under('webhook.office.com', 'logic.azure.com', 'powerplatform.com', 'powerautomate.com')) return 'teams';
  return 'plain';
}

/** The JSON that each of them takes, within its limits. */
export function messageFor(receiver: Receiver, notice: Notice): object {
  const title = `${notice.state === 'failed' ? '❌' : '✅'} ${notice.verb} of ${notice.database}: ${notice.state}`;
  const link = notice.runUrl;
  const where = notice.repository ?? 'pg-lifeboat';
  switch (receiver) {
    case 'slack': {
      // https://docs.slack.dev/reference/block-kit/blocks: 150 characters in a header, 3000 in a section
      const text = slackText(shortened(notice.headline, 500));
      const more = link === null ? slackText(where) : `<${link}|${slackText(where).replaceAll('|', '¦')}: the run>`;
      return {
        text: slackText(shortened(title, 300)),
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: shortened(title, 149), emoji: true } },
          { type: 'section', text: { type: 'mrkdwn', text: `${text}\n${more}` } },
        ],
      };
    }
    case 'discord':
      // https://discord.com/developers/docs/resources/message#embed-object-embed-limits: 256 in a title, 4096 in a description
      return {
        username: 'pg-lifeboat',
        embeds: [
          {
            title: shortened(title, 250),
            description: shortened(plain(notice.headline), 2000),
            color: notice.state === 'failed' ? 0xd93f0b : 0x2da44e,
            timestamp: notice.at.toISOString(),
            footer: { text: shortened(where, 2000) },
            ...(link === null ? {} : { url: link }),
          },
        ],
        allowed_mentions: { parse: [] },
      };
    case 'teams': {
      // A whole message may have 28 KB: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
      const card = {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          { type: 'TextBlock', size: 'Medium', weight: 'Bolder', wrap: true, text: plain(shortened(title, 300)) },
          { type: 'TextBlock', wrap: true, text: plain(shortened(notice.headline, 2000)) },
          { type: 'TextBlock', isSubtle: true, wrap: true, text: plain(shortened(where, 300)) },
        ],
        actions: link === null ? [] : [{ type: 'Action.OpenUrl', title: 'The run', url: link }],
      };
      return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }] };
    }
    case 'plain':
      return {
        tool: 'pg-lifeboat',
        verb: notice.verb,
        database: notice.database,
        state: notice.state,
        headline: notice.headline,
        body: shortened(notice.body, LONGEST_PLAIN_BODY),
        repository: notice.repository,
        runUrl: link,
        at: notice.at.toISOString(),
      };
  }
}

const LONGEST_PLAIN_BODY = 60_000;

function webAddress(address: string): URL | null {
  const url = URL.canParse(address.trim()) ? new URL(address.trim()) : null;
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : null;
}

async function outcomeOf(name: string, asking: () => Promise<{ status: number }>): Promise<string | null> {
  try {
    const { status } = await asking();
    return status >= 200 && status < 300 ? null : `${name} answered with ${status}.`;
  } catch (error) {
    // Every other message could hold the address.
    return error instanceof Unreachable ? `${name} could not be reached (${error.message}).` : `${name} could not be fetched.`;
  }
}

/** https://docs.slack.dev/messaging/formatting-message-text: these three and no other; without `<`, nobody is mentioned either. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Discord and Adaptive Cards read Markdown: links, and what a name may hold of emphasis, lose their meaning. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_~|[\]()<>#]/g, '\\$&');
}
