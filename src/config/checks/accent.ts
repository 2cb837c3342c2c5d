/** The operator's accent colour: text on it must be readable (WCAG 2.2 §1.4.3). */

import type { Draft } from './draft.ts';

const contrastMin = 4.5;

/** Checks the accent colour. Only `#rgb` and `#rrggbb` are accepted: it ends up in a style sheet. */
export function checkAccent(draft: Draft): void {
  const { accent } = draft.written.portal;
  if (accent === null) return;
  const at = ['portal', 'accent'];
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accent)) {
    draft.report(at, 'write a colour as "#rrggbb" in quotes, such as "#0b5cad"');
    return;
  }
  const contrast = 1.05 / (luminanceOf(accent) + 0.05);
  if (contrast >= contrastMin) return;
  const found = contrast.toFixed(1);
  draft.report(
    at,
    `white text on it has a contrast of ${found} to 1; take a darker one (4.5 to 1)`,
  );
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminanceOf(colour: string): number {
  const digits = colour.slice(1);
  const wide = digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits;
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((start) => {
    const part = Number.parseInt(wide.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
