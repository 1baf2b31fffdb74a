import type { RecentFigures } from '../../src/report/series.ts';
import type { HeatTold } from '../../src/web/wire.ts';

/** What the parts of a page tell each other, as events on the document. */
declare global {
  interface DocumentEventMap {
    /** Somebody wants what is live beside rows (`recent NODE`, `heat METRIC`), or no longer. */
    'rollcall:want': CustomEvent<string>;
    'rollcall:leave': CustomEvent<string>;
    /** It came: newer points of a node, what cells the heat map has, or what they show. */
    'rollcall:recent': CustomEvent<RecentFigures>;
    'rollcall:heat': CustomEvent<HeatTold>;
    /** A row was made anew. */
    'rollcall:row': CustomEvent<HTMLElement>;
    /** Rows came, went or moved. */
    'rollcall:order': Event;
    /** The reader goes to the node of this name. */
    'rollcall:goto': CustomEvent<string>;
    /** Colours are other ones now. */
    'rollcall:theme': Event;
  }
}
