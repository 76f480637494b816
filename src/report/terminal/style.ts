import { styleText } from 'node:util';

export type Paint = (text: string) => string;

/** What a report may emphasise; how depends on where it is shown. */
export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly doubtful: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
}

const same: Paint = (text) => text;

export const PLAIN: Style = { good: same, bad: same, doubtful: same, strong: same, faint: same };

type Format = Parameters<typeof styleText>[0];
const always =
  (format: Format): Paint =>
  (text) =>
    styleText(format, text, { validateStream: false });

export const COLOURED: Style = {
  good: always('green'),
  bad: always(['red', 'bold']),
  doubtful: always('yellow'),
  strong: always('bold'),
  faint: always('dim'),
};
