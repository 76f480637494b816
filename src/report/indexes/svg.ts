import { bloatRatio, wastedBytes } from '../../indexes/bloat/bloat.ts';
import type { IndexEntry, IndexReport } from '../../indexes/report.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { bytes, ratio, shortened, visible } from '../format.ts';

const MOST = 20;
const LONGEST_NAME = 60;
const WIDTH = 960;
const BARS = { left: 24, width: 580 };
const ROW = 44;
const TOP = 76;

/** A picture of the twenty indexes that waste the most: what each takes, and what it would take rebuilt. Readable on light and on dark. */
export function indexesSvg(report: IndexReport): string {
  const worst = report.indexes
    .filter((entry): entry is Known => entry.bloat !== null && wastedBytes(entry.bloat) > 0)
    .sort((a, b) => wastedBytes(b.bloat) - wastedBytes(a.bloat))
    .slice(0, MOST);
  const most = Math.max(1, ...worst.map(({ bloat }) => bloat.bytes));
  const height = TOP + Math.max(1, worst.length) * ROW + 16;
  const title = `Indexes of ${report.database}: live against rebuilt size, ${report.at.slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${text(title)}</title>`,
    STYLE,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="${BARS.left}" y="30">${text(shortened(title, 100))}</text>`,
    `<rect class="live" x="${BARS.left}" y="44" width="14" height="10"/><text x="${BARS.left + 20}" y="53">live</text>`,
    `<rect class="rebuilt" x="${BARS.left + 70}" y="44" width="14" height="10"/><text x="${BARS.left + 90}" y="53">rebuilt</text>`,
    ...(worst.length === 0
      ? [`<text x="${BARS.left}" y="${TOP + 20}">No index is known to waste anything.</text>`]
      : worst.map((entry, i) => bar(entry, i, most))),
    '</svg>',
    '',
  ].join('\n');
}

type Known = IndexEntry & { readonly bloat: NonNullable<IndexEntry['bloat']> };

function bar(entry: Known, i: number, most: number): string {
  const { bloat } = entry;
  const y = TOP + i * ROW;
  const width = (size: number) => Math.max(1, Math.round((size / most) * BARS.width));
  const sizes = `${bytes(bloat.bytes)} / ${bytes(bloat.rebuiltBytes)}, ${ratio(bloatRatio(bloat), 1)}, ${bloat.method}`;
  return [
    '<g>',
    `<text x="${BARS.left}" y="${y + 10}">${text(shortened(displayName(entry), LONGEST_NAME))}</text>`,
    `<rect class="live" x="${BARS.left}" y="${y + 16}" width="${width(bloat.bytes)}" height="10"/>`,
    `<rect class="rebuilt" x="${BARS.left}" y="${y + 27}" width="${width(bloat.rebuiltBytes)}" height="6"/>`,
    `<text class="sizes" x="${WIDTH - BARS.left}" y="${y + 26}" text-anchor="end">${text(sizes)}</text>`,
    '</g>',
  ].join('');
}

const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.sizes { fill: #59636e; }
.paper { fill: #ffffff; }
.live { fill: #cf222e; }
.rebuilt { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; }
.sizes { fill: #9198a1; }
.paper { fill: #0d1117; }
.live { fill: #f85149; }
.rebuilt { fill: #3fb950; }
}
</style>`;

/** Text and nothing else, of characters that XML allows. */
function text(raw: string): string {
  return visible(raw)
    .replaceAll(/[\ufffe\uffff]/g, '?')
    .replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
