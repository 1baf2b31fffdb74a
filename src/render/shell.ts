import { escapeHtml } from '../lib/escape-html.ts';
import { withoutControls } from '../lib/visible-text.ts';
import type { NodeReport } from '../report/node-report.ts';
import { stateWords } from './node-state.ts';

/** The place of a node that is not in sight yet: its name, its state and the way to its page. */
export function renderShell(tag: string, node: NodeReport, part: number, id: number): string {
  const name = escapeHtml(withoutControls(node.name));
  const { mark, word } = stateWords[node.state];
  return (
    `<${tag} class="node ${node.state} unloaded" id="${name}" data-live-row="${id}" data-live-part="${part}">` +
    `<h2><a href="/nodes/${encodeURIComponent(node.name)}">${name}</a></h2> ` +
    `<p><span aria-hidden="true">${mark}</span> ${word}</p></${tag}>`
  );
}
