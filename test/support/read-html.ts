import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse, parseFragment } from 'parse5';

/** Looks into rendered HTML as a browser would. */

export type HtmlElement = DefaultTreeAdapterTypes.Element;
type ParentNode = DefaultTreeAdapterTypes.ParentNode;

export function elementsOf(node: ParentNode): HtmlElement[] {
  return node.childNodes.flatMap((child) => {
    if (!defaultTreeAdapter.isElementNode(child)) return [];
    const content = 'content' in child ? (child as DefaultTreeAdapterTypes.Template).content : child;
    return [child, ...elementsOf(content)];
  });
}

/** All elements of a page or of a piece of one, in document order. Pieces may be table rows. */
export function parseElements(html: string): HtmlElement[] {
  return elementsOf(
    /^\s*<!doctype/i.test(html) ? parse(html) : parseFragment(`<template>${html}</template>`),
  );
}

export function textOf(node: ParentNode): string {
  return node.childNodes
    .map((child) => {
      if (defaultTreeAdapter.isTextNode(child)) return child.value;
      return defaultTreeAdapter.isElementNode(child) ? textOf(child) : '';
    })
    .join('');
}

export function attributeOf(element: HtmlElement, name: string): string | null {
  return element.attrs.find((attribute) => attribute.name === name)?.value ?? null;
}

/** What the marked elements show, in the order in which the live script counts them. */
export function shownSlots(html: string, mark: 'data-live' | 'data-live-page'): (string | null)[] {
  return parseElements(html).flatMap((element) => {
    const targets = attributeOf(element, mark)?.split(' ') ?? [];
    return targets.map((target) => (target === 'text' ? textOf(element) : attributeOf(element, target)));
  });
}
