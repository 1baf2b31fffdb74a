// How a text is written in a search.

const PLAIN = /^[\p{L}\p{N}_./@+][\p{L}\p{N}_./@+-]*$/u;

/**
 * Whether it means itself without quotes.
 * @param {string} text
 */
export const isPlainText = (text) => PLAIN.test(text);

/**
 * A text as a query needs it: in quotes where a blank, comma or sign of its own would mean something.
 * @param {string} text
 */
export const quoteText = (text) => (isPlainText(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`);
